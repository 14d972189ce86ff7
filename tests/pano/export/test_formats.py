"""Every format is read back by its grammar, or by its own library or program."""

from __future__ import annotations

import dataclasses
import itertools
import re
import shutil
import subprocess
from fractions import Fraction
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

from pano.camera.filmed_clip import FilmedClip
from pano.camera.path import CameraPath, PathSource
from pano.camera.pose import CameraPose
from pano.camera.timecode import Timecode
from pano.errors import SettingsError
from pano.export import FORMATS, Timeline, known_rate_hz, path_rate_hz
from pano.export.after_effects import orientation_deg
from pano.media import StereoLayout, open_media, probe
from pano.rendering.renderer import ViewportRenderer
from pano.sphere import grid_unit_vectors
from tests.synthetic import Clip, write_clip

N = 90
TIMELINE = Timeline(width_px=640, height_px=360, file_name="clip.out")
ERROR_DEG = TIMELINE.max_error_deg


TAGGED = FilmedClip(
    480,
    240,
    frame_rate_hz=Fraction(30),
    timecode=Timecode.read("10:20:30:12", Fraction(30)),
    has_sound=True,
)


def path_of(
    *,
    start_s: float = 0.0,
    rate_hz: float = 30.0,
    clip: FilmedClip | None = None,
    **columns,
) -> CameraPath:
    """Pan across the seam for two seconds, then cut to a view that holds."""
    k = np.arange(N)
    share = np.clip(k / 59.0, 0.0, 1.0)
    eased = share**2 * (3.0 - 2.0 * share)
    values = {
        "yaw_deg": np.where(k < 60, 140.0 + 80.0 * eased, -30.0),
        "pitch_deg": np.where(k < 60, 15.0 * eased, -5.0),
        "roll_deg": np.zeros(N),
        "hfov_deg": 65.5 + 10.0 * eased,
        "cut": k == 60,
        "trust": np.where(k < 50, 0.9, 0.2),
        "confidence": np.where(k < 60, 0.05, np.nan),
    }
    return CameraPath(
        time_s=start_s + k / rate_hz,
        **(values | columns),
        source=PathSource(file="clip & co.mp4", clip=clip),
    )


def text_of(name: str, path: CameraPath | None = None, timeline=TIMELINE) -> str:
    return FORMATS[name].write(path_of() if path is None else path, timeline)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_can_say_a_single_pose(name):
    one = CameraPath(
        time_s=np.array([4.0]),
        yaw_deg=np.array([10.0]),
        pitch_deg=np.array([0.0]),
        roll_deg=np.array([0.0]),
        hfov_deg=np.array([60.0]),
        cut=np.array([False]),
        trust=np.array([1.0]),
        confidence=np.array([1.0]),
    )
    assert text_of(name, one)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_the_same_for_the_same_path(name):
    assert text_of(name) == text_of(name)


@pytest.mark.parametrize("name", [n for n in FORMATS if FORMATS[n].counts_frames])
def test_frames_count_from_the_first_picture_whatever_its_time(name):
    def without_times(text: str) -> str:
        text = re.sub(r"(?s)\"time_s\": \[.*?\]", "", text)
        return re.sub(r"(?m)^(\d+,\d+),[\d.]+,[\d.]+,", r"\1,", text)

    late, early = (text_of(name, path_of(start_s=s)) for s in (7.5, 0.0))
    if name == "csv":
        late, early = (
            re.sub(r"(?m)^(\d+),[\d.]+", r"\1", text) for text in (late, early)
        )
    assert without_times(late) == without_times(early)


# --- csv -----------------------------------------------------------------------


def rows_of(text: str) -> np.ndarray:
    return np.genfromtxt(text.splitlines(), delimiter=",", skip_header=1)


def test_csv_holds_the_path_itself():
    path = path_of(start_s=2.0)
    text = text_of("csv", path)
    assert text.splitlines()[0] == (
        "frame,time_s,yaw_deg,pitch_deg,roll_deg,hfov_deg,cut,trust,confidence"
    )
    rows = rows_of(text)
    assert rows[:, 0].tolist() == list(range(N))
    columns = ("time_s", "yaw_deg", "pitch_deg", "roll_deg", "hfov_deg", "cut")
    for column, name in enumerate(columns, start=1):
        np.testing.assert_allclose(rows[:, column], getattr(path, name), atol=1e-6)


def test_csv_tells_trust_from_confidence_and_leaves_out_what_is_not_known():
    rows = rows_of(text_of("csv"))
    np.testing.assert_allclose(rows[:, 7], path_of().trust)
    np.testing.assert_allclose(rows[:, 8], path_of().confidence)
    assert text_of("csv").endswith("0.2000,\n")


