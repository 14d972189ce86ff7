from __future__ import annotations

import dataclasses
import json

from pano.camera.horizon import Tilt
from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.media import open_media
from pano_jobs.analysis.kept_maps import Origin


def test_what_planning_needs_of_a_clip_comes_back_from_json():
    origin = Origin(
        name="half sphere.mp4",
        size_bytes=12_345,
        duration_s=10.012153582036678,
        n_frames=None,
        layout=StereoLayout.SIDE_BY_SIDE,
        bounds=SphereBounds(left=0.25, right=0.25),
        tilt=Tilt(roll_deg=8.0, pitch_deg=-3.5),
    )
    read = Origin.from_meta(json.loads(json.dumps(dataclasses.asdict(origin))))
    assert read == origin


def test_a_clip_is_known_by_its_name_size_and_length(clip_of_disc):
    source = clip_of_disc(lambda _: 0.0)
    with open_media(source) as media:
        origin = Origin.of(media)
    assert (origin.name, origin.n_frames) == ("clip.mp4", 45)
    assert origin.size_bytes == source.stat().st_size
    assert origin.layout is StereoLayout.MONO
    assert origin.tilt == Tilt()
