import functools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from pano.ambisonics.formats import AMBIX
from pano.ambisonics.harmonics import encode
from pano.ambisonics.heard_directions import HeardDirections
from pano.ambisonics.intensity import IntensityMeter
from pano.camera.pose import CameraPose
from pano.errors import MediaError, NoAudioError, SettingsError
from pano.media import Media, open_media
from pano.media.metadata.spatial_audio import read_spatial_audio
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.sound.align import SoundClock
from pano.media.sound.channels import decode_channels
from pano.media.sound.choice import SoundChoice, SoundOut
from pano.media.sound.clip_sound import ClipSound
from pano.media.sound.track import decode_sound
from pano.media.writing.encode import MediaWriter
from pano.sphere import Direction, angle_between_deg
from tests.pano.ambisonics.fields import RATE_HZ, bursts, diffuse
from tests.pano.media.sound.test_hearing import Track, write_tracks
from tests.synthetic import Clip, SoundTrack, click_at, write_clip, write_sound_only

FloatArray = NDArray[np.float32]

# The picture lasts from 2 s to 8 s of what happens; recorders begin around that.
PICTURE_AT_S = 2.0
PICTURE_S = 6.0
PICTURES_HZ = 10
EVENT_S = 12.0
CLICK_S = 3.5  # in the picture
AT = Direction(-100.0, 20.0)
EARLIER_S, LATER_S = 1.3, -1.3
CLICK_TOLERANCE_S = 0.005
DIRECTION_TOLERANCE_DEG = 3.0


def event() -> FloatArray:
    """Noise that comes and goes, and a click in it, shape (n,)."""
    noise = 0.3 * bursts(np.random.default_rng(0), EVENT_S)
    at_s = PICTURE_AT_S + CLICK_S
    click = click_at(at_s, EVENT_S, sample_rate_hz=RATE_HZ)
    return np.asarray(noise + click, dtype=np.float32)


def from_time(samples: FloatArray, begin_s: float) -> FloatArray:
    return samples[..., round(begin_s * RATE_HZ) :]


def in_the_field(sound: FloatArray) -> FloatArray:
    return encode(sound, AT) + 0.02 * around()


@functools.cache
def around() -> FloatArray:
    return diffuse(np.random.default_rng(1), EVENT_S)


def recorder(path: Path, samples: FloatArray, *, began_s: float = EARLIER_S) -> Path:
    """Write what a recorder heard that began so much before the picture."""
    layout = {1: "mono", 2: "stereo", 4: "4.0"}[len(np.atleast_2d(samples))]
    heard = from_time(samples, PICTURE_AT_S - began_s)
    track = SoundTrack(heard, RATE_HZ, codec="pcm_s16le", layout=layout)
    return write_sound_only(path, track)


def camera(path: Path, *, sound: bool = True, first_picture: int = 0) -> Path:
    """Write a clip of the event; its picture may begin later than its sound."""
    begin_s = PICTURE_AT_S - first_picture / PICTURES_HZ
    heard = from_time(event(), begin_s)[: round(PICTURE_S * RATE_HZ)]
    return write_clip(
        path,
        Clip(
            rate=Fraction(PICTURES_HZ),
            pts=range(first_picture, round(PICTURE_S * PICTURES_HZ)),
            sound=SoundTrack(0.8 * heard, RATE_HZ) if sound else None,
        ),
    )


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return camera(tmp_path / "clip.mp4")


def film(
    source: Path,
    target: Path,
    choice: SoundChoice,
    *,
    out: SoundOut = "auto",
    is_sphere: bool = False,
) -> Path:
    with open_media(source, sound=choice) as media:
        sound_from, route = media.clip_sound.written(out)
        writer = MediaWriter(
            target,
            width_px=64,
            height_px=32,
            frame_rate=Fraction(PICTURES_HZ),
            time_base=media.info.time_base,
            sound_from=sound_from,
            route=replace(
                route,
                axes_at=lambda _: CameraPose(0.0, 0.0).axes(),
                is_sphere=is_sphere,
            ),
            spherical=SphericalMetadata() if is_sphere else None,
            preset="ultrafast",
        )
        with writer:
            for frame in media.frames():
                writer.write(frame.image, frame.pts)
    return target


