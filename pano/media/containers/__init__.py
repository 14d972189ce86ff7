"""What the containers of films can carry."""