def test_csv_at_another_rate_cuts_on_the_first_frame_of_the_shot():
    slow = dataclasses.replace(TIMELINE, frame_rate_hz=Fraction(25))
    rows = rows_of(text_of("csv", timeline=slow))
    assert len(rows) == 75
    assert np.flatnonzero(rows[:, 6]).tolist() == [50]
    assert rows[50, 2] == -30.0
    assert rows[49, 2] == pytest.approx(path_of().at(1.96).yaw_deg, abs=1e-6)


# --- chan ----------------------------------------------------------------------


def test_chan_turns_its_camera_where_ours_looks():
    path = path_of(roll_deg=np.linspace(0.0, 20.0, N))
    rows = np.loadtxt(text_of("chan", path).splitlines())
    assert rows.shape == (N, 8)
    assert rows[:, 0].tolist() == list(range(1, N + 1))
    flip = np.diag([1.0, 1.0, -1.0])  # theirs looks along -z
    for row, time_s in zip(rows, path.time_s, strict=True):
        rx, ry, rz = np.radians(row[4:7])
        turn = rotation("y", ry) @ rotation("x", rx) @ rotation("z", rz)
        right, up, forward = turn[:, 0], turn[:, 1], -turn[:, 2]
        axes = np.stack([right, up, forward]) @ flip
        np.testing.assert_allclose(axes, path.at(time_s).axes(), atol=1e-6)
    half = np.tan(np.radians(65.5 / 2.0)) * 9.0 / 16.0
    assert rows[0, 7] == pytest.approx(2.0 * np.degrees(np.arctan(half)), abs=1e-5)


def rotation(axis: str, angle_rad: float) -> np.ndarray:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    turn = np.eye(3)
    turn[i, i], turn[i, j], turn[j, i], turn[j, j] = cos, -sin, sin, cos
    return turn


# --- after effects -------------------------------------------------------------


@pytest.mark.parametrize("yaw_deg", [0.0, 45.0, 90.0, 179.0, -135.0, 720.0])
@pytest.mark.parametrize("pitch_deg", [-90.0, -30.0, 0.0, 60.0])
@pytest.mark.parametrize("roll_deg", [0.0, -25.0])
def test_the_orientation_turns_a_camera_into_the_pose(yaw_deg, pitch_deg, roll_deg):
    pose = CameraPose(yaw_deg, pitch_deg, roll_deg)
    x, y, z = np.radians(orientation_deg(pose))
    turn = rotation("x", x) @ rotation("y", y) @ rotation("z", z)
    axes = np.stack([turn[:, 0], -turn[:, 1], turn[:, 2]]) * [1.0, -1.0, 1.0]
    np.testing.assert_allclose(axes, pose.axes(), atol=2e-5)


def test_a_turn_to_the_right_and_a_look_up_are_positive_in_after_effects():
    assert orientation_deg(CameraPose(30.0, 0.0)).tolist() == [0.0, 30.0, 0.0]
    assert orientation_deg(CameraPose(0.0, 20.0)).tolist() == [20.0, 0.0, 0.0]
    assert orientation_deg(CameraPose(0.0, 0.0, 10.0)).tolist() == [0.0, 0.0, 10.0]


def test_after_effects_text_has_the_blocks_it_is_known_by():
    lines = text_of("after-effects").split("\r\n")
    assert lines[0] == "Adobe After Effects 8.0 Keyframe Data"
    assert "\tUnits Per Second\t30" in lines
    assert lines[-2] == "End of Keyframe Data"
    zoom = lines.index("Camera Options\tZoom")
    turn = lines.index("Transform\tOrientation")
    assert lines[zoom + 1] == "\tFrame\tpixels"
    for start, n_columns in ((zoom + 2, 2), (turn + 2, 4)):
        rows = [line.split("\t")[1:] for line in lines[start : start + N]]
        assert [row[0] for row in rows] == [str(k) for k in range(N)]
        assert all(len(row) == n_columns for row in rows)
    half = np.tan(np.radians(65.5 / 2.0))
    first = float(lines[zoom + 2].split("\t")[2])
    assert first == pytest.approx(320.0 / half, abs=1e-3)


# --- mlt -----------------------------------------------------------------------


