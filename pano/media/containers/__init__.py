"""What the containers of films can carry, and how exact their times are."""