def click_s(samples: FloatArray, rate_hz: int = RATE_HZ) -> float:
    loudness = np.abs(samples)
    return float(np.argmax(loudness > 0.5 * loudness.max())) / rate_hz


def filmed_click_s(path: Path) -> float:
    with open_media(path) as media:
        return click_s(media.sound(sample_rate_hz=RATE_HZ).samples)


def levels(path: Path) -> tuple[list[float], str]:
    """Return the RMS of each channel of a file, and the name of their layout."""
    channels = np.concatenate(
        [block.samples for block in decode_channels(path)], axis=1
    )
    with av.open(str(path)) as container:
        layout = container.streams.audio[0].layout.name
    return channels.std(axis=1).tolist(), layout


def heard_direction(media: Media) -> Direction:
    meter = IntensityMeter(RATE_HZ)
    media.sound(sample_rate_hz=RATE_HZ, on_field=meter.add)
    [source] = HeardDirections(meter.finish()).around(CLICK_S, window_s=4.0).sources
    return source.direction


@pytest.mark.parametrize("began_s", [EARLIER_S, LATER_S])
def test_a_recorder_is_aligned_and_its_click_heard_when_it_is_made(
    tmp_path: Path, clip: Path, began_s: float
) -> None:
    path = recorder(tmp_path / "r.wav", in_the_field(event()), began_s=began_s)
    with open_media(clip, sound=SoundChoice(recorder=path)) as media:
        found = media.clip_sound.alignment
        assert found is not None
        assert found.clock.shift_s == pytest.approx(began_s, abs=CLICK_TOLERANCE_S)
        assert media.clip_sound.clock == found.clock
        sound = media.sound(sample_rate_hz=RATE_HZ)
    assert sound.start_s == 0.0
    assert click_s(sound.samples) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)


def test_what_the_recorder_did_not_hear_is_silence(tmp_path: Path, clip: Path) -> None:
    path = recorder(tmp_path / "r.wav", event(), began_s=LATER_S)
    with open_media(clip, sound=SoundChoice(recorder=path)) as media:
        sound = media.sound(sample_rate_hz=RATE_HZ)
    began = round(-LATER_S * RATE_HZ)
    assert np.abs(sound.samples[: began - 100]).max() == 0.0
    assert np.abs(sound.samples[began + 100 :][:RATE_HZ]).max() > 0.01


def test_a_picture_that_begins_later_than_its_sound_moves_nothing(
    tmp_path: Path,
) -> None:
    source = camera(tmp_path / "late.mkv", first_picture=5)
    path = recorder(tmp_path / "r.wav", in_the_field(event()))
    with open_media(source, sound=SoundChoice(recorder=path)) as media:
        sound = media.sound(sample_rate_hz=RATE_HZ)
    assert sound.start_s == pytest.approx(0.5)
    assert click_s(sound.samples) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)


def test_a_film_of_a_picture_that_begins_later_is_in_time(tmp_path: Path) -> None:
    source = camera(tmp_path / "late.mkv", first_picture=5)
    path = recorder(tmp_path / "r.wav", in_the_field(event()))
    target = film(source, tmp_path / "film.mp4", SoundChoice(recorder=path))
    assert filmed_click_s(target) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)


@pytest.mark.parametrize("yaw_deg", [0.0, 100.0, -150.0])
def test_the_field_comes_from_where_the_recorder_heard_it(
    tmp_path: Path, clip: Path, yaw_deg: float
) -> None:
    path = recorder(tmp_path / "r.wav", in_the_field(event()))
    choice = SoundChoice(recorder=path, yaw_deg=yaw_deg)
    with open_media(clip, sound=choice) as media:
        assert media.hearing is not None
        assert media.hearing.format == replace(AMBIX, yaw_deg=yaw_deg)
        found = heard_direction(media)
    truth = Direction(AT.yaw_deg + yaw_deg, AT.pitch_deg)
    assert angle_between_deg(found, truth) < DIRECTION_TOLERANCE_DEG


