import dataclasses
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from pano.ambisonics.formats import AMBIX, AmbisonicFormat
from pano.errors import MediaError
from pano.media import SphericalMetadata, write_spherical
from pano.media.metadata.mp4_boxes import (
    child_boxes,
    children,
    make_box,
    missing_bytes,
    read_moov,
    sound_entry_children,
    tracks,
)
from pano.media.metadata.mp4_edit import edited_moov, entry_chain, splice
from pano.media.metadata.spatial_audio import read_spatial_audio, write_spatial_audio
from pano.media.metadata.spherical_reader import read_spherical
from tests.synthetic import Clip, SoundTrack, sine, write_clip

# No ambisonic layouts: FFmpeg's AAC encoder knows none.
LAYOUTS = {4: "4.0", 6: "5.1"}
PAIR = AmbisonicFormat(has_head_locked_pair=True)
MAPPED = AmbisonicFormat(channel_map=(3, 0, 2, 1))
MAPPED_PAIR = AmbisonicFormat(has_head_locked_pair=True, channel_map=(2, 3, 4, 5, 0, 1))


def clip_with(n_channels: int, *, codec: str = "aac", movflags: str = "") -> Clip:
    samples = np.stack(
        [sine(0.2, frequency_hz=200 + 50 * k) for k in range(n_channels)]
    )
    sound = SoundTrack(samples, codec=codec, layout=LAYOUTS[n_channels])
    return Clip(n_pictures=3, movflags=movflags, sound=sound)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", clip_with(4))


def decoded(path: Path) -> tuple[list[bytes], np.ndarray]:
    """Return what FFmpeg makes of a file: its pictures, and its sound (c, n)."""
    with av.open(str(path)) as container:
        pictures = [bytes(frame.planes[0]) for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        sound = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return pictures, np.concatenate(sound, axis=1)


def box_of(
    *,
    version: int = 0,
    kind: int = 0,
    order: int = 1,
    ordering: int = 0,
    normalization: int = 0,
    n_channels: int | None = None,
    channel_map: tuple[int, ...] = (0, 1, 2, 3),
) -> bytes:
    """Return an SA3D box, field by field as the specification lists them."""
    n = len(channel_map) if n_channels is None else n_channels
    fields = (version, kind, order, ordering, normalization, n)
    return make_box(
        b"SA3D",
        struct.pack(">BBIBBI", *fields),
        struct.pack(f">{len(channel_map)}I", *channel_map),
    )


def put_in_entry(path: Path, payload: bytes) -> None:
    """Append a box to the first sound track's sample entry."""
    with edited_moov(path) as moov:
        chain = entry_chain(moov, tracks(moov, b"soun")[0])
        splice(moov, chain, chain[-1].end, chain[-1].end, payload)


def boxes_of_entry(path: Path) -> list[bytes]:
    moov = read_moov(path)
    entry = entry_chain(bytearray(moov), tracks(moov, b"soun")[0])[-1]
    boxes = list(sound_entry_children(moov, entry))
    assert boxes[-1].end == entry.end
    return [box.kind for box in boxes]


@pytest.mark.parametrize("movflags", ["", "faststart"])
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov"])
@pytest.mark.parametrize(
    ("codec", "format_"),
    [
        ("aac", AMBIX),
        ("aac", PAIR),
        ("aac", MAPPED),
        ("aac", MAPPED_PAIR),
        ("flac", AMBIX),
    ],
)
def test_what_is_written_is_read_back_and_the_file_still_plays(
    tmp_path: Path, name: str, movflags: str, codec: str, format_: AmbisonicFormat
) -> None:
    if (codec, name) == ("flac", "clip.mov"):
        codec = "pcm_s16le"  # a MOV holds no FLAC, an MP4 hardly PCM
    clip = clip_with(format_.n_stored, codec=codec, movflags=movflags)
    path = write_clip(tmp_path / name, clip)
    pictures, sound = decoded(path)
    assert read_spatial_audio(path) == [None]

    write_spatial_audio(path, format_)
    assert read_spatial_audio(path) == [format_]
    assert missing_bytes(path) == 0
    found_pictures, found_sound = decoded(path)
    assert found_pictures == pictures
    np.testing.assert_array_equal(found_sound, sound)


@pytest.mark.parametrize("order", [2, 3])
def test_higher_orders_are_read_back(tmp_path: Path, order: int) -> None:
    path = tmp_path / "sound.mov"
    layout = av.AudioLayout(f"ambisonic {order}")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48_000)
        stream.layout = layout.name
        # PyAV makes no planar frames of more than eight channels.
        block = np.zeros((1, 100 * layout.nb_channels), np.int16)
        frame = av.AudioFrame.from_ndarray(block, "s16", layout.name)
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    write_spatial_audio(path, AmbisonicFormat(order))
    assert read_spatial_audio(path) == [AmbisonicFormat(order)]
    with av.open(str(path)) as container:
        assert container.streams.audio[0].layout.name == layout.name


