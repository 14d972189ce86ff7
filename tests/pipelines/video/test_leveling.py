"""`--level`: the horizon of a tilted camera, by the sensors in its file."""

from __future__ import annotations

import av
import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.horizon import Tilt
from pano.camera.path import CameraPath
from pano.errors import MediaError
from pano.media import SphericalMetadata, probe, write_spherical
from pano.sphere import grid_unit_vectors
from pano_jobs.cli import main
from pano_jobs.settings import LensSettings, PanSettings
from pano_jobs.video.info import describe
from pano_jobs.video.leveling import Leveling, choose_leveling
from pano_jobs.video.pan import pan
from pano_jobs.video.render import render
from tests.fake_localizer import RedLocalizer
from tests.synthetic import Clip
from tests.telemetry_files import (
    add_telemetry,
    camm_packet,
    gpmf_packet,
    gravity,
    gravity_stream,
    turn_rad,
    up_in_camera,
    write_telemetry,
)

# The horizon of a picture of 128 columns is drawn in whole pixels and encoded.
LEVEL_DEG = 1.0
LENS = LensSettings(width_px=128, height_px=72)


def gpmf(roll_deg: float, pitch_deg: float = 0.0) -> list[bytes]:
    return [gpmf_packet(gravity_stream(np.tile(gravity(roll_deg, pitch_deg), (30, 1))))]


def camm(*rolls_deg: float) -> list[bytes]:
    return [camm_packet(0, turn_rad(roll_deg, 0.0)) for roll_deg in rolls_deg]


ACCELERATION = [camm_packet(3, 9.81 * up_in_camera(10.0, 0.0) * [1, -1, 1])] * 9


@pytest.fixture
def file_with(tmp_path):
    """Write a clip with a telemetry track, with spherical metadata if wished."""

    def write(kind, packets, *, is_marked=False):
        path = write_telemetry(tmp_path / "clip.mp4", kind, packets)
        if is_marked:
            write_spherical(path, SphericalMetadata())
        return path

    return write


def leveling_of(path, level="auto", said: Tilt | None = None) -> Leveling:
    return choose_leveling(level, probe(path), said or Tilt())


def rolls(leveling: Leveling) -> float:
    return round(leveling.tilt.roll_deg, 1)


class TestAuto:
    @pytest.mark.parametrize(
        ("kind", "packets", "is_marked"),
        [("camm", camm(*[10.0] * 9), True), ("gpmd", gpmf(10.0), False)],
    )
    def test_believes_what_tells_of_the_picture(
        self, file_with, kind, packets, is_marked
    ):
        found = leveling_of(file_with(kind, packets, is_marked=is_marked))
        assert (rolls(found), found.notes) == (10.0, ())

    @pytest.mark.parametrize(
        ("kind", "packets"), [("gpmd", gpmf(10.0)), ("camm", ACCELERATION)]
    )
    def test_does_not_level_a_sphere_that_may_be_level(self, file_with, kind, packets):
        path = file_with(kind, packets, is_marked=True)
        found = leveling_of(path)
        assert found.tilt == Tilt()
        assert "roll 10.0°, pitch 0.0°" in found.notes[0]
        assert rolls(leveling_of(path, "file")) == 10.0

    def test_goes_by_spherical_metadata_first(self, file_with):
        found = leveling_of(file_with("camm", camm(*[10.0] * 9)), said=Tilt(3.0, 1.0))
        assert found.tilt == Tilt(3.0, 1.0)

    def test_says_that_a_track_is_broken(self, file_with):
        found = leveling_of(file_with("gpmd", [b"\xff" * 40]))
        assert found.tilt == Tilt()
        assert found.notes == (
            "not levelled: 1 of 1 packets of the track gpmd cannot be read",
        )

    def test_says_nothing_of_a_clip_without_sensors(self, file_with):
        assert leveling_of(file_with("mett", [b"text"])) == Leveling()


@pytest.mark.parametrize("level", ["auto", "file"])
@pytest.mark.parametrize(
    ("sway_deg", "roll_deg", "words"),
    [
        (0.5, 10.0, None),
        (3.0, 10.0, "the camera moved by 3.0° about its mean tilt, which levels"),
        (7.0, 0.0, "not levelled: the camera moved by 7.0°"),
    ],
)
def test_a_camera_that_moved_is_levelled_by_its_mean_up_to_a_bound(
    file_with, level, sway_deg, roll_deg, words
):
    packets = camm(*[10.0 - sway_deg, 10.0 + sway_deg] * 8)
    found = leveling_of(file_with("camm", packets), level)
    assert rolls(found) == roll_deg
    assert (words is None) == (found.notes == ())
    assert words is None or found.notes[0].startswith(words)


def test_file_goes_by_sensors_before_metadata(file_with):
    found = leveling_of(file_with("gpmd", gpmf(10.0)), "file", Tilt(3.0, 1.0))
    assert rolls(found) == 10.0


def test_file_without_sensors_is_refused_with_the_remedy(file_with):
    path = file_with("mett", [b"text"])
    with pytest.raises(MediaError, match=r"neither CAMM nor GPMF .* --level roll="):
        leveling_of(path, "file")


def test_file_with_a_broken_track_is_not_levelled(file_with):
    found = leveling_of(file_with("camm", [b"\0"]), "file")
    assert (found.tilt, len(found.notes)) == (Tilt(), 1)


def test_off_levels_nothing(file_with):
    path = file_with("camm", camm(*[10.0] * 9))
    assert leveling_of(path, "off", Tilt(3.0, 1.0)) == Leveling()


