"""The first pass: from picture and sound to a saliency map per moment."""