def test_a_clock_that_runs_fast_is_slowed_down(tmp_path: Path) -> None:
    click = click_at(3.0, 4.0, sample_rate_hz=RATE_HZ)
    track = SoundTrack(click, RATE_HZ, codec="pcm_s16le")
    path = write_sound_only(tmp_path / "r.wav", track)
    sound = decode_sound(
        path,
        start=Fraction(0),
        sample_rate_hz=RATE_HZ,
        clock=SoundClock(shift_s=0.5, rate=1.25),
    )
    assert click_s(sound.samples) == pytest.approx(2.0, abs=CLICK_TOLERANCE_S)
    click_length_s = np.count_nonzero(np.abs(sound.samples) > 0.1) / RATE_HZ
    assert click_length_s == pytest.approx(0.02 / 1.25, rel=0.15)


@pytest.mark.parametrize("began_s", [EARLIER_S, LATER_S])
def test_a_film_carries_the_recorders_field_in_time(
    tmp_path: Path, clip: Path, began_s: float
) -> None:
    path = recorder(tmp_path / "r.wav", in_the_field(event()), began_s=began_s)
    target = film(clip, tmp_path / "film.mp4", SoundChoice(recorder=path))
    assert filmed_click_s(target) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)
    (left, right), layout = levels(target)
    assert layout == "stereo"
    assert left > 2.0 * right


def test_a_film_turns_the_recorders_field_by_its_yaw(
    tmp_path: Path, clip: Path
) -> None:
    path = recorder(tmp_path / "r.wav", in_the_field(event()))
    choice = SoundChoice(recorder=path, yaw_deg=200.0)
    (left, right), _ = levels(film(clip, tmp_path / "film.mp4", choice))
    assert right > 2.0 * left


@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_a_recorder_without_a_field_is_written_in_time(
    tmp_path: Path, clip: Path, layout: str
) -> None:
    channels = event() if layout == "mono" else np.stack([event(), 0.5 * event()])
    path = recorder(tmp_path / "r.wav", channels)
    choice = SoundChoice(recorder=path)
    with open_media(clip, sound=choice) as media:
        assert media.hearing is not None
        assert media.hearing.format is None
        sound = media.sound(sample_rate_hz=RATE_HZ)
    assert click_s(sound.samples) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)
    target = film(clip, tmp_path / "film.mp4", choice)
    assert filmed_click_s(target) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)
    found, written = levels(target)
    assert written == layout
    np.testing.assert_allclose(
        np.array(found) / found[0], [1.0, 0.5][: len(found)], atol=0.02
    )


def test_the_cameras_sound_may_stay_in_the_film(tmp_path: Path, clip: Path) -> None:
    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(p) for p in container.demux(audio=0) if p.size]

    path = recorder(tmp_path / "r.wav", in_the_field(event()))
    choice = SoundChoice(recorder=path, replaces_sound=False)
    target = film(clip, tmp_path / "film.mp4", choice)
    assert packets(target) == packets(clip)
    with open_media(clip, sound=choice) as media:
        assert media.hearing is not None
        assert media.hearing.format == AMBIX


def test_without_a_recorder_the_clip_is_heard_on_its_own_clock(clip: Path) -> None:
    sound = ClipSound(clip, Fraction(0), has_own=True, choice=SoundChoice())
    assert (sound.path, sound.alignment, sound.clock) == (clip, None, None)
    written, route = sound.written()
    assert (written, route.hearing, route.clock) == (clip, sound.hearing, None)


