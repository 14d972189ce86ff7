"""Render viewports of camera poses from equirectangular pictures."""