def animated(text: str) -> dict[str, list[tuple[int, str, float]]]:
    """Read MLT's keyframes: frame, operator, value; parted by semicolons."""
    root = Xml.fromstring(text)
    found = {}
    for item in root.findall("./producer/filter/property"):
        words = re.findall(r"(\d+)(\|?=)(-?[\d.]+)(?:;|$)", item.text or "")
        if words:
            found[item.get("name")] = [(int(f), s, float(v)) for f, s, v in words]
    return found


def seen_at(keys: list[tuple[int, str, float]], frame: int) -> float:
    """Evaluate keyframes as MLT does: `=` a line, `|=` held."""
    for (start, sign, a), (end, _, b) in itertools.pairwise(keys):
        if start <= frame < end:
            share = 0.0 if sign == "|=" else (frame - start) / (end - start)
            return a + share * (b - a)
    return keys[-1][2]


def test_mlt_keyframes_stay_near_the_path_and_within_half_a_turn():
    path = path_of()
    keys = animated(text_of("mlt", path))
    assert len(keys["av.yaw"]) < 30
    for k in range(N):
        yaw_deg = seen_at(keys["av.yaw"], k)
        assert -180.0 <= yaw_deg <= 180.0
        off = (yaw_deg - path.yaw_deg[k] + 180.0) % 360.0 - 180.0
        assert abs(off) <= ERROR_DEG + 1e-3
        pitch_deg = seen_at(keys["av.pitch"], k)
        assert abs(pitch_deg - path.pitch_deg[k]) <= ERROR_DEG + 1e-3


def test_mlt_cuts_black_bars_off():
    clip = FilmedClip(480, 240, black_rows_px=16)
    root = Xml.fromstring(text_of("mlt", path_of(clip=clip)))
    crop = root.find("producer/filter")
    said = {one.get("name"): one.text for one in crop}
    assert said["mlt_service"] == "crop"
    assert [said[edge] for edge in ("right", "top", "bottom")] == ["0", "16", "16"]


def test_mlt_names_the_clip_and_keeps_the_rate_exact():
    ntsc = dataclasses.replace(TIMELINE, frame_rate_hz=Fraction(30_000, 1001))
    root = Xml.fromstring(text_of("mlt", timeline=ntsc))
    profile = root.find("profile")
    assert profile is not None
    assert profile.get("frame_rate_num") == "30000"
    assert profile.get("frame_rate_den") == "1001"
    resource = root.find("./producer/property[@name='resource']")
    assert resource is not None
    assert resource.text == "clip & co.mp4"


def test_the_angles_of_shotcuts_filter_turn_its_view_where_ours_looks():
    root = Xml.fromstring(text_of("shotcut", path_of(roll_deg=np.full(N, 20.0))))
    turn = root.find("./producer/filter")
    said = {item.get("name"): item.text or "" for item in turn.findall("property")}
    assert said["mlt_service"] == "frei0r.bigsh0t_eq_to_rect"
    keys = {
        name: re.findall(r"(\d+)(\|?=)(-?[\d.]+)(?:;|$)", said[name])
        for name in ("yaw", "pitch")
    }
    for k, time_s in enumerate(path_of().time_s[:60:10]):
        yaw_deg, pitch_deg = (
            seen_at([(int(f), s, float(v)) for f, s, v in keys[name]], 10 * k)
            for name in ("yaw", "pitch")
        )
        # It looks along x, with y to the right and z down.
        roll, pitch, yaw = np.radians([float(said["roll"]), pitch_deg, yaw_deg])
        turned = rotation("z", yaw) @ rotation("y", pitch) @ rotation("x", roll)
        forward, right, down = ([v[1], -v[2], v[0]] for v in turned.T)
        pose = dataclasses.replace(path_of().at(time_s), roll_deg=20.0)
        axes = np.stack([right, np.negative(down), forward])
        np.testing.assert_allclose(axes, pose.axes(), atol=np.radians(2 * ERROR_DEG))


# --- otio ----------------------------------------------------------------------


def test_otio_is_read_by_its_own_library():
    otio = pytest.importorskip("opentimelineio", reason="the dev extra installs it")
    timeline = otio.adapters.read_from_string(text_of("otio"), "otio_json")
    (track,) = timeline.tracks
    assert [clip.duration().value for clip in track] == [60.0, 30.0]
    assert track[1].source_range.start_time == otio.opentime.RationalTime(60, 30)
    assert track[0].media_reference.target_url == "clip%20%26%20co.mp4"
    sound, weak = track.markers
    assert (sound.color, weak.color) == ("BLUE", "YELLOW")
    assert sound.name == "sound at yaw +172 pitch +7"
    for marker, frames in ((sound, (0.0, 50.0)), (weak, (50.0, 40.0))):
        marked = marker.marked_range
        assert (marked.start_time.value, marked.duration.value) == frames
    saved = timeline.metadata["pano"]
    np.testing.assert_allclose(list(saved["yaw_deg"]), path_of().yaw_deg)
    assert saved["confidence"][0] == 0.05
    assert saved["confidence"][-1] is None
    assert track.range_of_child_at_index(1).start_time.value == 60.0


