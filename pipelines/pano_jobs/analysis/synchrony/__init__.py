"""What moves in time with the sound: the cue that needs no names."""
