"""Trunks: the pretrained lower parts of the two streams."""
