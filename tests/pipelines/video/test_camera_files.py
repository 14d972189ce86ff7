"""Cameras' own files through the jobs: analysed, filmed, remembered, exported."""

from __future__ import annotations

import json
from fractions import Fraction

import av
import numpy as np
import pytest
from click.testing import CliRunner

from pano.camera.path import CameraPath
from pano.equirect.layouts import StereoLayout
from pano.errors import SettingsError
from pano.media import open_media
from pano.media.sound.choice import SoundChoice
from pano.projections.kinds import ProjectionChoice, SourceProjection
from pano.sphere import Direction, angle_between_deg, unit_vectors
from pano_jobs.cli import main
from pano_jobs.settings import LensSettings, LocalizeSettings, PanSettings
from pano_jobs.video.export import export
from pano_jobs.video.info import describe
from pano_jobs.video.pan import pan
from pano_jobs.video.render import render
from tests import stored_pictures as stored
from tests.fake_localizer import RedLocalizer
from tests.synthetic import SoundTrack, sine, write_sound_only

LENS = LensSettings(width_px=96, height_px=54)
SILENT = LocalizeSettings(require_sound=False)
SOURCE = Direction(140.0, -20.0)  # over the edge of faces and the rim of a lens
NEAR_DEG = 12.0


@pytest.fixture
def red_disc(monkeypatch):
    """Have spheres painted grey with a red disc."""

    def paint(units):
        towards = unit_vectors(SOURCE.yaw_deg, SOURCE.pitch_deg)
        is_disc = units @ towards > np.cos(np.radians(12.0))
        return np.where(is_disc[..., None], (220, 20, 20), (90, 90, 90)).astype(
            np.uint8
        )

    monkeypatch.setattr(stored, "colours", paint)


def write_tracks(path, *tracks, n_pictures=20, sound=None, options=None):
    sound = sound or SoundTrack(sine(n_pictures / 10.0), codec="pcm_s16le")
    wave = write_sound_only(path.with_suffix(".wav"), sound)
    with av.open(str(wave)) as tone, av.open(str(path), "w", format="mov") as container:
        heard = container.add_stream_from_template(tone.streams.audio[0])
        streams = []
        for image in tracks:
            stream = container.add_stream("libx264", rate=10)
            stream.options = {"qp": "10", "preset": "ultrafast"} | (options or {})
            stream.height, stream.width = image.shape[:2]
            stream.pix_fmt = "yuv420p"
            streams.append(stream)
        for k in range(n_pictures):
            for stream, image in zip(streams, tracks, strict=True):
                picture = av.VideoFrame.from_ndarray(
                    np.ascontiguousarray(image), format="rgb24"
                )
                picture.pts, picture.time_base = k, Fraction(1, 10)
                container.mux(stream.encode(picture))
        for stream in streams:
            container.mux(stream.encode(None))
        for packet in tone.demux(audio=0):
            if packet.size:
                packet.stream = heard
                container.mux(packet)
    wave.unlink()
    return path


def gopro(path, n_pictures=20):
    strips = np.split(stored.gopro(1024, 336, 8), 2)
    return write_tracks(path, *strips, n_pictures=n_pictures)


def last_direction(path):
    pose = CameraPath.load(path).at(1.9)
    return Direction(pose.yaw_deg, pose.pitch_deg)


def is_red(picture):
    return picture[..., 0].astype(int) - picture[..., 1] > 100


