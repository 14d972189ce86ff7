"""The picture of the whole sphere: stereo layouts, Y'CbCr planes, cube faces."""
