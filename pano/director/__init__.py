"""Where to look: camera paths from saliency."""

from pano.director.evidence import Evidence, gather
from pano.director.plan import Brief, Director, plan_path, plan_takes, takes_from

__all__ = [
    "Brief",
    "Director",
    "Evidence",
    "gather",
    "plan_path",
    "plan_takes",
    "takes_from",
]
