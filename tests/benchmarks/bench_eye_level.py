"""What the camera films where its evidence is withheld: eye level, or sky and tripod?

    python tests/benchmarks/bench_eye_level.py MATERIAL [--sheet FILE.png]

MATERIAL is the folder that `pano prepare` reads, with `clips360/`. Each clip is
analysed; then its maps are said to be unsure (confidence 0.05) and, for comparison,
sure (0.9), and both are planned from. Printed are the camera's pitches and the largest
share of a picture that is blank (brightness that varies by less than two levels around
a pixel) or lies within 30° of the nadir, where the camera's own mount is.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pano.camera.path import CameraPath
from pano.camera.pose import CameraPose
from pano.director.plan import plan_path
from pano.errors import PanoError
from pano.media import open_media
from pano.rendering.renderer import ViewportRenderer
from pano.saliency_maps.saliency_map import SaliencyMap
from pano.sphere import grid_unit_vectors
from pano_jobs.analysis.analysis_pass import Analysis
from pano_jobs.progress import SilentProgress
from pano_jobs.settings import LocalizeSettings

WIDTH_PX, HEIGHT_PX = 320, 180
SAID = {"unsure": 0.05, "sure": 0.9}
BLANK_LEVELS = 2.0
NADIR_DEG = -60.0
EVERY = 30  # maps, a second

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Filmed:
    """What one path shows of a clip."""

    pitch_deg: tuple[float, float]
    blank: float
    nadir: float
    picture: Image


def analysed(clip: Path) -> tuple[list[SaliencyMap], list[Image]]:
    """Return a map and a picture a second."""
    with open_media(clip) as media:
        analysis = Analysis(
            media, LocalizeSettings(), localizer=None, progress=SilentProgress()
        )
        maps = list(analysis.maps())[::EVERY]
    with open_media(clip) as media:
        frames = enumerate(media.analysis_frames())
        pictures = [frame.image for number, frame in frames if number % EVERY == 0]
    return maps, pictures


def said(maps: Iterable[SaliencyMap], confidence: float) -> list[SaliencyMap]:
    return [replace(found, confidence=confidence) for found in maps]


def filmed(path: CameraPath, maps: list[SaliencyMap], pictures: list[Image]) -> Filmed:
    renderer = ViewportRenderer(WIDTH_PX, HEIGHT_PX)
    blanks, nadirs, shown = [], [], pictures[0]
    for found, picture in zip(maps, pictures, strict=False):
        pose = path.at(found.time_s)
        shown = renderer.render(picture, pose)
        blanks.append(blank_share(shown))
        nadirs.append(nadir_share(pose))
    pitch_deg = float(path.pitch_deg.min()), float(path.pitch_deg.max())
    return Filmed(pitch_deg, max(blanks), max(nadirs), shown)


def blank_share(picture: Image) -> float:
    grey = picture.mean(axis=2)
    size = (15, 15)
    variance = cv2.blur(grey**2, size) - cv2.blur(grey, size) ** 2
    return float(np.mean(variance < BLANK_LEVELS**2))


def nadir_share(pose: CameraPose) -> float:
    height, width = 180, 360
    pitch_deg = np.degrees(np.arcsin(grid_unit_vectors(height, width)[..., 1]))
    below = np.where(pitch_deg < NADIR_DEG, 255, 0).astype(np.uint8)
    sphere = np.repeat(below[..., None], 3, axis=2)
    view = ViewportRenderer(WIDTH_PX, HEIGHT_PX).render(sphere, pose)
    return float(np.mean(view > 127))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("material", type=Path)
    parser.add_argument("--sheet", type=Path, help="pictures of both paths")
    options = parser.parse_args()
    rows = []
    print("clip, maps said to be, pitch from and to, most blank, most nadir")
    for clip in sorted((options.material / "clips360").iterdir()):
        if clip.suffix not in (".mp4", ".ts"):
            continue
        try:
            maps, pictures = analysed(clip)
        except PanoError as error:  # no sound, or no word of its layout
            print(f"{clip.name}: left out, {str(error).partition(';')[0]}")
            continue
        found = {
            words: filmed(plan_path(said(maps, confidence)), maps, pictures)
            for words, confidence in SAID.items()
        }
        for words, one in found.items():
            low, high = one.pitch_deg
            print(
                f"{clip.name[:34]:34s} {words:7s} {low:6.1f}° {high:6.1f}° "
                f"{one.blank:5.0%} {one.nadir:5.0%}",
                flush=True,
            )
        rows.append(np.hstack([one.picture for one in found.values()]))
    if options.sheet is not None and rows:
        cv2.imwrite(str(options.sheet), np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
