"""Layout × container × codec: heard right, filmed right, tagged right, said right."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from pano.ambisonics.formats import AMBIX, AmbisonicFormat
from pano.ambisonics.harmonics import encode
from pano.camera.pose import CameraPose
from pano.media import open_media
from pano.media.metadata.spatial_audio import (
    read_spatial_audio,
    write_spatial_audio,
)
from pano.media.metadata.spherical import SphericalMetadata
from pano.media.sound.choice import SoundOut
from pano.media.sound.route import SoundRoute
from pano.media.writing.encode import MediaWriter
from pano.sphere import Direction
from tests.synthetic import Clip, SoundTrack, write_clip

FUMA = AmbisonicFormat(ordering="FuMa", normalization="FuMa")
RATE_HZ = 48_000
# One source a time: front, right, behind, left, above, below.
PLACES = [
    Direction(float(yaw), float(pitch))
    for yaw, pitch in ((0, 0), (90, 0), (180, 0), (-90, 0), (0, 80), (0, -80))
]
PLACE_S = 0.4
LEVEL = 0.1
# (container, codec, options): all that FFmpeg writes of four channels.
CELLS = [
    ("mp4", "aac", {}),
    ("mp4", "flac", {}),
    ("mp4", "libopus", {"mapping_family": "255"}),
    ("mp4", "pcm_s16le", {}),
    ("mov", "aac", {}),
    ("mov", "pcm_s16le", {}),
    ("mov", "pcm_s24le", {}),
    ("mkv", "aac", {}),
    ("mkv", "flac", {}),
    ("mkv", "libopus", {"mapping_family": "255"}),
    ("mkv", "pcm_s16le", {}),
    ("webm", "libopus", {"mapping_family": "255"}),
]
OPUS = [("mp4", "libopus"), ("mkv", "libopus"), ("webm", "libopus")]
IDS = [f"{container}-{codec}" for container, codec, _ in CELLS]


def going_round() -> NDArray[np.float32]:
    """Noise from one place after the other, as ambiX, (4, n)."""
    rng = np.random.default_rng(3)
    n = round(PLACE_S * RATE_HZ)
    # No higher than a lossy codec carries whole.
    low = scipy.signal.butter(8, 6_000, fs=RATE_HZ, output="sos")
    noise = scipy.signal.sosfilt(low, rng.standard_normal((len(PLACES), n)))
    noise = (LEVEL * noise / noise.std(axis=1, keepdims=True)).astype(np.float32)
    return np.concatenate(
        [encode(part, at) for part, at in zip(noise, PLACES, strict=True)], axis=1
    )


def clip(
    path: Path,
    codec: str,
    options: dict[str, str],
    *,
    channels: NDArray[np.float32] | None = None,
    layout: str = "4.0",
    format_: AmbisonicFormat = AMBIX,
) -> Path:
    samples = going_round() if channels is None else channels
    stored = np.linalg.inv(format_.matrix()).astype(np.float32) @ samples
    quiet = {"b": "768000"} if codec in ("aac", "libopus") else {}
    return write_clip(
        path,
        Clip(
            n_pictures=round(PLACE_S * len(PLACES) * 30),
            codec="libvpx" if path.suffix == ".webm" else "libx264",
            options={} if path.suffix == ".webm" else {"preset": "ultrafast"},
            sound=SoundTrack(
                stored.astype(np.float32),
                sample_rate_hz=RATE_HZ,
                codec=codec,
                layout=layout,
                options=options | quiet,
            ),
        ),
    )


def place_levels(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """RMS in the middle of each place's stretch, (places,)."""
    levels = []
    for k in range(len(PLACES)):
        first, last = (k + 0.25) * PLACE_S, (k + 0.75) * PLACE_S
        part = samples[..., round(first * rate_hz) : round(last * rate_hz)]
        levels.append(np.sqrt(np.mean(np.square(part, dtype=np.float64), axis=-1)))
    return np.asarray(levels)