def test_a_film_of_the_sphere_carries_the_recorders_field_and_says_so(
    tmp_path: Path, clip: Path
) -> None:
    path = recorder(tmp_path / "r.wav", in_the_field(event()))
    choice = SoundChoice(recorder=path, yaw_deg=100.0)
    target = film(clip, tmp_path / "sphere.mp4", choice, is_sphere=True)
    assert read_spatial_audio(target) == [AMBIX]
    with open_media(target) as media:
        ahead = Direction(0.0, AT.pitch_deg)
        assert (
            angle_between_deg(heard_direction(media), ahead) < DIRECTION_TOLERANCE_DEG
        )
    assert filmed_click_s(target) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)


def test_a_recorder_in_doubt_is_written_as_its_first_channel(
    tmp_path: Path, clip: Path
) -> None:
    # Only from the left: two of its channels are silent, and nothing is recognized.
    path = recorder(tmp_path / "r.wav", encode(event(), Direction(-90.0, 0.0)))
    choice = SoundChoice(recorder=path)
    with open_media(clip, sound=choice) as media:
        assert media.hearing is not None
        assert not media.hearing.is_sure
    _, layout = levels(film(clip, tmp_path / "film.mp4", choice))
    assert layout == "mono"


def test_the_track_that_is_chosen_is_aligned(tmp_path: Path, clip: Path) -> None:
    heard = from_time(event(), PICTURE_AT_S - EARLIER_S)[None]
    unplugged = Track(np.zeros_like(heard), "mono")
    path = write_tracks(tmp_path / "r.mov", unplugged, Track(heard, "mono"))
    with open_media(clip, sound=SoundChoice(recorder=path, track=1)) as media:
        sound = media.sound(sample_rate_hz=RATE_HZ)
    assert click_s(sound.samples) == pytest.approx(CLICK_S, abs=CLICK_TOLERANCE_S)


def test_a_camera_without_sound_cannot_be_aligned(tmp_path: Path) -> None:
    source = camera(tmp_path / "mute.mp4", sound=False)
    path = recorder(tmp_path / "r.wav", in_the_field(event()))
    with open_media(source, sound=SoundChoice(recorder=path)) as media:
        with pytest.raises(NoAudioError, match=r"mute\.mp4 has no sound of its own"):
            media.sound()
        with pytest.raises(NoAudioError, match=r"mute\.mp4 has no sound of its own"):
            media.clip_sound.written()


def test_a_recorder_of_another_take_is_refused(tmp_path: Path, clip: Path) -> None:
    another = 0.3 * bursts(np.random.default_rng(9), EVENT_S)
    path = recorder(tmp_path / "other.wav", in_the_field(another))
    with (
        open_media(clip, sound=SoundChoice(recorder=path)) as media,
        pytest.raises(MediaError, match=r"other\.wav cannot be aligned with .*clip"),
    ):
        media.sound()


def test_a_recorder_without_a_sound_track_says_so(tmp_path: Path, clip: Path) -> None:
    mute = camera(tmp_path / "mute.mp4", sound=False)
    with (
        open_media(clip, sound=SoundChoice(recorder=mute)) as media,
        pytest.raises(NoAudioError, match=r"mute\.mp4 has no sound track"),
    ):
        media.sound()


@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_recorder_without_a_field_cannot_be_turned(
    tmp_path: Path, clip: Path, n_channels: int
) -> None:
    path = recorder(tmp_path / "r.wav", np.stack([event()] * n_channels))
    choice = SoundChoice(recorder=path, yaw_deg=30.0)
    with (
        open_media(clip, sound=choice) as media,
        pytest.raises(SettingsError, match="--sound-yaw turns a sound field"),
    ):
        media.sound()


@pytest.mark.parametrize("yaw_deg", [float("nan"), float("inf")])
def test_a_yaw_that_is_no_angle_is_refused(yaw_deg: float) -> None:
    with pytest.raises(SettingsError, match="sound-yaw must be finite"):
        SoundChoice(yaw_deg=yaw_deg)
