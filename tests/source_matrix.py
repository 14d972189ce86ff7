"""Every kind of source × container and codec × dynamic range: is it filmed right?

    python -m tests.source_matrix
    python -m tests.source_matrix --sound

Each cell paints a sphere the way such a file stores it, writes the file, opens it as a
user would, and films a view over several parts of it. Printed is how near the film's
luma lies to that of the painted sphere itself, and how the file was recognized. With
`--sound` the table of codecs, layouts and containers is printed by which films are
planned; tests/pano/media/sound/test_carriers.py writes and reads its cells.
"""

from __future__ import annotations

import itertools
import struct
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame

from pano.camera.pose import CameraPose
from pano.equirect.layouts import SphereBounds, StereoLayout
from pano.equirect.planes import Planes
from pano.media import SphericalMetadata, open_media, write_spherical
from pano.media.containers.carriers import CARRIERS, carriage
from pano.media.metadata.mp4_boxes import (
    child_boxes,
    make_box,
    sample_entry_children,
    video_track,
)
from pano.media.metadata.mp4_edit import edited_moov, entry_chain, splice
from pano.projections.kinds import ProjectionChoice, SourceProjection
from pano.rendering.renderer import ViewportRenderer
from tests import stored_pictures as stored
from tests.pano.media.sound.test_carriers import documented

FULL = bytes(4)  # version and flags of a box
HALF = (0.25, 0.0, 0.25, 0.0)
PART = (0.125, 0.125, 0.125, 0.25)
MONO, TOP_BOTTOM, SIDE_BY_SIDE = StereoLayout
# Of fewer libx265 leaves the decoding times to chance.
N_PICTURES = 3
VIEW = (96, 54)
# Over a face's edge, a lens's rim or an eye's middle, and inside every partial sphere.
POSE = CameraPose(38.0, 12.0, 5.0, 70.0)


@dataclass(frozen=True)
class Coding:
    """A container, codec and dynamic range."""

    suffix: str
    codec: str
    pixel_format: str = "yuv420p"
    transfer: int | None = None
    options: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        kind = {None: "SDR", 16: "PQ", 18: "HLG"}[self.transfer]
        bits = 10 if "10" in self.pixel_format else 8
        return f"{self.suffix} {self.codec} {bits} bit {kind}"


X264 = {"qp": "6", "preset": "ultrafast"}
X265 = {"preset": "ultrafast", "x265-params": "qp=8:log-level=error"}
CODINGS = (
    Coding(".mp4", "libx264", options=X264),
    Coding(".mov", "libx265", "yuv420p10le", 18, X265),
    Coding(".mov", "prores_ks", "yuv422p10le", options={"profile": "3"}),
    Coding(".mkv", "libx265", "yuv420p10le", 16, X265),
    Coding(".mkv", "mpeg2video", options={"qmin": "1", "qmax": "1"}),
    Coding(".ts", "libx264", options=X264),
    Coding(".webm", "libvpx-vp9", options={"crf": "8", "cpu-used": "8", "b": "0"}),
)
MP4 = (".mp4", ".mov")


@dataclass(frozen=True)
class Kind:
    """A way to store a sphere.

    Parameters
    ----------
    paint
        Makes the pictures of all tracks.
    mark
        Writes what an MP4 or MOV says of it; None: the pictures alone.
    told
        Layout and projection that a user has to name; with `mark` only where the
        container cannot.
    """

    paint: Callable[[], Sequence[np.ndarray]]
    mark: Callable[[Path], None] | None = None
    told: tuple[StereoLayout | None, ProjectionChoice] = (None, ProjectionChoice())
    suffix: str | None = None
    names: tuple[str, ...] = ("clip",)
    is_everywhere: bool = True


def eyes(eye: np.ndarray, layout: StereoLayout) -> np.ndarray:
    """Put an eye and a grey one into a picture."""
    axis = 0 if layout is TOP_BOTTOM else 1
    return np.concatenate([eye, np.full_like(eye, 90)], axis=axis)


