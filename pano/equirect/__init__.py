"""The picture of the whole sphere: stereo layouts, YUV planes, cube faces."""