def otio_of(path: CameraPath, timeline=TIMELINE):
    otio = pytest.importorskip("opentimelineio", reason="the dev extra installs it")
    text = text_of("otio", path, timeline)
    return otio.adapters.read_from_string(text, "otio_json")


def test_otio_counts_pictures_from_the_timecode_of_the_camera():
    late = dataclasses.replace(TAGGED, start_s=11.4)
    read = otio_of(path_of(clip=late, start_s=11.4))
    first, second = read.tracks[0]
    available = first.media_reference.available_range
    assert available.start_time.to_timecode() == "10:20:30:12"
    assert available.duration.value == N
    assert first.source_range.start_time.to_timecode() == "10:20:30:12"
    assert second.source_range.start_time.to_timecode() == "10:20:32:12"


def test_otio_lays_the_sound_beside_the_picture_cut_by_cut():
    pictures, sound = otio_of(path_of(clip=TAGGED)).tracks
    assert (pictures.kind, sound.kind) == ("Video", "Audio")
    for picture, heard in zip(pictures, sound, strict=True):
        assert heard.source_range == picture.source_range
        assert heard.media_reference.target_url == picture.media_reference.target_url
    silent = dataclasses.replace(TAGGED, has_sound=False)
    assert len(otio_of(path_of(clip=silent)).tracks) == 1


def test_otio_escapes_a_place_as_an_address(tmp_path):
    place = tmp_path / "50% #1.mp4"
    timeline = dataclasses.replace(TIMELINE, clip_name=str(place))
    (clip, _), *_ = otio_of(path_of(), timeline).tracks
    url = clip.media_reference.target_url
    assert url.startswith("file:///")
    assert url.endswith("/50%25%20%231.mp4")


# --- edl -----------------------------------------------------------------------


def test_an_edl_has_the_timecode_of_the_camera_in_the_columns_of_the_clip():
    rows = text_of("edl", path_of(clip=TAGGED)).splitlines()
    assert rows[3].split()[4:] == [
        "10:20:30:12",
        "10:20:30:13",
        "01:00:00:00",
        "01:00:00:01",
    ]


def test_an_edl_at_less_than_a_frame_a_second_is_refused_in_a_sentence():
    slow = dataclasses.replace(TIMELINE, frame_rate_hz=Fraction(1, 5))
    with pytest.raises(SettingsError, match="at least one frame a second"):
        text_of("edl", timeline=slow)
    assert text_of("otio", path_of(clip=TAGGED), slow)


def test_a_lapse_of_a_picture_an_hour_keeps_its_rate():
    lapse = dataclasses.replace(TAGGED, frame_rate_hz=Fraction(1, 3600))
    assert path_rate_hz(path_of(clip=lapse)) == Fraction(1, 3600)


# --- a clip that begins before its path -----------------------------------------


def test_frame_0_is_the_first_of_the_clip_even_if_the_path_begins_later():
    early = dataclasses.replace(TAGGED, start_s=2.0)
    rows = rows_of(text_of("csv", path_of(clip=early, start_s=3.0)))
    assert rows[0, 1] == 2.0
    np.testing.assert_array_equal(rows[:31, 2], 140.0)
    assert rows[31, 2] > 140.0
    assert np.flatnonzero(rows[:, 6]).tolist() == [90]


def test_a_path_of_days_is_refused_before_it_fills_the_memory():
    path = dataclasses.replace(path_of(), time_s=np.linspace(0.0, 1e9, N))
    with pytest.raises(SettingsError, match="longer than a day"):
        text_of("csv", path)


# --- fusion --------------------------------------------------------------------


def bezier(text: str, name: str) -> list[list[float]]:
    """Read a spline: frame, value, then the places of its handles."""
    (block,) = re.findall(rf"{name} = BezierSpline {{(.*?)\n\t\t}},", text, re.DOTALL)
    return [
        [float(number) for number in re.findall(r"-?\d+\.?\d*", line)]
        for line in block.splitlines()
        if line.strip().startswith("[")
    ]