def as_v2(layout: StereoLayout, bounds: tuple[float, ...] = (0.0,) * 4):
    metadata = SphericalMetadata(layout=layout, bounds=SphereBounds(*bounds))
    return lambda path: write_spherical(path, metadata)


def with_boxes(*boxes: bytes) -> Callable[[Path], None]:
    """Append boxes to the sample entry of the first video track."""

    def mark(path: Path) -> None:
        with edited_moov(path) as moov:
            root = next(iter(child_boxes(moov, 0, len(moov))))
            chain = entry_chain(moov, video_track(moov))
            assert chain[0].start >= root.start
            last = list(sample_entry_children(moov, chain[-1]))[-1]
            splice(moov, chain, last.end, last.end, b"".join(boxes))

    return mark


def apple(kind: bytes, *, packing: bytes | None = None, hfov_deg: float | None = None):
    inside = [make_box(b"proj", make_box(b"prji", FULL, kind))]
    if packing is not None:
        inside.append(make_box(b"pack", make_box(b"pkin", FULL, packing)))
    boxes = [make_box(b"vexu", *inside)]
    if hfov_deg is not None:
        boxes.append(make_box(b"hfov", round(hfov_deg * 1000).to_bytes(4)))
    return with_boxes(*boxes)


def cubemap_boxes(padding_px: int = 0):
    projection = make_box(
        b"proj",
        make_box(b"prhd", FULL, bytes(12)),
        make_box(b"cbmp", FULL, struct.pack(">2I", 0, padding_px)),
    )
    header = make_box(b"svhd", FULL, b"pano\0")
    return with_boxes(make_box(b"sv3d", header, projection))


def say(
    projection: SourceProjection,
    layout: StereoLayout | None = None,
    fov_deg: float | None = None,
):
    return layout, ProjectionChoice(projection, fov_deg)


def barred() -> list[np.ndarray]:
    sphere = stored.equirect(512, 256)
    return [np.pad(sphere, ((16, 16), (0, 0), (0, 0)))]


