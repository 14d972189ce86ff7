"""Where to look: camera paths from saliency."""

from pano.director.plan import Brief, Director, plan_path, plan_takes

__all__ = ["Brief", "Director", "plan_path", "plan_takes"]