def film(
    source: Path, target: Path, *, out: SoundOut = "auto", is_sphere: bool = False
) -> Path:
    with open_media(source) as media:
        writer = MediaWriter(
            target,
            width_px=64,
            height_px=32,
            frame_rate=Fraction(30),
            time_base=media.info.time_base,
            sound_from=source,
            route=SoundRoute(
                media.hearing,
                out,
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


def decoded(path: Path) -> tuple[NDArray[np.float32], str]:
    """Decode all channels as a player would, and name their layout."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts = []
        resampler = av.AudioResampler("fltp", stream.layout, RATE_HZ)
        for frame in container.decode(stream):
            parts += [part.to_ndarray() for part in resampler.resample(frame)]
        return np.concatenate(parts, axis=1), stream.layout.name


def assert_heard_everywhere(source: Path) -> None:
    with open_media(source) as media:
        sound = media.sound(sample_rate_hz=RATE_HZ)
    levels = place_levels(sound.samples, RATE_HZ)
    np.testing.assert_allclose(20 * np.log10(levels / LEVEL), 0.0, atol=0.5)


def assert_stereo_of_the_field(target: Path) -> None:
    samples, layout = decoded(target)
    assert layout == "stereo"
    left, right = place_levels(samples, RATE_HZ).T
    difference_db = 20 * np.log10(left / right)
    cos45 = np.cos(np.radians(45.0))
    side_db = 20 * np.log10((1 + cos45) / (1 - cos45))
    np.testing.assert_allclose(difference_db[[0, 2, 4, 5]], 0.0, atol=0.5)
    assert difference_db[1] == pytest.approx(-side_db, abs=1.0)
    assert difference_db[3] == pytest.approx(side_db, abs=1.0)
    ahead = np.hypot(left[0], right[0])
    assert 20 * np.log10(ahead / LEVEL) == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize(("container", "codec", "options"), CELLS, ids=IDS)
@pytest.mark.parametrize("format_", [AMBIX, FUMA], ids=["ambix", "fuma"])
def test_an_untagged_field_is_recognized_heard_and_filmed(
    tmp_path: Path,
    container: str,
    codec: str,
    options: dict[str, str],
    format_: AmbisonicFormat,
) -> None:
    source = clip(tmp_path / f"clip.{container}", codec, options, format_=format_)
    with open_media(source) as media:
        assert media.hearing is not None
        assert media.hearing.format == format_
        assert media.hearing.note is None
    assert_heard_everywhere(source)
    assert_stereo_of_the_field(film(source, tmp_path / "film.mkv"))
    for suffix in (".mp4", ".mov"):
        sphere = film(source, tmp_path / f"sphere{suffix}", is_sphere=True)
        with open_media(sphere) as media:
            assert media.hearing is not None
            # What MOV cannot carry is encoded anew, as ambiX whatever it was.
            assert media.hearing.format in (format_, AMBIX)
        if format_ == AMBIX:
            assert read_spatial_audio(sphere) == [AMBIX]
        assert_heard_everywhere(sphere)


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [cell for cell in CELLS if cell[0] in ("mp4", "mov")],
    ids=[name for name in IDS if name.startswith("m") and "mkv" not in name],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_tagged_field_is_believed_and_the_tag_stays_on_the_sphere(
    tmp_path: Path, container: str, codec: str, options: dict[str, str], suffix: str
) -> None:
    source = clip(tmp_path / f"clip.{container}", codec, options)
    write_spatial_audio(source, AMBIX)
    with open_media(source) as media:
        assert media.hearing is not None
        assert media.hearing.format == AMBIX
        assert "the file says so" in media.hearing.reason
    assert_heard_everywhere(source)
    assert_stereo_of_the_field(film(source, tmp_path / f"film{suffix}"))
    sphere = film(source, tmp_path / f"sphere{suffix}", is_sphere=True)
    assert read_spatial_audio(sphere) == [AMBIX]
    assert_heard_everywhere(sphere)


@pytest.mark.parametrize(("container", "codec"), OPUS)
def test_opus_says_by_itself_that_it_is_a_field(
    tmp_path: Path, container: str, codec: str
) -> None:
    source = clip(
        tmp_path / f"clip.{container}",
        codec,
        {"mapping_family": "2"},
        layout="ambisonic 1",
    )
    with open_media(source) as media:
        assert media.hearing is not None
        assert media.hearing.format == AMBIX
        assert media.hearing.reason == "the file says so (ambisonic 1)"
    assert_heard_everywhere(source)
    for suffix in (".mp4", ".mov", ".mkv"):
        assert_stereo_of_the_field(film(source, tmp_path / f"film{suffix}"))
    for suffix in (".mp4", ".mov"):
        sphere = film(source, tmp_path / f"sphere{suffix}", is_sphere=True)
        assert read_spatial_audio(sphere) == [AMBIX]
        assert_heard_everywhere(sphere)


@pytest.mark.parametrize(("container", "codec", "options"), CELLS, ids=IDS)
def test_a_field_in_doubt_is_heard_from_every_side(
    tmp_path: Path, container: str, codec: str, options: dict[str, str]
) -> None:
    tone = LEVEL * np.sin(np.arange(round(2.4 * RATE_HZ)) * 0.06).astype(np.float32)
    at_the_right = encode(tone, Direction(90.0, 0.0))
    source = clip(tmp_path / f"clip.{container}", codec, options, channels=at_the_right)
    with open_media(source) as media:
        assert media.hearing is not None
        assert media.hearing.format is None
        assert media.hearing.note is not None
        assert "--sound-field" in media.hearing.note
        sound = media.sound(sample_rate_hz=RATE_HZ)
    rms = np.sqrt(np.mean(sound.samples[RATE_HZ // 2 : RATE_HZ] ** 2))
    assert rms == pytest.approx(LEVEL / np.sqrt(2), rel=0.05)
    samples, layout = decoded(film(source, tmp_path / "film.mp4"))
    assert layout == "mono"
    assert place_levels(samples[0], RATE_HZ).min() == pytest.approx(rms, rel=0.05)


@pytest.mark.parametrize(
    "codec_and_layout", [("aac", "mono"), ("aac", "stereo"), ("flac", "5.1")]
)
def test_loudspeaker_channels_are_copied(
    tmp_path: Path, codec_and_layout: tuple[str, str]
) -> None:
    codec, layout = codec_and_layout
    n_channels = len(av.AudioLayout(layout).channels)
    noise = LEVEL * np.random.default_rng(0).standard_normal((n_channels, 2 * RATE_HZ))
    source = write_clip(
        tmp_path / "clip.mkv",
        Clip(
            n_pictures=60,
            sound=SoundTrack(
                noise.astype(np.float32),
                sample_rate_hz=RATE_HZ,
                codec=codec,
                layout=layout,
            ),
        ),
    )
    samples, copied = decoded(film(source, tmp_path / "film.mkv"))
    assert copied == layout
    assert samples.shape[0] == n_channels


def test_ambisonic_out_is_turned_and_tagged(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mov", "pcm_s16le", {}, format_=FUMA)
    target = film(source, tmp_path / "film.mp4", out="ambisonic")
    assert read_spatial_audio(target) == [AMBIX]
    samples, layout = decoded(target)
    assert layout == "4.0"
    w, y, z, x = place_levels(samples, RATE_HZ).T
    np.testing.assert_allclose(w, LEVEL, rtol=0.05)
    np.testing.assert_allclose(y[[1, 3]], LEVEL, rtol=0.05)
    np.testing.assert_allclose(x[[0, 2]], LEVEL, rtol=0.05)
    np.testing.assert_allclose(z[4:], LEVEL * np.sin(np.radians(80)), rtol=0.05)


def test_binaural_hears_the_right_at_the_right(tmp_path: Path) -> None:
    source = clip(tmp_path / "clip.mov", "pcm_s16le", {})
    samples, layout = decoded(film(source, tmp_path / "film.mp4", out="binaural"))
    assert layout == "stereo"
    left, right = place_levels(samples, RATE_HZ).T
    assert 20 * np.log10(right[1] / left[1]) > 5.0
    assert 20 * np.log10(left[3] / right[3]) > 5.0