def test_fusion_splines_are_near_the_path_and_turn_left_for_negative():
    text = text_of("fusion")
    keys = bezier(text, "PanoCameraYRotation")
    assert keys[0][:2] == [0.0, -140.0]
    assert keys[-1][0] == N - 1
    path = path_of()
    for start, end in itertools.pairwise(keys):
        if start[0] == 59.0:
            continue  # the cut: the next keyframe is the next frame
        handles = [start[-2:], end[2:4]]
        assert handles[0][0] == pytest.approx((2 * start[0] + end[0]) / 3, abs=1e-5)
        points = [start[1], handles[0][1], handles[1][1], end[1]]
        for frame in range(int(start[0]), int(end[0]) + 1):
            s = (frame - start[0]) / (end[0] - start[0])
            weights = (1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s**2 * (1 - s), s**3
            value = float(np.dot(weights, points))
            assert abs(-value - path.yaw_deg[frame]) <= ERROR_DEG + 1e-4


def test_fusion_braces_and_references_fit():
    text = text_of("fusion")
    assert text.count("{") == text.count("}")
    for name in re.findall(r'SourceOp = "(\w+)"', text):
        assert f"{name} = BezierSpline {{" in text


def test_fusion_refuses_roll_in_a_sentence():
    with pytest.raises(SettingsError, match="roll"):
        text_of("fusion", path_of(roll_deg=np.full(N, 3.0)))


# --- the clock -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (29.97, Fraction(30_000, 1001)),
        (23.976, Fraction(24_000, 1001)),
        (25.0, Fraction(25)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_rates_are_what_they_are_called_for(said, meant):
    assert known_rate_hz(said) == meant


def test_the_path_tells_its_own_rate():
    assert path_rate_hz(path_of(rate_hz=30_000 / 1001)) == Fraction(30_000, 1001)


@pytest.mark.parametrize(
    "changes", [{"width_px": 0}, {"frame_rate_hz": Fraction(0)}, {"max_error_deg": 0.0}]
)
def test_a_timeline_refuses_nonsense(changes):
    with pytest.raises(ValueError, match=r"got|positive"):
        dataclasses.replace(TIMELINE, **changes)


# --- melt ----------------------------------------------------------------------

# 44 dB and more are reached; a yaw that is off by 0.5° leaves less than 40.
MELT_PSNR_DB = 40.0


def waves(height: int = 240, width: int = 480) -> np.ndarray:
    """Draw waves of 14° and more on the sphere: no seam, no poles, no edges."""
    units = grid_unit_vectors(height, width)
    rng = np.random.default_rng(0)
    grey = np.full((height, width), 127.0)
    for _ in range(8):
        wave = rng.normal(size=3)
        wave *= rng.uniform(3.0, 25.0) / np.linalg.norm(wave)
        grey += 14.0 * np.sin(units @ wave + rng.uniform(0.0, 6.28))
    image = np.clip(np.round(grey), 0, 255).astype(np.uint8)
    return np.repeat(image[..., None], 3, axis=2)


@pytest.mark.skipif(shutil.which("melt") is None, reason="melt is not installed")
def test_melt_films_every_frame_as_we_do(tmp_path):
    path = dataclasses.replace(path_of(), source=PathSource(file="clip.mp4"))
    # MLT brings the sphere to the project's size first: large enough to lose nothing.
    size = dataclasses.replace(
        TIMELINE, width_px=480, height_px=270, max_error_deg=0.05
    )
    image = waves()
    source = write_clip(
        tmp_path / "clip.mp4",
        Clip(width_px=480, height_px=240, n_pictures=N, paint=lambda _: image),
    )
    (tmp_path / "clip.mlt").write_text(text_of("mlt", path, size), encoding="utf-8")
    target = ["-consumer", "avformat:flat.mkv", "vcodec=ffv1", "an=1", "real_time=-1"]
    subprocess.run(
        ["melt", "clip.mlt", *target], cwd=tmp_path, capture_output=True, check=True
    )
    film = probe(tmp_path / "flat.mkv")
    assert (film.width_px, film.height_px) == (480, 270)
    renderer = ViewportRenderer(480, 270)
    with (
        open_media(tmp_path / "flat.mkv", layout=StereoLayout.MONO) as theirs,
        open_media(source) as sphere,
    ):
        pairs = zip(theirs.planar_frames(), sphere.planar_frames(), strict=True)
        for k, (flat, frame) in enumerate(pairs):
            ours = renderer.render_planes(frame.planes, path.at(path.time_s[k]))
            error = np.mean((ours.y.astype(float) - flat.planes.y) ** 2)
            assert 10.0 * np.log10(255.0**2 / error) >= MELT_PSNR_DB
    assert k == N - 1
