"""Equirectangular picture and camera pose in, flat picture out."""