KINDS: dict[str, Kind] = {
    "2:1 sphere": Kind(lambda: [stored.equirect(512, 256)]),
    "top-bottom": Kind(
        lambda: [eyes(stored.equirect(512, 256), TOP_BOTTOM)],
        as_v2(TOP_BOTTOM),
        (TOP_BOTTOM, ProjectionChoice()),
    ),
    "side-by-side": Kind(
        lambda: [eyes(stored.equirect(512, 256), SIDE_BY_SIDE)],
        as_v2(SIDE_BY_SIDE),
        (SIDE_BY_SIDE, ProjectionChoice()),
    ),
    "part of a sphere (V2 bounds)": Kind(
        lambda: [stored.equirect(480, 240, PART)],
        as_v2(MONO, PART),
        is_everywhere=False,
    ),
    "VR180, half-equirect (V2)": Kind(
        lambda: [eyes(stored.equirect(320, 320, HALF), SIDE_BY_SIDE)],
        as_v2(SIDE_BY_SIDE, HALF),
        is_everywhere=False,
    ),
    "VR180, half-equirect (Apple)": Kind(
        lambda: [eyes(stored.equirect(320, 320, HALF), SIDE_BY_SIDE)],
        apple(b"hequ", packing=b"side"),
        is_everywhere=False,
    ),
    "sphere (Apple)": Kind(
        lambda: [stored.equirect(512, 256)], apple(b"equi"), is_everywhere=False
    ),
    "VR180, fisheye (Apple)": Kind(
        lambda: [eyes(stored.lens(320, 190.0), SIDE_BY_SIDE)],
        apple(b"fish", packing=b"side", hfov_deg=190.0),
        say(SourceProjection.FISHEYE, SIDE_BY_SIDE, 190.0),
    ),
    "one fisheye": Kind(
        lambda: [stored.lens(320, 200.0)],
        told=say(SourceProjection.FISHEYE, None, 200.0),
    ),
    "two fisheyes (found by looking)": Kind(
        lambda: [stored.dual_fisheye(256, 190.0)],
    ),
    "two fisheyes (told)": Kind(
        lambda: [stored.dual_fisheye(256, 200.0)],
        told=say(SourceProjection.DUAL_FISHEYE, None, 200.0),
    ),
    "cubemap 3×2 (cbmp)": Kind(
        lambda: [stored.cubemap(160)],
        cubemap_boxes(),
        say(SourceProjection.CUBEMAP_3X2),
    ),
    "cubemap 6×1 (told)": Kind(
        lambda: [stored.cubemap(128, n_columns=6)],
        told=say(SourceProjection.CUBEMAP_6X1),
    ),
    "cubemap 3×2, side-by-side (told)": Kind(
        lambda: [eyes(stored.cubemap(160), SIDE_BY_SIDE)],
        told=say(SourceProjection.CUBEMAP_3X2, SIDE_BY_SIDE),
    ),
    "equi-angular cubemap (told)": Kind(
        lambda: [stored.eac(480, 320)],
        told=say(SourceProjection.EAC),
    ),
    "equi-angular, top-bottom (told)": Kind(
        lambda: [eyes(stored.eac(480, 320), TOP_BOTTOM)],
        told=say(SourceProjection.EAC, TOP_BOTTOM),
    ),
    "2:1 sphere between bars": Kind(barred),
    "GoPro .360, two tracks": Kind(
        lambda: np.split(stored.gopro(1024, 336, 8), 2),
        suffix=".360",
    ),
    "GoPro's two tracks": Kind(lambda: np.split(stored.gopro(1024, 336, 8), 2)),
    "Insta360 .insv, one picture": Kind(
        lambda: [stored.dual_fisheye(256, 190.0)],
        suffix=".insv",
    ),
    "Insta360 .insv, two tracks": Kind(
        lambda: np.split(stored.dual_fisheye(256, 190.0), 2, axis=1),
        suffix=".insv",
    ),
    "Insta360 .insv, two files": Kind(
        lambda: np.split(stored.dual_fisheye(256, 190.0), 2, axis=1),
        suffix=".insv",
        names=("VID_20240101_101010_00_001", "VID_20240101_101010_10_001"),
    ),
    "DJI .osv": Kind(lambda: [stored.dual_fisheye(256, 190.0)], suffix=".osv"),
}


@dataclass(frozen=True)
class Cell:
    """One kind of source in one coding."""

    name: str
    coding: Coding

    @property
    def words(self) -> str:
        return f"{self.name}, {self.coding.words}"


def cells() -> list[Cell]:
    """Return every cell that can exist."""
    found = []
    for (name, kind), coding in itertools.product(KINDS.items(), CODINGS):
        # A camera's own ending is a MOV or MP4 by another name, and VP9 in WebM and
        # MPEG-TS carry no second track of pictures here.
        if kind.suffix is not None and coding.suffix not in MP4:
            continue
        if not kind.is_everywhere and coding.suffix not in MP4:
            continue
        found.append(Cell(name, coding))
    return found


@dataclass(frozen=True)
class Result:
    """What came of a cell."""

    psnr_db: float
    bit_depth: int
    is_hdr: bool
    projection: str
    layout: str


def try_cell(cell: Cell, folder: Path) -> Result:
    """Write a cell's file, film it, and compare it with the painted sphere."""
    kind, coding = KINDS[cell.name], cell.coding
    pictures = kind.paint()
    suffix = kind.suffix or coding.suffix
    paths = [folder / f"{name}{suffix}" for name in kind.names]
    per_file = [pictures] if len(paths) == 1 else [[one] for one in pictures]
    for path, tracks in zip(paths, per_file, strict=True):
        _write(path, tracks, coding)
    can_say = coding.suffix in MP4
    if kind.mark is not None and can_say:
        kind.mark(paths[0])
    layout, choice = kind.told
    if kind.mark is not None and can_say:
        layout, choice = None, ProjectionChoice()
    with open_media(paths[0], layout=layout, projection=choice) as media:
        renderer = ViewportRenderer(*VIEW, sphere=media.sphere)
        frames = [frame.planes for frame in media.planar_frames()]
        assert len(frames) == N_PICTURES
        film = renderer.render_planes(frames[-1], POSE)
        found = Result(
            _psnr_db(film.y, _ideal_luma(coding), film.bit_depth),
            media.info.bit_depth,
            media.info.signal.is_hdr,
            str(media.projection.kind),
            str(media.layout),
        )
    return found


