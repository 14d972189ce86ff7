"""The page of `pano pan --why`: loudness, saliency and camera path over time.

Above, over time: how loud it was, the director's trust in the view beside the
localizer's confidence, the camera's yaw and pitch over a picture of where the maps lay,
its lens and its cuts; hollow diamonds mark moments where another place would have been
nearly as good. Below, moments of the clip with the heat map, the view's outline and
what was filmed; where there was a close call, the sheet shows that moment and rings the
place that was not taken.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath, CameraPose
from pano.camera.viewport import Viewport
from pano.draw.overlay import blend_heatmap, draw_ring, draw_view_outline
from pano.errors import MediaError
from pano.saliency_maps.rivals import Rivals
from pano.sphere import Direction
from pano_jobs.explain.frames_at import FramesAt
from pano_jobs.explain.map_timeline import MapTimeline
from pano_jobs.explain.why_page import Moment, draw_page
from pano_jobs.maps import Maps

Image = NDArray[np.uint8]

N_MOMENTS = 8
# Evidence that hardly counts leaves no choice to explain.
_MIN_TRUST = 0.25
_SPHERE_HEIGHT_PX = 300
_RING_RGB, _RING_PX = (255, 255, 255), 16


class WhyPage:
    """The page: collects frames while a clip is rendered; `save` draws it.

    Parameters
    ----------
    timeline
        What the maps said.
    maps
        The evidence painted on the moments' pictures.
    path
        The camera's, as filmed.
    """

    def __init__(self, timeline: MapTimeline, maps: Maps, path: CameraPath) -> None:
        self._timeline, self._maps, self._path = timeline, maps, path
        self._calls = close_calls(timeline, path)
        moments_s = moments_to_show(timeline, path, self._calls)
        self._moments = FramesAt[Moment](moments_s)

    def wants(self, time_s: float) -> bool:
        """Tell whether the frame of this time would be kept."""
        return self._moments.wants(time_s)

    def see(
        self, time_s: float, image: Image, *, pose: CameraPose, picture: Image
    ) -> None:
        """Add a frame with the camera's pose and view, if it is wanted."""
        wanted_s = self._moments.moment_s(time_s)
        nearest = int(np.argmin(np.abs(np.array(self._timeline.time_s) - wanted_s)))
        rivals = self._timeline.rivals[nearest] if self._calls[nearest] else None
        size = 2 * _SPHERE_HEIGHT_PX, _SPHERE_HEIGHT_PX
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        sphere = blend_heatmap(
            np.asarray(small, np.uint8), self._maps.belief_at(time_s)
        )
        height, width = picture.shape[:2]
        viewport = Viewport(width, height, self._path.source.lens)
        sphere = draw_view_outline(sphere, pose, viewport)
        if rivals is not None:
            rest = _not_taken(rivals, self._path, time_s)
            sphere = draw_ring(sphere, rest, radius_px=_RING_PX, color_rgb=_RING_RGB)
        moment = Moment(time_s, sphere, picture, pose, rivals is not None)
        self._moments.keep(time_s, moment)

    def save(self, target: Path) -> None:
        """Write the page as a PNG.

        Raises
        ------
        MediaError
            If no frame was seen or the file cannot be written.
        """
        moments = self._moments.kept
        if not moments:
            raise MediaError(f"cannot write {target}: the clip has no pictures")
        draw_page(self._timeline, self._path, self._calls, moments, target)


def page_target(asked: Path, source: Path) -> Path:
    """Return the file that is meant, in a folder one named after the clip."""
    if asked.suffix.lower() == ".png" and not asked.is_dir():
        return asked
    return asked / f"{source.stem}-why.png"


def close_calls(timeline: MapTimeline, path: CameraPath) -> NDArray[np.bool_]:
    """Tell at which moments another place would have been nearly as good, (n,)."""
    trust = np.interp(timeline.time_s, path.time_s, path.trust)
    is_close = np.array([rivals.is_close for rivals in timeline.rivals], dtype=np.bool_)
    return np.asarray(is_close & (trust >= _MIN_TRUST))


def moments_to_show(
    timeline: MapTimeline, path: CameraPath, calls: NDArray[np.bool_]
) -> list[float]:
    """Take one moment of each eighth of the clip: a close call, else the surest."""
    time_s = np.array(timeline.time_s)
    trust = np.interp(time_s, path.time_s, path.trust)
    doubt = np.array([rivals.second_share for rivals in timeline.rivals]) * calls
    moments = []
    for part in np.array_split(np.arange(len(time_s)), N_MOMENTS):
        if len(part):
            values = doubt[part] if calls[part].any() else trust[part]
            # Of equals the one in the middle: a clip of silence is shown evenly.
            best = part[values >= values.max() - 1e-9]
            moments.append(float(time_s[best[len(best) // 2]]))
    return moments


def _not_taken(rivals: Rivals, path: CameraPath, time_s: float) -> Direction:
    """Return the rival that is farther from the camera's axis."""
    axis = path.at(time_s).direction.unit()
    return min((rivals.best, rivals.second), key=lambda place: place.unit() @ axis)
