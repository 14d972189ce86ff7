"""Reading and writing media; the only user of PyAV and ffmpeg."""
