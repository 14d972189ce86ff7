"""Does what moves in time with the sound tell where it comes from?

    python tests/benchmarks/bench_synchrony.py MATERIAL [--part NAME] [--half NAME]

Filmed: three filmed clips of different kinds stand in a panorama, 40° wide, all of them
moving; the sound of one is heard. Alike: three copies of one cut-out, the sounding one
of which grows a little in time with its sound, the others in time with other sounds of
the same length. Cost: the processor's time that the analysis of a filmed clip takes
with synchrony, against the same without, in turns. MATERIAL is the folder that `pano
prepare` reads, with `video/`.

Printed is the share of maps whose largest mass lies in the right one of the three, by
the localizer alone, with synchrony and by synchrony alone, with the 95 % interval of a
bootstrap over clips; a third is chance. `--half chosen` is for choosing constants:
every other filmed clip, panoramas and cut-outs of the validation split. What is
reported are the others.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from pano.draw.billboard import paint_billboard
from pano.media import open_media
from pano.media.sound.track import decode_sound
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import Direction, grid_unit_vectors
from pano_jobs.analysis.analysis_pass import Analysis
from pano_jobs.analysis.localizer import Localizer, load_localizer
from pano_jobs.datasets.material import read_material
from pano_jobs.progress import SilentProgress
from pano_jobs.settings import LocalizeSettings
from soundloc.scoring.intervals import bootstrap
from tests.benchmarks.bench_composed_clips import (
    SOUND_RATE_HZ,
    WIDTH_PX,
    read_rgba,
    write_sphere,
)

RATE_HZ = 30
FILMED_DEG, ALIKE_DEG = 40.0, 24.0
SPRITE_PX = 160
MOST_S = 8.0
COST_ROUNDS = 5
# Of the cut-outs' width, at the loudest.
GROWTH = 0.12

Image = NDArray[np.uint8]
Sound = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Something that stands in the scene: its pictures by time, and where."""

    picture_at: Callable[[float], tuple[Image, float]]
    center: Direction


def filmed_pictures(path: Path) -> Callable[[float], tuple[Image, float]]:
    """Decode a filmed clip to small opaque sprites."""
    times_s: list[float] = []
    pictures: list[Image] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            time_s = float(frame.pts * stream.time_base)
            if times_s and time_s - times_s[0] > MOST_S:
                break
            height = round(SPRITE_PX * frame.height / frame.width / 2) * 2
            picture = frame.to_ndarray(format="rgba")
            size = SPRITE_PX, height
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            pictures.append(np.asarray(small, np.uint8))
            times_s.append(time_s)
    begins_s = np.array(times_s) - times_s[0]

    def picture_at(time_s: float) -> tuple[Image, float]:
        index = int(np.searchsorted(begins_s, time_s + 1e-6)) - 1
        return pictures[max(index, 0)], FILMED_DEG

    return picture_at


def growing(sprite: Image, sound: Sound) -> Callable[[float], tuple[Image, float]]:
    """Let a sprite grow with the loudness of a sound, a tenth of a second long."""
    n_block = SOUND_RATE_HZ // 10
    loudness = np.sqrt(
        np.convolve(np.square(sound, dtype=np.float64), np.ones(n_block), "same")
    )
    loudness /= max(float(np.percentile(loudness, 98.0)), 1e-9)

    def picture_at(time_s: float) -> tuple[Image, float]:
        index = min(int(time_s * SOUND_RATE_HZ), len(loudness) - 1)
        width_deg = ALIKE_DEG * (1.0 + GROWTH * min(float(loudness[index]), 1.0))
        return sprite, width_deg

    return picture_at