def test_the_box_is_as_the_specification_says(path: Path) -> None:
    write_spatial_audio(path, MAPPED)
    moov = read_moov(path)
    assert moov.count(b"SA3D") == 1
    at = moov.index(b"SA3D") - 4
    assert moov[at : at + 36] == box_of(channel_map=(3, 0, 2, 1))
    write_spatial_audio(path, MAPPED_PAIR)
    expected = box_of(kind=0x80, channel_map=(2, 3, 4, 5, 0, 1))
    assert expected in read_moov(path)


def test_ffmpeg_reads_the_order_of_an_uncompressed_track(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mov", clip_with(4, codec="pcm_s16le"))
    write_spatial_audio(path, AMBIX)
    with av.open(str(path)) as container:
        assert container.streams.audio[0].layout.name == "ambisonic 1"


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov"])
def test_an_older_box_is_replaced_not_doubled(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, clip_with(4))
    before = boxes_of_entry(path)
    write_spatial_audio(path, AMBIX)
    once = path.read_bytes()
    write_spatial_audio(path, PAIR)
    write_spatial_audio(path, MAPPED)
    assert read_spatial_audio(path) == [MAPPED]
    write_spatial_audio(path, AMBIX)
    assert path.read_bytes() == once
    assert boxes_of_entry(path) == [*before, b"SA3D"]


def put_in_wave(path: Path, payload: bytes) -> None:
    """Put a box where QuickTime keeps a decoder's own, behind `frma`."""
    with edited_moov(path) as moov:
        chain = entry_chain(moov, tracks(moov, b"soun")[0])
        [wave] = [
            box for box in sound_entry_children(moov, chain[-1]) if box.kind == b"wave"
        ]
        first = next(iter(child_boxes(moov, wave.payload, wave.end)))
        splice(moov, [*chain, wave], first.end, first.end, payload)


def test_a_box_in_quicktimes_wave_is_read(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mov", clip_with(4))
    put_in_wave(path, box_of(channel_map=(3, 0, 2, 1)))
    assert read_spatial_audio(path) == [MAPPED]


def test_a_box_in_quicktimes_wave_is_replaced(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mov", clip_with(6))
    put_in_wave(path, box_of())
    _, sound = decoded(path)
    write_spatial_audio(path, PAIR)
    assert read_spatial_audio(path) == [PAIR]
    np.testing.assert_array_equal(decoded(path)[1], sound)


@pytest.mark.parametrize("movflags", ["", "faststart"])
def test_picture_and_sound_keep_their_own_metadata(
    tmp_path: Path, movflags: str
) -> None:
    path = write_clip(tmp_path / "clip.mp4", clip_with(4, movflags=movflags))
    sphere = SphericalMetadata(yaw_deg=12.0)
    write_spherical(path, sphere)
    write_spatial_audio(path, AMBIX)
    assert read_spherical(path) == sphere
    again = dataclasses.replace(sphere, yaw_deg=-30.0)
    write_spherical(path, again)
    assert (read_spherical(path), read_spatial_audio(path)) == (again, [AMBIX])


def with_two_sound_tracks(path: Path) -> Path:
    """Write a file with a sound track of four channels and a mono one."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("aac", rate=44_100) for _ in range(2)]
        for stream, layout in zip(streams, ("4.0", "mono"), strict=True):
            stream.layout = layout
        for stream in streams:
            block = np.zeros((stream.layout.nb_channels, 4096), np.float32)
            frame = av.AudioFrame.from_ndarray(block, "fltp", stream.layout.name)
            frame.sample_rate = 44_100
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("track", [0, 1])
def test_each_sound_track_speaks_for_itself(tmp_path: Path, track: int) -> None:
    path = with_two_sound_tracks(tmp_path / "clip.mp4")
    write_spatial_audio(path, AMBIX, track=track)
    expected: list[AmbisonicFormat | None] = [None, None]
    expected[track] = AMBIX
    assert read_spatial_audio(path) == expected


def test_a_file_without_sound_says_nothing_and_cannot_be_marked(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", Clip(n_pictures=3))
    assert read_spatial_audio(path) == []
    before = path.read_bytes()
    with pytest.raises(MediaError, match="no sound track 0 to mark"):
        write_spatial_audio(path, AMBIX)
    assert path.read_bytes() == before


def test_a_file_without_boxes_says_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mkv", clip_with(4))
    assert read_spatial_audio(path) == []
    with pytest.raises(MediaError, match="no movie box"):
        write_spatial_audio(path, AMBIX)


@pytest.mark.parametrize(
    "format_",
    [
        AmbisonicFormat(ordering="FuMa", normalization="FuMa"),
        AmbisonicFormat(ordering="FuMa"),
        AmbisonicFormat(normalization="N3D"),
    ],
    ids=lambda format_: format_.words,
)
def test_only_ambix_is_written(path: Path, format_: AmbisonicFormat) -> None:
    before = path.read_bytes()
    with pytest.raises(ValueError, match="SA3D holds ambiX alone"):
        write_spatial_audio(path, format_)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(box_of(version=1), id="version"),
        pytest.param(box_of(kind=1), id="kind"),
        pytest.param(box_of(order=0), id="order 0"),
        pytest.param(box_of(order=4, channel_map=tuple(range(25))), id="order 4"),
        pytest.param(box_of(ordering=1), id="ordering"),
        pytest.param(box_of(normalization=1), id="normalization"),
        pytest.param(box_of(n_channels=1 << 30), id="too many channels"),
        pytest.param(box_of(channel_map=(0, 1, 1, 3)), id="channel twice"),
        pytest.param(box_of(channel_map=(0, 1, 2, 9)), id="channel beyond"),
        pytest.param(box_of(channel_map=(1, 0, 2)), id="map too short"),
        pytest.param(make_box(b"SA3D", bytes(11)), id="cut short"),
        pytest.param(make_box(b"SA3D"), id="empty"),
        pytest.param(box_of(n_channels=0), id="no channels"),
        pytest.param(box_of(n_channels=3), id="three channels"),
        pytest.param(box_of(channel_map=tuple(range(9))), id="nine channels"),
        pytest.param(box_of(kind=0x80), id="pair without channels"),
    ],
)
def test_a_damaged_or_unknown_box_says_nothing(path: Path, box: bytes) -> None:
    put_in_entry(path, box)
    assert read_spatial_audio(path) == [None]


def test_no_damage_to_the_boxes_is_worse_than_no_metadata(path: Path) -> None:
    write_spatial_audio(path, MAPPED)
    whole = path.read_bytes()
    at_moov = whole.index(b"moov") - 4
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for at in rng.integers(at_moov, len(data), 4):
            data[at] = rng.integers(256)
        path.write_bytes(data[: rng.integers(at_moov + 8, len(data) + 1)])
        for found in read_spatial_audio(path):
            assert found is None or isinstance(found, AmbisonicFormat)


def test_a_movie_box_ends_with_its_last_child(path: Path) -> None:
    write_spatial_audio(path, MAPPED)
    moov = read_moov(path)
    [root] = child_boxes(moov, 0, len(moov))
    assert list(children(moov, root))[-1].end == root.end == len(moov)
    [track] = tracks(moov, b"soun")
    assert list(children(moov, track))[-1].end == track.end
