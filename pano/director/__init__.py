"""Where to look: camera paths from saliency."""

from pano.director.plan import Director, plan_path

__all__ = ["Director", "plan_path"]