def write_clip(
    target: Path, standing: Sequence[Standing], panorama: Path, sound: Sound
) -> None:
    """Write a sphere with what stands in it and the sound."""
    background = cv2.resize(read_rgba(panorama)[..., :3], (WIDTH_PX, WIDTH_PX // 2))

    def image_at(time_s: float) -> Image:
        image = np.array(background, dtype=np.uint8)
        for one in standing:
            picture, width_deg = one.picture_at(time_s)
            paint_billboard(image, picture, center=one.center, width_deg=width_deg)
        return image

    write_sphere(target, image_at, sound, rate_hz=RATE_HZ)


def maps_of(
    clip: Path, localizer: Localizer, settings: LocalizeSettings
) -> list[SaliencyMap]:
    with open_media(clip) as media:
        analysis = Analysis(
            media, settings, localizer=localizer, progress=SilentProgress()
        )
        return list(analysis.maps())[::6]


def share_right(
    maps: Sequence[SaliencyMap], standing: Sequence[Standing], width_deg: float
) -> float:
    """Return the share of maps with most of their mass in the first of the three."""
    right = []
    for found in maps:
        masses = found.masses()
        units = grid_unit_vectors(*masses.shape)
        near = np.cos(np.radians(width_deg / 2.0))
        held = [
            float(masses[units @ one.center.unit() >= near].sum()) for one in standing
        ]
        right.append(int(np.argmax(held)) == 0)
    return float(np.mean(right))


def shares(
    clip: Path, standing: Sequence[Standing], width_deg: float, localizer: Localizer
) -> tuple[float, float, float]:
    """Return the share that is right by the localizer, with synchrony, and by it."""
    settings = LocalizeSettings()
    without = maps_of(clip, localizer, replace(settings, synchrony_gain=0.0))
    both = maps_of(clip, localizer, settings)
    alone = [
        replace(
            one, density=_scaled(one.density / np.maximum(other.density, 1e-12), one)
        )
        for one, other in zip(both, without, strict=True)
    ]
    return (
        share_right(without, standing, width_deg),
        share_right(both, standing, width_deg),
        share_right(alone, standing, width_deg),
    )


def _scaled(ratio: NDArray[np.floating], like: SaliencyMap) -> NDArray[np.float32]:
    """Scale a ratio of densities so that it is one itself."""
    omega = like.masses() / np.maximum(like.density, 1e-12)
    return np.asarray(ratio / np.sum(ratio * omega), np.float32)


def around(first_yaw_deg: float) -> list[Direction]:
    return [Direction(first_yaw_deg + 120.0 * k, 0.0) for k in range(3)]


def sound_of(path: Path) -> Sound:
    found = decode_sound(path, start=Fraction(0), sample_rate_hz=SOUND_RATE_HZ)
    return np.asarray(found.samples[: round(MOST_S * SOUND_RATE_HZ)], np.float32)


def filmed_clips(
    material: Path, half: str, folder: Path, panoramas: list[Path]
) -> Iterator[tuple[str, Path, list[Standing]]]:
    """Compose each filmed clip with two of other kinds, three times."""
    with (material / "video" / "labels.csv").open(newline="") as table:
        rows = sorted(csv.DictReader(table), key=lambda row: row["file"])
    rows = rows[::2] if half == "chosen" else rows[1::2]
    for number, row in enumerate(rows):
        if row["certainty"] != "sure":
            continue
        rng = np.random.default_rng(number)
        others = [other for other in rows if other["class"] != row["class"]]
        for take in range(3):
            picked = rng.choice(len(others), 2, replace=False)
            trio = [row, *(others[int(k)] for k in picked)]
            places = around(rng.uniform(-180.0, 180.0))
            standing = [
                Standing(filmed_pictures(material / "video" / one["file"]), place)
                for one, place in zip(trio, places, strict=True)
            ]
            target = folder / f"filmed-{half}-{number:02d}-{take}.mp4"
            panorama = panoramas[int(rng.integers(len(panoramas)))]
            sound = sound_of(material / "video" / row["file"])
            write_clip(target, standing, panorama, sound)
            yield row["file"], target, standing


def alike_clips(
    material: Path, split: str, folder: Path, panoramas: list[Path]
) -> Iterator[tuple[str, Path, list[Standing]]]:
    """Compose three copies of each cut-out that has a sound of its own."""
    read = read_material(material)
    sounds = {sound.instance: sound.path for sound in read.sounds if sound.instance}
    pieces = [
        piece
        for piece in read.pieces
        if piece.split == split and piece.instance in sounds and piece.has_alpha
    ]
    n = round(MOST_S * SOUND_RATE_HZ)
    for number, piece in enumerate(pieces):
        rng = np.random.default_rng(number)
        others = rng.choice(len(pieces), 2, replace=False)
        heard = [piece, *(pieces[int(k)] for k in others)]
        if len({one.instance for one in heard}) < 3:
            heard = [piece, *[one for one in pieces if one is not piece][:2]]
        courses = [np.resize(sound_of(sounds[one.instance]), n) for one in heard]
        sprite = read_rgba(piece.path)
        standing = [
            Standing(growing(sprite, course), place)
            for course, place in zip(
                courses, around(rng.uniform(-180.0, 180.0)), strict=True
            )
        ]
        target = folder / f"alike-{number:02d}.mp4"
        panorama = panoramas[int(rng.integers(len(panoramas)))]
        write_clip(target, standing, panorama, courses[0])
        yield piece.instance or piece.kind, target, standing


def report(
    title: str,
    clips: Iterator[tuple[str, Path, list[Standing]]],
    width_deg: float,
    localizer: Localizer,
) -> None:
    names, rows = [], []
    print(f"\n{title}: localizer, with synchrony, synchrony alone", flush=True)
    for name, clip, standing in clips:
        rows.append(shares(clip, standing, width_deg, localizer))
        names.append(name)
        words = "  ".join(f"{share:4.0%}" for share in rows[-1])
        print(f"{name[:50]:50s} {words}", flush=True)
    groups = np.unique(names, return_inverse=True)[1]
    for column, words in enumerate(("localizer", "with synchrony", "synchrony alone")):
        found = bootstrap(np.array([row[column] for row in rows]), groups)
        print(f"{words:16s} {found}", flush=True)


def report_cost(clip: Path, localizer: Localizer) -> None:
    """Print medians over rounds in which both ways take turns."""
    seconds: dict[float, list[float]] = {0.0: [], 1.0: []}
    for _ in range(COST_ROUNDS):
        for gain, taken in seconds.items():
            settings = replace(LocalizeSettings(), synchrony_gain=gain)
            since = time.process_time()
            maps_of(clip, localizer, settings)
            taken.append(time.process_time() - since)
    without, both = (float(np.median(taken)) for taken in seconds.values())
    print(f"\nCost: {both:.1f} s against {without:.1f} s, {both / without:.2f} times")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("material", type=Path)
    parser.add_argument("--part", choices=("filmed", "alike", "cost"))
    parser.add_argument("--half", choices=("chosen", "held-back"), default="held-back")
    options = parser.parse_args()
    material = options.material
    split = "validation" if options.half == "chosen" else "test"
    read = read_material(material)
    panoramas = [path for path, of_split in read.panoramas if of_split == split]
    localizer = load_localizer(None, "auto")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.part in (None, "filmed"):
            clips = filmed_clips(material, options.half, folder, panoramas)
            report("Filmed", clips, FILMED_DEG, localizer)
        if options.part in (None, "alike"):
            clips = alike_clips(material, split, folder, panoramas)
            report("Alike", clips, ALIKE_DEG, localizer)
        if options.part in (None, "cost"):
            beside = folder / "cost"
            beside.mkdir()
            _, clip, _ = next(filmed_clips(material, options.half, beside, panoramas))
            report_cost(clip, localizer)


if __name__ == "__main__":
    main()
