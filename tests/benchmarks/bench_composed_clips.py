"""Composed 360° clips of held-back cut-outs: is the sounding one in view?

Each clip shows a panorama of the test split and one cut-out of the test split that
moves once round the viewer, heard with its own sound; with `--rivals N`, N silent
cut-outs move as well, and only the sound tells which to follow. Run as

    python -m tests.benchmarks.bench_composed_clips MATERIAL [--rivals N]

MATERIAL is the folder that `pano prepare` reads. The clips are written and panned by
the same jobs that users run. Beside ours stand the field's baselines: on our maps
AutoCam, Kang & Cho and the smoothed centroid; our director on what a network that only
sees finds salient (Cheng et al.); and still cameras, of which eye level means the
average over 18 directions.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.director.plan import Brief, plan_path, plan_takes
from pano.director.published.trivial import (
    EYE_LEVEL_YAWS_DEG,
    centroid,
    kang_cho_path,
    still,
)
from pano.draw.billboard import paint_billboard
from pano.media import MediaWriter, SphericalMetadata, open_media
from pano.media.sound.track import decode_sound
from pano.media.sound.write_sound import write_sound
from pano.metrics.path_quality import angular_errors_deg, path_quality, share_in_view
from pano.sphere import Direction
from pano_jobs.analysis.analysis_pass import Analysis
from pano_jobs.analysis.localizer import Localizer, load_localizer
from pano_jobs.datasets.material import Material, PieceSource, read_material
from pano_jobs.evaluation.evaluate_paths import PICTURE_ONLY, picture_path
from pano_jobs.progress import SilentProgress
from pano_jobs.settings import COMPUTE_ENGINES, PanSettings
from pano_jobs.video.takes import brief
from soundloc.data.augment import repeat_with_gaps, scale_to_level
from soundloc.scoring.intervals import bootstrap

RATE_HZ = 10
WIDTH_PX = 960
SOUND_RATE_HZ = 22_050
ASPECT = 16 / 9


@dataclass(frozen=True, slots=True)
class Mover:
    """A cut-out that goes round: where it starts, how fast, how large."""

    piece: PieceSource
    start_yaw_deg: float
    pitch_deg: float
    speed_deg_per_s: float
    width_deg: float

    def direction(self, time_s: float) -> Direction:
        yaw_deg = self.start_yaw_deg + self.speed_deg_per_s * time_s
        return Direction(yaw_deg, self.pitch_deg)


def draw_movers(
    pieces: list[PieceSource], rng: np.random.Generator, duration_s: float
) -> list[Mover]:
    """Spread the movers round the viewer, all with the same sense and speed."""
    first_yaw_deg = rng.uniform(-180.0, 180.0)
    speed = float(rng.choice([-1.0, 1.0])) * rng.uniform(180.0, 360.0) / duration_s
    return [
        Mover(
            piece,
            float(first_yaw_deg + 360.0 * k / len(pieces)),
            float(rng.uniform(-20.0, 12.0)),
            float(speed),
            float(rng.uniform(14.0, 30.0)),
        )
        for k, piece in enumerate(pieces)
    ]


def write_clip(
    target: Path,
    movers: list[Mover],
    panorama: Path,
    sound: Path,
    *,
    duration_s: float,
    rng: np.random.Generator,
) -> None:
    background = read_rgba(panorama)[..., :3]
    # Bilinear: the published figures are of clips made so.
    background = cv2.resize(background, (WIDTH_PX, WIDTH_PX // 2))
    sprites = [read_rgba(m.piece.path) for m in movers]
    clip = decode_sound(sound, start=Fraction(0), sample_rate_hz=SOUND_RATE_HZ).samples
    n = round(duration_s * SOUND_RATE_HZ)
    samples = scale_to_level(repeat_with_gaps(clip, n, rng, max_gap=0.3), -22.0)

    def image_at(time_s: float) -> NDArray[np.uint8]:
        image = np.array(background, dtype=np.uint8)
        for mover, sprite in zip(movers, sprites, strict=True):
            center = mover.direction(time_s)
            paint_billboard(image, sprite, center=center, width_deg=mover.width_deg)
        return image

    write_sphere(target, image_at, samples, rate_hz=RATE_HZ)


def write_sphere(
    target: Path,
    image_at: Callable[[float], NDArray[np.uint8]],
    samples: NDArray[np.float32],
    *,
    rate_hz: int,
) -> None:
    """Write a 360° clip of drawn pictures that lasts as long as its sound."""
    beside = target.with_suffix(".m4a")
    write_sound(beside, samples, sample_rate_hz=SOUND_RATE_HZ)
    with MediaWriter(
        target,
        width_px=WIDTH_PX,
        height_px=WIDTH_PX // 2,
        frame_rate=Fraction(rate_hz),
        time_base=Fraction(1, rate_hz),
        sound_from=beside,
        spherical=SphericalMetadata(),
        preset="veryfast",
    ) as writer:
        for k in range(round(len(samples) / SOUND_RATE_HZ * rate_hz)):
            writer.write(image_at(k / rate_hz), k)


def read_rgba(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise SystemExit(f"{path} cannot be read")
    if image.shape[2] == 4:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGBA), np.uint8)


@dataclass(frozen=True, slots=True)
class Score:
    """How one path, or some paths on average, follow the mover."""

    seen: float
    off_deg: float
    mvd_px: float
    still: float


def measure(
    clip: Path, mover: Mover, localizer: Localizer, settings: PanSettings
) -> dict[str, Score]:
    """Score every method on one clip."""
    with open_media(clip) as media:
        analysis = Analysis(
            media, settings.localize, localizer=localizer, progress=SilentProgress()
        )
        maps = list(analysis.maps())
        found_s = analysis.source_cuts_s
    cuts = brief(settings, settings.lens, found_cuts_s=found_s).cuts
    time_s = np.array([item.time_s for item in maps])
    turning = replace(cuts, cost_s=math.inf)
    ways = {
        "ours": [plan_takes(maps, Brief(cuts=cuts))[0]],
        "ours, --no-cuts": [plan_takes(maps, Brief(cuts=turning))[0]],
        PICTURE_ONLY: [picture_path(clip)],
        "Kang & Cho, no flow": [kang_cho_path(maps)],
        "centroid + Gaussian": [centroid(maps)],
        "autocam": [plan_path(maps, director="autocam")],
        "centre": [still(time_s, 0.0)],
        "eye level": [still(time_s, float(yaw)) for yaw in EYE_LEVEL_YAWS_DEG],
    }
    return {name: score(paths, mover) for name, paths in ways.items()}


def score(paths: list[CameraPath], mover: Mover) -> Score:
    rows = []
    for path in paths:
        time_s = np.arange(path.time_s[0], path.time_s[-1], 1 / RATE_HZ)
        truth = np.stack([mover.direction(float(t)).unit() for t in time_s])
        quality = path_quality(path)
        rows.append(
            (
                share_in_view(path, time_s, truth, aspect=ASPECT),
                float(np.median(angular_errors_deg(path, time_s, truth))),
                quality.velocity_difference_px,
                quality.share_still,
            )
        )
    return Score(*np.mean(rows, axis=0))


def table(rows: list[dict[str, Score]]) -> None:
    """Print means over clips, shares in view with their intervals."""
    print("\n| | in view | median off | velocity difference, px | still |")
    print("|---" * 5 + "|")
    for name in rows[0]:
        found = [row[name] for row in rows]
        seen = bootstrap(np.array([one.seen for one in found]), np.arange(len(rows)))
        off_deg, mvd_px, share = np.mean(
            [(one.off_deg, one.mvd_px, one.still) for one in found], axis=0
        )
        print(f"| {name} | {seen} | {off_deg:.0f}° | {mvd_px:.2f} | {share:.0%} |")


def choose(material: Material, split: str) -> list[tuple[PieceSource, Path]]:
    """List the cut-outs of a split with their own sounds."""
    sounds = {s.instance: s.path for s in material.sounds if s.instance}
    return [
        (piece, sounds[piece.instance])
        for piece in material.pieces
        if piece.split == split and piece.instance in sounds and piece.has_alpha
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("material", type=Path)
    parser.add_argument("--rivals", type=int, default=0)
    parser.add_argument("--split", default="test", help="validation, to choose on")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--window", type=float, default=PanSettings().localize.window_s)
    parser.add_argument(
        "--motion-gain", type=float, default=PanSettings().localize.motion_gain
    )
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--compute", choices=COMPUTE_ENGINES, default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder to keep the clips in")
    options = parser.parse_args()
    settings = PanSettings()
    localize = replace(
        settings.localize,
        window_s=options.window,
        motion_gain=options.motion_gain,
        checkpoint=options.checkpoint,
        compute=options.compute,
    )
    settings = replace(settings, localize=localize)
    localizer = load_localizer(localize.checkpoint, compute=localize.compute)
    material = read_material(options.material)
    chosen = choose(material, options.split)
    panoramas = [path for path, split in material.panoramas if split == options.split]
    rows: list[dict[str, Score]] = []
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder)
        for number, (piece, sound) in enumerate(chosen):
            rng = np.random.default_rng([options.seed, number])
            others = [p for p, _ in chosen if p.kind != piece.kind]
            rivals = [
                others[int(i)]
                for i in rng.choice(len(others), options.rivals, replace=False)
            ]
            movers = draw_movers([piece, *rivals], rng, options.seconds)
            clip = keep / f"{number:02d}-{piece.instance}.mp4"
            panorama = panoramas[int(rng.integers(len(panoramas)))]
            write_clip(
                clip, movers, panorama, sound, duration_s=options.seconds, rng=rng
            )
            rows.append(measure(clip, movers[0], localizer, settings))
            ours, deaf = rows[-1]["ours"], rows[-1][PICTURE_ONLY]
            print(
                f"{piece.instance:52s} in view {ours.seen:4.0%}, picture only "
                f"{deaf.seen:4.0%}, median {ours.off_deg:5.1f}° off",
                flush=True,
            )
    table(rows)


if __name__ == "__main__":
    main()
