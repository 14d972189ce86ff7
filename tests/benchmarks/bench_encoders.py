"""What an encoder's presets cost: time, bits and quality of the same views.

    python tests/benchmarks/bench_encoders.py [--presets medium,fast] [CLIP ...]

A camera that turns 20° a second films 1280×720 views of a drawn world, of the same
with grain, and of any 360° clips given. Each preset encodes each at several qualities;
all take turns, round by round, so that whatever else the machine does slows all of
them. Processor time is of all threads, the median over the rounds. SSIM, PSNR (luma)
and VMAF are FFmpeg's, against a lossless copy. Below each table stands what the same
SSIM as medium at quality 18 costs, interpolated over the qualities.
"""

from __future__ import annotations

import argparse
import itertools
import re
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from pano.camera.path import CameraPose
from pano.equirect.planes import Planes
from pano.media import DEFAULT_ENCODER, ENCODERS, MediaWriter, open_media, rgb_to_planes
from pano.rendering.renderer import ViewportRenderer
from pano_jobs.settings import LensSettings
from pano_jobs.synthetic.world import default_world

RATE = Fraction(30)
WORLD_WIDTH_PX = 3840
TURN_DEG_PER_S = 20.0
# What the little sensors of 360° cameras leave indoors, of 255.
GRAIN = 4.0
REFERENCE = ("medium", 18)
QUALITIES = (16, 17, 18, 19, 20, 22)
# As much larger than the reference as a film may be.
MAX_BITS = 1.3


@dataclass(frozen=True)
class Result:
    """One film: processor time and bits per frame, and how true it is."""

    ms: float
    kbit: float
    ssim: float
    psnr_db: float
    vmaf: float


def drawn_spheres(n_frames: int) -> Iterator[Planes]:
    world = default_world(duration_s=20.0)
    for k in range(n_frames):
        yield rgb_to_planes(world.frame(float(k / RATE), width_px=WORLD_WIDTH_PX))


def clip_spheres(clip: Path, n_frames: int) -> Iterator[Planes]:
    with open_media(clip) as media:
        for frame in itertools.islice(media.planar_frames(), n_frames):
            yield frame.planes


def views(spheres: Iterable[Planes]) -> list[Planes]:
    """Film spheres with a camera that turns; a few seconds fit into memory."""
    lens = LensSettings()
    renderer = ViewportRenderer(lens.width_px, lens.height_px)
    return [
        renderer.render_planes(
            sphere, CameraPose(TURN_DEG_PER_S * float(k / RATE) - 20.0, 0.0)
        )
        for k, sphere in enumerate(spheres)
    ]


def with_grain(pictures: Sequence[Planes]) -> list[Planes]:
    rng = np.random.default_rng(0)
    grainy = []
    for picture in pictures:
        noise = rng.normal(0.0, GRAIN, picture.y.shape)
        y = np.clip(np.rint(picture.y + noise), 16, 235).astype(np.uint8)
        grainy.append(replace(picture, y=y))
    return grainy


def encode(
    target: Path, pictures: Sequence[Planes], encoder: str, preset: str, quality: int
) -> float:
    """Write a film and return its processor time, ms per frame."""
    height_px, width_px = pictures[0].y.shape
    start_s = time.process_time()
    with MediaWriter(
        target,
        width_px=width_px,
        height_px=height_px,
        frame_rate=RATE,
        time_base=1 / RATE,
        encoder=encoder,
        preset=preset,
        quality=quality,
        overwrite=True,
    ) as writer:
        for k, picture in enumerate(pictures):
            writer.write_planes(picture, k)
    return 1000.0 * (time.process_time() - start_s) / len(pictures)


