"""What cameras write: two tracks or two files for one sphere, chapters, trailers."""
