"""Measures of camera paths and saliency maps, as the field defines them."""
