from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from pano.media import StereoLayout, probe
from pano.sphere import Direction, angle_between_deg, pixel_to_angles_deg
from pano_jobs.maps import open_maps
from pano_jobs.settings import EncoderSettings, LocalizeSettings
from pano_jobs.video.heat_map import default_target, saliency
from tests.fake_localizer import RedLocalizer
from tests.pipelines.video.test_pan import pictures, sound_packets


def test_the_result_is_a_sphere_with_the_same_sound(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0)
    result = saliency(source, tmp_path / "heat.mp4", localizer=RedLocalizer())
    info = probe(tmp_path / "heat.mp4")
    assert info.spherical is not None
    assert info.layout() is StereoLayout.MONO
    assert (info.width_px, info.height_px) == (480, 240)
    assert sound_packets(tmp_path / "heat.mp4") == sound_packets(source)
    assert result.n_frames == 45
    assert result.n_maps == 90


def test_the_encoder_gets_its_preset(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0, duration_s=1.0)
    target = tmp_path / "heat.mp4"
    encoder = EncoderSettings(preset="faster")
    saliency(source, target, encoder=encoder, localizer=RedLocalizer())
    assert b"subme=4" in target.read_bytes()


def test_every_frame_keeps_its_time(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0)
    saliency(source, tmp_path / "heat.mp4", localizer=RedLocalizer())

    def times(path):
        with av.open(str(path)) as container:
            return [frame.time for frame in container.decode(video=0)]

    np.testing.assert_allclose(times(tmp_path / "heat.mp4"), times(source), atol=1e-3)


def test_the_heat_lies_on_the_source(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0)
    maps_path = tmp_path / "maps.npz"
    saliency(
        source, tmp_path / "heat.mp4", maps_target=maps_path, localizer=RedLocalizer()
    )
    density = open_maps(maps_path).saliency[30]
    y, x = np.unravel_index(np.argmax(density), density.shape)
    peak = Direction(*map(float, pixel_to_angles_deg(x, y, 60, 30)))
    assert angle_between_deg(peak, Direction(60.0, 0.0)) < 12.0
    # Far from the source the picture is as it was, near it it is painted over.
    before, after = pictures(source)[20], pictures(tmp_path / "heat.mp4")[20]
    change = np.abs(before.astype(int) - after).max(axis=2)
    near, far = change[90:150, 280:360], change[90:150, 40:120]
    assert near.max() > 30
    assert far.max() < near.max() / 2


def test_maps_say_where_they_come_from(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0)
    maps_path = tmp_path / "maps.npz"
    saliency(
        source, tmp_path / "heat.mp4", maps_target=maps_path, localizer=RedLocalizer()
    )
    maps = open_maps(maps_path)
    assert maps.meta["source"]["name"] == source.name
    assert maps.meta["source"]["size_bytes"] == source.stat().st_size
    assert maps.meta["source"]["n_frames"] == 45
    assert maps.meta["source"]["layout"] == "mono"
    assert str(tmp_path) not in str(maps.meta)
    assert maps.meta["clock"] == {"rate_hz": 30.0}
    assert maps.meta["settings"]["window_s"] == LocalizeSettings().window_s
    np.testing.assert_allclose(np.diff(maps.time_s), 1 / 30, atol=1e-6)


def test_without_sound_the_maps_are_uniform_and_unsure(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0, silent=True)
    maps_path = tmp_path / "maps.npz"
    settings = LocalizeSettings(require_sound=False)
    saliency(source, tmp_path / "heat.mp4", settings, maps_target=maps_path)
    maps = open_maps(maps_path)
    assert np.ptp(maps.saliency) < 1e-3
    assert not maps.confidence.any()


def test_a_contact_sheet_shows_some_moments(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0)
    sheet = tmp_path / "sheet.png"
    saliency(
        source, tmp_path / "heat.mp4", sheet_target=sheet, localizer=RedLocalizer()
    )
    picture = cv2.imread(str(sheet))
    assert picture.shape[0] > 5 * 200
    assert picture.std() > 10


def test_nothing_is_left_beside_the_results(tmp_path, clip_of_disc):
    source = clip_of_disc(lambda _: 60.0)
    saliency(source, tmp_path / "heat.mp4", localizer=RedLocalizer())
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["clip.mp4", "heat.mp4"]


@pytest.mark.parametrize(
    ("source", "target"),
    [("a.mov", "a.saliency.mp4"), ("x/b.c.mp4", "x/b.c.saliency.mp4")],
)
def test_the_heat_map_lies_beside_its_source(tmp_path, source, target):
    assert default_target(tmp_path / source) == tmp_path / target
