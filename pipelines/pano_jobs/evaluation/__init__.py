"""Jobs that measure a checkpoint or a camera path."""
