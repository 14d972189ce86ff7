"""Fixed views filmed at once, and the files that say where they look."""
