"""Inference: picture and sound in, attention and confidence out."""