def test_a_tilt_that_is_said_replaces_all(file_with):
    path = file_with("camm", camm(*[10.0] * 9))
    assert leveling_of(path, Tilt(4.0, 2.0), Tilt(3.0, 1.0)).tilt == Tilt(4.0, 2.0)


@pytest.mark.parametrize(
    ("kind", "packets", "is_marked", "words"),
    [
        ("gpmd", gpmf(2.1, -0.4), False, "roll 2.1°, pitch -0.4° (GPMF gravity, 30"),
        ("gpmd", gpmf(2.1, -0.4), True, "not levelled: the camera stood at roll 2.1°"),
        ("camm", camm(*[0.0] * 9), False, "roll 0.0°, pitch 0.0° (CAMM orientation, 9"),
    ],
)
def test_info_tells_what_the_sensors_say(file_with, kind, packets, is_marked, words):
    found = describe(file_with(kind, packets, is_marked=is_marked)).level
    assert found is not None
    assert found.startswith(words)


def test_info_of_a_clip_without_sensors_leaves_the_level_unknown(file_with):
    assert describe(file_with("mett", [b"text"])).level is None


def tilted_ground(roll_deg: float, pitch_deg: float):
    """Draw white sky and black ground as a tilted 360° camera sees them."""
    sky = grid_unit_vectors(128, 256) @ up_in_camera(roll_deg, pitch_deg) > 0.0
    return np.repeat(255 * sky[..., None].astype(np.uint8), 3, axis=2)


def path_to(yaw_deg: float, file) -> None:
    times = np.arange(2) / 30.0
    zeros = np.zeros(2)
    CameraPath(
        time_s=times,
        yaw_deg=zeros + yaw_deg,
        pitch_deg=zeros,
        roll_deg=zeros,
        hfov_deg=zeros + 65.0,
        cut=zeros > 0.0,
        trust=zeros,
        confidence=zeros,
    ).save(file)


def slope_of_horizon_deg(path) -> float:
    """Measure how the horizon of a film rises to the right."""
    with av.open(str(path)) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="gray")
    heights = (picture > 127).sum(axis=0)
    assert heights.min() > 0
    assert heights.max() < len(picture)
    return float(np.degrees(np.arctan(-np.polyfit(np.arange(128), heights, 1)[0])))


@pytest.mark.parametrize(
    ("roll_deg", "pitch_deg", "yaw_deg", "askew_deg"),
    [
        (10.0, 0.0, 0.0, 10.0),
        (-10.0, 0.0, 0.0, -10.0),
        (0.0, 10.0, 90.0, 10.0),
        (0.0, -10.0, 90.0, -10.0),
    ],
)
@pytest.mark.parametrize("kind", ["gpmd", "camm"])
def test_the_horizon_of_a_film_is_level_again(
    tmp_path, kind, roll_deg, pitch_deg, yaw_deg, askew_deg
):
    clip = Clip(
        256, 128, n_pictures=2, paint=lambda _: tilted_ground(roll_deg, pitch_deg)
    )
    packets = gpmf(roll_deg, pitch_deg)
    if kind == "camm":
        packets = [camm_packet(0, turn_rad(roll_deg, pitch_deg))] * 3
    source = write_telemetry(tmp_path / "a.mp4", kind, packets, clip=clip)
    path_to(yaw_deg, tmp_path / "path.json")
    slopes_deg = []
    for level in ("off", "file"):
        out = tmp_path / f"{level}.mp4"
        lens = LensSettings(width_px=128, height_px=72, level=level)
        render(source, tmp_path / "path.json", out, lens)
        slopes_deg.append(slope_of_horizon_deg(out))
    assert slopes_deg[0] == pytest.approx(askew_deg, abs=LEVEL_DEG)
    assert slopes_deg[1] == pytest.approx(0.0, abs=LEVEL_DEG)


def test_pan_levels_by_the_file_and_says_so_in_the_path(tmp_path, clip_of_disc):
    source = add_telemetry(
        clip_of_disc(lambda _: 0.0, duration_s=1.0),
        tmp_path / "a.mp4",
        "camm",
        camm(*[8.0, 12.0] * 8),
    )
    rolls_deg = []
    for level in ("auto", "off"):
        result = pan(
            source,
            tmp_path / f"{level}.mp4",
            PanSettings(lens=LensSettings(width_px=64, height_px=36, level=level)),
            path_target=tmp_path / "path.json",
            overwrite=True,
            localizer=RedLocalizer(),
        )
        path = CameraPath.load(tmp_path / "path.json")
        rolls_deg.append(float(path.roll_deg[0]))
        assert any("moved" in note for note in result.notes) == (level == "auto")
    # It looks ahead, but for the rounding of the map.
    assert rolls_deg == [pytest.approx(-10.0, abs=0.5), 0.0]


def test_a_path_that_was_levelled_stays_as_it_is(tmp_path, file_with):
    source = file_with("camm", camm(*[10.0] * 9))
    path_to(0.0, tmp_path / "path.json")
    result = render(source, tmp_path / "path.json", tmp_path / "out.mp4", LENS)
    assert [note for note in result.notes if "level" in note or "tilt" in note] == []


@pytest.mark.parametrize(
    "value", ["up", "roll=3", "roll=3,pitch=200", "roll=x,pitch=1"]
)
def test_a_wrong_level_is_refused_on_the_command_line(tmp_path, value):
    result = CliRunner().invoke(
        main, ["pan", "a.mp4", "-o", str(tmp_path / "b.mp4"), "--level", value]
    )
    assert result.exit_code == 2
    assert "Invalid value for '--level'" in result.stderr
