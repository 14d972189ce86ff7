"""Colour of videos: what light their codes mean, and HDR shown as SDR."""
