"""Jobs that join 360° video and the localizer, and their command line."""
