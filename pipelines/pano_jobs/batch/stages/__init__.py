"""One clip in stages: their keys, what is known of them, and who makes them."""
