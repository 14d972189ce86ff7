"""Saliency on the sphere: the map of one moment and its strongest places."""
