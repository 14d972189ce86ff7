"""What pairs are made of: files, clips, sounds, stills, tables."""