def middle_is_red(path):
    with av.open(str(path)) as container:
        last = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    height, width = last[-1].shape[:2]
    return bool(is_red(last[-1])[height // 2, width // 2])


def test_a_gopro_file_is_panned_explained_and_filmed_again(tmp_path, red_disc):
    source, path = gopro(tmp_path / "GS010001.360"), tmp_path / "path.json"
    settings = PanSettings(
        localize=SILENT,
        lens=LensSettings(width_px=96, height_px=54, is_stabilized=True),
    )
    pan(
        source,
        tmp_path / "film.mp4",
        settings,
        path_target=path,
        sheet_target=tmp_path / "sheet.png",
        maps_target=tmp_path / "maps.npz",
        localizer=RedLocalizer(),
    )
    assert angle_between_deg(last_direction(path), SOURCE) < NEAR_DEG
    assert middle_is_red(tmp_path / "film.mp4")
    render(source, path, tmp_path / "again.mp4", LENS)
    assert middle_is_red(tmp_path / "again.mp4")
    again = PanSettings(localize=SILENT, lens=LENS)
    pan(source, tmp_path / "b.mp4", again, maps_source=tmp_path / "maps.npz")
    assert middle_is_red(tmp_path / "b.mp4")


def test_other_programs_are_not_asked_to_film_faces(tmp_path, red_disc):
    source, path = gopro(tmp_path / "GS010001.360", 4), tmp_path / "path.json"
    settings = PanSettings(localize=SILENT, lens=LENS)
    pan(
        source,
        tmp_path / "film.mp4",
        settings,
        path_target=path,
        localizer=RedLocalizer(),
    )
    with pytest.raises(SettingsError, match=r"gopro-max; film it with `pano render`"):
        export(path, tmp_path / "a.cmd", "sendcmd")
    export(path, tmp_path / "a.csv", "csv")


def test_a_front_that_was_turned_is_remembered(tmp_path, red_disc):
    """The lens that looks back becomes the front, for the path and for its film."""
    source = write_tracks(tmp_path / "a.insv", stored.dual_fisheye(256, 190.0))
    choice = ProjectionChoice(yaw_offset_deg=180.0)
    localize = LocalizeSettings(require_sound=False, projection=choice)
    path = tmp_path / "path.json"
    result = pan(
        source,
        tmp_path / "film.mp4",
        PanSettings(localize=localize, lens=LENS),
        path_target=path,
        localizer=RedLocalizer(),
    )
    turned = Direction(SOURCE.yaw_deg - 180.0, SOURCE.pitch_deg)
    assert angle_between_deg(last_direction(path), turned) < NEAR_DEG
    assert any("ideal ones of 190°" in note for note in result.notes)
    said = json.loads(path.read_text())["source"]["clip"]["projection"]
    assert said == {"kind": "dual-fisheye", "fov_deg": None, "yaw_offset_deg": 180.0}
    render(source, path, tmp_path / "again.mp4", LENS)
    assert middle_is_red(tmp_path / "again.mp4")


def test_chapters_become_one_film_on_the_command_line(tmp_path, red_disc):
    names = [str(gopro(tmp_path / f"GS0{k}0001.360", 5)) for k in (1, 2)]
    options = ["--size", "96x54", "--no-sound-ok", "--json"]
    film, path = tmp_path / "film.mp4", tmp_path / "path.json"
    target = ["-o", str(film), "--save-path", str(path)]
    done = CliRunner().invoke(main, ["pan", *names, *target, *options])
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["n_frames"] == 10
    assert json.loads(done.stdout)["source"] == names[0]
    assert json.loads(path.read_text())["source"]["file"] == "GS010001.360"
    words = ["render", *names, "--path", str(path), "-o", str(tmp_path / "b.mp4")]
    done = CliRunner().invoke(main, [*words, "--size", "96x54"])
    assert done.exit_code == 0, done.stderr
    refused = CliRunner().invoke(main, ["pan", *names, "-o", names[1], "--force"])
    assert refused.exit_code == 1
    assert "is a source itself" in refused.stderr


def test_info_tells_what_a_camera_wrote(tmp_path, red_disc):
    found = describe(gopro(tmp_path / "GS010001.360", 3))
    assert found.projection == "gopro-max (from two tracks of one size)"
    assert (found.width_px, found.height_px) == (1024, 672)
    lenses = write_tracks(tmp_path / "b.osv", stored.dual_fisheye(128, 190.0))
    found = describe(lenses)
    assert found.projection == "dual-fisheye (from the file's name)"
    assert any("calibration" in note for note in found.notes)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ProjectionChoice(fov_deg=190.0), "--fov is of fisheye lenses"),
        (ProjectionChoice(yaw_offset_deg=9.0), "--yaw-offset turns pictures of lenses"),
        (ProjectionChoice(SourceProjection.EAC), r"eac picture is 1\.5 or 1\.78 times"),
    ],
)
def test_options_that_a_sphere_has_no_use_for_are_refused(tmp_path, choice, said):
    source = write_tracks(tmp_path / "a.mp4", stored.equirect(128, 64), n_pictures=3)
    with (
        pytest.raises(SettingsError, match=said),
        open_media(source, projection=choice),
    ):
        pass


def test_a_sound_field_turns_with_a_front_that_was_turned(tmp_path, red_disc):
    """What sounded at the right sounds ahead once the right is the front."""
    tone = sine(2.0, sample_rate_hz=48_000)
    field = np.outer([1.0, -1.0, 0.0, 0.0], tone).astype(np.float32)  # W, Y, Z, X
    sound = SoundTrack(field, 48_000, codec="pcm_s16le", layout="4.0")
    lenses = stored.dual_fisheye(128, 190.0)
    source = write_tracks(tmp_path / "a.insv", lenses, sound=sound)
    choice = ProjectionChoice(yaw_offset_deg=90.0)
    ambix = SoundChoice(field="ambix")
    pieces: list[np.ndarray] = []
    with open_media(source, sound=ambix, projection=choice) as media:
        media.sound(sample_rate_hz=48_000, on_field=pieces.append)
    w, y, _, x = (np.concatenate(pieces, axis=1) ** 2).mean(axis=1)
    assert y / w == pytest.approx(0.0, abs=1e-3)
    assert x / w == pytest.approx(1.0, abs=1e-2)


def test_two_tracks_are_no_two_eyes(tmp_path, red_disc):
    source = gopro(tmp_path / "GS010001.360", 3)
    with (
        pytest.raises(SettingsError, match="leave --layout top-bottom out"),
        open_media(source, layout=StereoLayout.TOP_BOTTOM),
    ):
        pass


def test_fields_of_two_tracks_are_not_said_to_be_woven_apart(tmp_path, red_disc):
    strips = np.split(stored.gopro(1024, 336, 8), 2)
    fields = {"flags": "+ilme+ildct", "x264-params": "tff=1"}
    source = write_tracks(tmp_path / "a.360", *strips, n_pictures=3, options=fields)
    with open_media(source) as media:
        assert any("without deinterlacing" in note for note in media.notes)
        assert not any("were deinterlaced" in note for note in media.notes)