def _write(path: Path, tracks: Sequence[np.ndarray], coding: Coding) -> None:
    formats = {
        ".mp4": "mp4",
        ".mov": "mov",
        ".mkv": "matroska",
        ".ts": "mpegts",
        ".webm": "webm",
    }
    with av.open(str(path), "w", format=formats[coding.suffix]) as container:
        streams = []
        for image in tracks:
            stream: Any = container.add_stream(
                coding.codec, rate=30, options=coding.options
            )
            stream.height, stream.width = image.shape[:2]
            stream.pix_fmt = coding.pixel_format
            context = stream.codec_context
            if coding.transfer is not None:
                context.color_primaries, context.colorspace = 9, 9
                context.color_trc = coding.transfer
            else:
                context.color_primaries = context.colorspace = context.color_trc = 1
            streams.append(stream)
        for k in range(N_PICTURES):
            for stream, image in zip(streams, tracks, strict=True):
                picture = _coded(image, coding)
                picture.pts, picture.time_base = k, Fraction(1, 30)
                container.mux(stream.encode(picture))
        for stream in streams:
            container.mux(stream.encode(None))


def _coded(image: np.ndarray, coding: Coding) -> VideoFrame:
    """Turn RGB into the coding's planes, by its own matrix."""
    picture = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    return picture.reformat(
        format=coding.pixel_format,
        src_color_range=2,
        dst_colorspace="ITU709" if coding.transfer is None else 9,
        dst_color_range=1,
    )


def _ideal_luma(coding: Coding) -> np.ndarray:
    """Film the luma of the painted sphere, coded but never compressed."""
    plane = _coded(stored.equirect(1024, 512), coding).planes[0]
    kind = np.uint16 if "10" in coding.pixel_format else np.uint8
    rows = np.frombuffer(bytes(plane), kind).reshape(plane.height, -1)
    luma = np.ascontiguousarray(rows[:, : plane.width])
    grey = np.full((256, 512), 128, kind)
    return ViewportRenderer(*VIEW).render_planes(Planes(luma, grey, grey), POSE).y


def _psnr_db(film: np.ndarray, ideal: np.ndarray, bit_depth: int) -> float:
    error = np.mean((film.astype(np.float64) - ideal) ** 2)
    return float(10.0 * np.log10((2**bit_depth - 1) ** 2 / max(error, 1e-9)))


def print_sounds() -> None:
    """Print what becomes of every codec and layout in every container of films."""
    cells_of = sorted({(codec, layout) for codec, layout, *_ in documented()})
    print(f"{'':<26}" + "".join(f"{suffix:<10}" for suffix in CARRIERS))
    for codec, layout in cells_of:
        n_channels = av.AudioLayout(layout).nb_channels
        fates = [
            carriage(suffix, codec, layout, n_channels).fate for suffix in CARRIERS
        ]
        row = "".join(f"{fate:<10}" for fate in fates)
        print(f"{codec:<14}{layout:<12}{row}")


def main() -> None:
    """Print a table."""
    if "--sound" in sys.argv[1:]:
        print_sounds()
        return
    with tempfile.TemporaryDirectory() as temporary:
        for number, cell in enumerate(cells()):
            folder = Path(temporary) / str(number)
            folder.mkdir()
            found = try_cell(cell, folder)
            hdr = "HDR" if found.is_hdr else "SDR"
            print(
                f"{cell.name:<34}{cell.coding.words:<36}{found.projection:<18}"
                f"{found.layout:<13}{found.bit_depth:>3} bit {hdr}"
                f"{found.psnr_db:>7.1f} dB",
                flush=True,
            )


if __name__ == "__main__":
    main()