def likeness(film: Path, source: Path) -> tuple[float, float, float]:
    """Return SSIM and PSNR of luma, and VMAF, means over the frames."""
    graph = (
        "[0:v]setpts=N,split=3[a][b][c];[1:v]setpts=N,split=3[x][y][z];"
        "[a][x]ssim,nullsink;[b][y]psnr,nullsink;[c][z]libvmaf=n_subsample=3[out]"
    )
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-hide_banner",
        "-i",
        film,
        "-i",
        source,
    ]
    command += ["-lavfi", graph, "-map", "[out]", "-f", "null", "-"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found = [
        re.search(pattern, said)[1]
        for pattern in (r"SSIM Y:(\S+)", r"PSNR y:(\S+)", r"VMAF score: (\S+)")
    ]
    ssim, psnr_db, vmaf = map(float, found)
    return ssim, psnr_db, vmaf


def measure(
    pictures: Sequence[Planes], encoder: str, presets: Sequence[str], *, n_rounds: int
) -> dict[tuple[str, int], Result]:
    runs = list(itertools.product(presets, QUALITIES))
    times_ms: dict[tuple[str, int], list[float]] = defaultdict(list)
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        source, film = Path(temporary, "source.mp4"), Path(temporary, "film.mp4")
        encode(source, pictures, "libx264", "ultrafast", 0)
        for turn in range(n_rounds):
            for preset, quality in runs:
                took_ms = encode(film, pictures, encoder, preset, quality)
                times_ms[preset, quality].append(took_ms)
                if turn == 0:
                    kbit = film.stat().st_size * 8 / 1000 / len(pictures)
                    like = likeness(film, source)
                    results[preset, quality] = Result(0.0, kbit, *like)
    return {
        run: replace(result, ms=float(np.median(times_ms[run])))
        for run, result in results.items()
    }


def at_ssim(results: Sequence[Result], ssim: float) -> tuple[float, float]:
    """Return ms and kbit per frame at a quality, nan where it was not reached.

    Interpolates linearly, time and the logarithm of bits over SSIM in decibels.
    """
    rising = sorted(results, key=lambda result: result.ssim)
    at = -np.log10(1.0 - ssim)
    known = [-np.log10(1.0 - result.ssim) for result in rising]
    ms, log_kbit = (
        np.interp(at, known, values, left=np.nan, right=np.nan)
        for values in (
            [result.ms for result in rising],
            np.log([result.kbit for result in rising]),
        )
    )
    return float(ms), float(np.exp(log_kbit))


def print_tables(name: str, encoder: str, results: dict) -> None:
    medium = results[REFERENCE]
    print(
        f"\n{name}: {encoder} {REFERENCE[0]} at {REFERENCE[1]} takes {medium.ms:.1f} "
        f"ms and {medium.kbit:.0f} kbit a frame"
    )
    print(f"{'preset':<12}{'quality':>8}{'time':>7}{'bits':>7}", end="")
    print(f"{'SSIM':>9}{'PSNR, dB':>10}{'VMAF':>7}")
    for (preset, quality), got in results.items():
        print(
            f"{preset:<12}{quality:>8}{got.ms / medium.ms:>7.2f}"
            f"{got.kbit / medium.kbit:>7.2f}{got.ssim:>9.5f}{got.psnr_db:>10.2f}"
            f"{got.vmaf:>7.2f}"
        )
    print(f"\nat the SSIM of {REFERENCE[0]} at {REFERENCE[1]}, {medium.ssim:.5f}")
    print(f"{'preset':<12}{'time':>7}{'bits':>7}")
    quickest, quickest_small = ("none", np.inf), ("none", np.inf)
    for preset in dict.fromkeys(preset for preset, _ in results):
        films = [got for (other, _), got in results.items() if other == preset]
        ms, kbit = at_ssim(films, medium.ssim)
        print(f"{preset:<12}{ms / medium.ms:>7.2f}{kbit / medium.kbit:>7.2f}")
        quickest = min(quickest, (preset, ms), key=lambda pair: pair[1])
        if kbit <= MAX_BITS * medium.kbit:
            quickest_small = min(quickest_small, (preset, ms), key=lambda pair: pair[1])
    print(f"best quality per second: {quickest[0]}; ", end="")
    print(f"in at most {MAX_BITS} times the bits: {quickest_small[0]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, nargs="*", metavar="CLIP")
    known = [name for name, e in ENCODERS.items() if REFERENCE[0] in e.presets]
    parser.add_argument("--encoder", choices=known, default=DEFAULT_ENCODER)
    parser.add_argument("--frames", type=int, default=45)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--presets", help="comma-separated; all by default")
    chosen = parser.parse_args()
    presets = ENCODERS[chosen.encoder].presets
    if chosen.presets:
        # medium is what the others are measured by.
        presets = tuple(dict.fromkeys([*chosen.presets.split(","), REFERENCE[0]]))
    drawn = views(drawn_spheres(chosen.frames))
    films = {"drawn": drawn, "grainy": with_grain(drawn)}
    for clip in chosen.clips:
        films[clip.name] = views(clip_spheres(clip, chosen.frames))
    for name, pictures in films.items():
        results = measure(pictures, chosen.encoder, presets, n_rounds=chosen.rounds)
        print_tables(name, chosen.encoder, results)


if __name__ == "__main__":
    main()
