"""Where to look: camera paths from saliency."""
