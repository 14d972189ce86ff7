from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.sidedata.sidedata import SideData, Type

from pano.errors import MediaError, NotSphericalError
from pano.media import (
    MediaWriter,
    SphericalMetadata,
    StereoLayout,
    open_media,
    probe,
)
from pano.media.telemetry import Sensor, read_telemetry

DATA = Path("../shared/data")
CLIPS = DATA / "clips360"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not CLIPS.is_dir(), reason=f"{CLIPS} is not here"),
]


@pytest.mark.parametrize(
    ("name", "layout", "size_px"),
    [
        ("derived_iceland_mono_2048x1024.mp4", StereoLayout.MONO, (2048, 1024)),
        ("gvr_congo.mp4", StereoLayout.TOP_BOTTOM, (1920, 960)),
        ("gvr_sphericalv2.mp4", StereoLayout.TOP_BOTTOM, (2824, 1412)),
        ("gvr_testRoom1_1080Stereo.mp4", StereoLayout.TOP_BOTTOM, (1080, 540)),
        ("gvr_testRoom1_1920Mono.mp4", StereoLayout.MONO, (1920, 960)),
        ("kexhest_equirectangular-md.mp4", StereoLayout.MONO, (1440, 720)),
        ("vrview_richoh1_muxed_640x322.mp4", StereoLayout.MONO, (644, 322)),
    ],
)
def test_every_clip_says_how_it_is_packed(
    name: str, layout: StereoLayout, size_px: tuple[int, int]
) -> None:
    with open_media(CLIPS / name) as media:
        assert media.layout is layout
        assert next(media.frames()).image.shape == (size_px[1], size_px[0], 3)
        assert next(media.analysis_frames()).image.shape == (480, 960, 3)


def test_a_crop_in_v1_is_preferred_to_a_mesh_in_v2() -> None:
    spherical = probe(CLIPS / "gvr_sphericalv2.mp4").spherical
    assert spherical is not None
    assert spherical.source == "V1"
    assert spherical.bounds.left == pytest.approx(876 / 2824)
    assert spherical.bounds.top == pytest.approx(328 / 1412)


def test_the_orientation_in_a_camm_track_is_that_of_a_camera_held_upright() -> None:
    gravity = read_telemetry(CLIPS / "gvr_sphericalv2.mp4").gravity
    assert gravity is not None
    assert gravity.sensor is Sensor.CAMM_ORIENTATION
    assert gravity.n_samples == 149
    assert gravity.up[1] == pytest.approx(1.0, abs=1e-3)
    assert gravity.scatter_deg < 1.0


def test_an_unmarked_transport_stream_needs_its_layout() -> None:
    path = CLIPS / "gvr_iceland0.ts"
    with pytest.raises(NotSphericalError, match="2048×2048"), open_media(path):
        pass
    with open_media(path, layout=StereoLayout.TOP_BOTTOM) as media:
        frames = list(media.frames())
        sound = media.sound()
    assert len(frames) == 90
    assert frames[0].time == Fraction(132006, 90000)
    # The sound begins 23 ms before the picture and ends 25 ms before it.
    assert sound.duration_s == pytest.approx(3.0186, abs=1e-3)


def test_the_left_eye_of_the_stereo_stream_is_the_mono_clip() -> None:
    # One was made from the other, one frame apart.
    with (
        open_media(CLIPS / "gvr_iceland0.ts", layout=StereoLayout.TOP_BOTTOM) as stereo,
        open_media(CLIPS / "derived_iceland_mono_2048x1024.mp4") as mono,
    ):
        eye = next(stereo.analysis_frames()).image.astype(int)
        near = [
            np.abs(frame.image - eye).mean()
            for frame, _ in zip(mono.analysis_frames(), range(4), strict=False)
        ]
    assert min(near) < 3.0


@pytest.mark.parametrize(
    "name", ["foa_beach_fuma.mp4", "foa_speech_positions_fuma.mp4"]
)
def test_ambisonic_sound_alone_is_no_video(name: str) -> None:
    with pytest.raises(MediaError, match="has no video stream"):
        probe(DATA / "ambisonic" / name)


@pytest.fixture(params=["gvr_congo.mp4", "gvr_iceland0.ts", "gvr_sphericalv2.mp4"])
def clip(request: pytest.FixtureRequest) -> Path:
    return CLIPS / request.param


def packets(path: Path, *, without_adts: bool) -> bytes:
    with av.open(str(path)) as container:
        found = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    # MP4 stores AAC without the 7-byte headers that transport streams repeat.
    return b"".join(packet[7:] if without_adts else packet for packet in found)


def test_a_real_clip_comes_out_spherical_with_its_own_sound(
    clip: Path, tmp_path: Path
) -> None:
    target = tmp_path / "out.mp4"
    with (
        open_media(clip, layout=StereoLayout.TOP_BOTTOM) as media,
        MediaWriter(
            target,
            width_px=64,
            height_px=32,
            frame_rate=media.info.average_frame_rate,
            time_base=media.info.time_base,
            sound_from=clip,
            spherical=SphericalMetadata(),
            preset="ultrafast",
        ) as out,
    ):
        for frame in media.frames():
            small = frame.image[:: frame.image.shape[0] // 32][:32]
            out.write(small[:, :: frame.image.shape[1] // 64][:, :64], frame.pts)
    with av.open(str(target)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        picture_s = float(video.duration * video.time_base)
        sound_s = float(audio.duration * audio.time_base)
        first = next(container.decode(video))
        entries = cast("Iterable[SideData]", first.side_data)
        assert Type.SPHERICAL in {data.type for data in entries}
    copied = packets(target, without_adts=False)
    source = packets(clip, without_adts=clip.suffix == ".ts")
    assert len(copied) > 10_000
    assert source.startswith(copied)
    assert abs(picture_s - sound_s) < 0.1 or sound_s < picture_s
