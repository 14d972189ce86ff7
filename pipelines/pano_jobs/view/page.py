"""The page itself: a clip's proxy, its path and what its maps say, in one file.

Nothing in it is loaded from elsewhere and nothing leaves it: its policy allows its own
script, by hash, and its own pictures and sound.
"""

from __future__ import annotations

import base64
import html
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.draw.overlay import heat_levels, heat_palette
from pano_jobs.explain.map_timeline import MapTimeline
from pano_jobs.explain.why import close_calls
from pano_jobs.html_page import written_page
from pano_jobs.maps import Maps
from pano_jobs.view.packing import pack

# Heat maps a second: what moves faster is between two of them.
MAPS_HZ = 5.0


def page(
    path: CameraPath,
    maps: Maps | None,
    proxy: bytes,
    *,
    size_px: tuple[int, int],
    start_s: float,
    film: str | None = None,
    has_maps_file: bool = True,
) -> str:
    """Write the page.

    Parameters
    ----------
    maps
        What was heard; None shows the path alone.
    proxy
        The clip as every browser plays it (`pano_jobs.view.proxy`).
    size_px
        Of the film, for its aspect.
    start_s
        Presentation time of the clip's first picture; the proxy's is 0.
    film
        The film's name, where a server plans and films as the page asks.
    has_maps_file
        Whether the maps lie in a file that a command can name.
    """
    arrays = path_arrays(path, start_s)
    if maps is not None:
        arrays |= _map_arrays(maps, path, start_s)
    index, packed = pack(arrays)
    facts = {
        "name": path.source.file or "clip",
        "director": path.source.director,
        "maps": maps.path.name if maps is not None and has_maps_file else None,
        "lens": str(path.source.lens),
        "hfov": float(path.hfov_deg.max()),
        "size": list(size_px),
        "film": film,
        "arrays": index,
    }
    connects = "" if film is None else "; connect-src 'self'"
    return written_page(
        "pano_jobs.view",
        "page",
        facts,
        allows=f"media-src blob:{connects}",
        parts={
            "TITLE": html.escape(f"{facts['name']} – pano"),
            "ARRAYS": packed,
            "VIDEO": base64.b64encode(proxy).decode(),
        },
    )


def path_arrays(path: CameraPath, start_s: float) -> dict[str, NDArray[Any]]:
    """Return a path's columns by name, its times from the clip's first picture on."""
    columns = ("yaw_deg", "pitch_deg", "roll_deg", "hfov_deg", "trust", "confidence")
    arrays: dict[str, NDArray[Any]] = {"time_s": path.time_s - start_s}
    arrays |= {name: getattr(path, name).astype(np.float32) for name in columns}
    # Of an unwrapped yaw the turns do not matter, and a float32 has no digits for many.
    turns = np.round(path.yaw_deg[0] / 360.0) * 360.0
    arrays["yaw_deg"] = (path.yaw_deg - turns).astype(np.float32)
    arrays["cut"] = path.cut.astype(np.uint8)
    return arrays


def _map_arrays(
    maps: Maps, path: CameraPath, start_s: float
) -> dict[str, NDArray[Any]]:
    timeline = MapTimeline()
    for _ in timeline.passing(maps.each()):
        pass
    calls = close_calls(timeline, path)
    moments = np.array(timeline.time_s)
    kept = moments[_thinned(moments)]
    heat = np.stack([heat_levels(maps.belief_at(float(moment))) for moment in kept])
    return {
        "level_time_s": moments - start_s,
        "level_db": np.array(timeline.level_db, np.float32),
        "heat_time_s": kept - start_s,
        "heat": heat,
        "palette": heat_palette(),
        "call_s": moments[calls] - start_s,
    }


def _thinned(moments: NDArray[np.float64]) -> NDArray[np.intp]:
    """Choose at most `MAPS_HZ` moments a second."""
    slots = np.floor((moments - moments[0]) * MAPS_HZ + 1e-6)
    return np.asarray(np.unique(slots, return_index=True)[1], np.intp)
