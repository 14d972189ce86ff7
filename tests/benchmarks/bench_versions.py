"""How fast is this version against an older one, and does it still look the same way?

    python tests/benchmarks/bench_versions.py --old 0056027 [--seconds 60] [CLIP ...]

Both versions lie side by side, each as git holds it, run by the Python at hand, and
take turns clip by clip, so that whatever else the machine does slows both. Printed are
medians of the rounds: seconds, times real time, peak memory, and the old version's time
over the new one's by the clock and by the processor. Without clips two are drawn at
1920×960: the demo's, and the same with grain.

    python tests/benchmarks/bench_versions.py --part first-look
    python tests/benchmarks/bench_versions.py --part render
    python tests/benchmarks/bench_versions.py --part paths CLIP ...

`first-look` is the time from the command to the end of the first look; `render` films a
saved path of ten seconds again. `paths` compares this version's path with that of the
exact way, 30 whole looks a second in 32 bits: angles between the views, frame by frame.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pano.camera.path import CameraPath
from pano.director.plan import plan_path
from pano.media import MediaWriter, SphericalMetadata, open_media
from pano.sphere import great_circle_deg, unit_vectors
from pano_jobs.analysis.analysis_pass import Analysis
from pano_jobs.progress import SILENT
from pano_jobs.settings import DemoSettings, LocalizeSettings
from pano_jobs.synthetic.world import default_world
from pano_jobs.video.demo import draw_clip

REPOSITORY = Path(__file__).parents[2]
GRAIN = 8.0  # levels

# Runs a command, then says its seconds by the clock and of processor, and its peak.
_TIMED = """
import resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
assert done.returncode == 0, done.stderr
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = time.perf_counter() - began
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024**2)
"""
# Runs a command up to the end of the first look.
_FIRST_LOOK = """
import importlib, os, sys
for module, name in (
    ("soundloc.inference.compiled.eye", "CompiledEye"),
    ("soundloc.inference.engine", "OpenVinoEngine"),
):
    try:
        eye = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        continue
    see = eye.see
    def look(*given, **named):
        see(*given, **named)
        os._exit(0)
    eye.see = look
    break
importlib.import_module(sys.argv.pop(1)).main()
"""


@dataclass(frozen=True)
class Version:
    """A version of the package in a folder of its own."""

    name: str
    folder: Path

    @property
    def module(self) -> str:
        is_new = (self.folder / "pipelines" / "pano_jobs").is_dir()
        return "pano_jobs.cli" if is_new else "pipelines.cli"

    def time(self, *words: object, code: str | None = None) -> tuple[float, ...]:
        """Run a command; seconds by the clock, of processor, and GB."""
        command = [sys.executable, "-m", self.module]
        if code is not None:
            command = [sys.executable, "-c", code, self.module]
        path = f"{self.folder}:{self.folder / 'pipelines'}"
        done = subprocess.run(
            [sys.executable, "-c", _TIMED, *command, *map(str, words)],
            env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "HOME": str(Path.home())},
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        )
        return tuple(float(value) for value in done.stdout.split())


def check_out(commit: str, folder: Path) -> Version:
    subprocess.run(
        ["git", "clone", "--quiet", REPOSITORY, folder], check=True, text=True
    )
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)
    return Version(commit, folder)


def race(
    versions: Sequence[Version],
    words: Sequence[object],
    folder: Path,
    *,
    rounds: int,
    code: str | None = None,
) -> np.ndarray:
    """Let versions run a command in turns: medians, shape (versions, 3)."""
    taken = np.zeros((rounds, len(versions), 3))
    for k in range(rounds):
        for i, version in enumerate(versions):
            target = folder / "out.mp4"
            target.unlink(missing_ok=True)
            taken[k, i] = version.time(*words, "-o", target, "--quiet", code=code)
    return np.median(taken, axis=0)


def row(words: str, medians: np.ndarray, duration_s: float | None = None) -> None:
    """Print one comparison."""
    new, old = medians[0], medians[-1]
    factor = "" if duration_s is None else f"{duration_s / new[0]:>10.2f}"
    print(
        f"{words:<34}{new[0]:>8.1f} s{factor}{new[2]:>8.2f} GB"
        f"{old[0]:>9.1f} s{old[0] / new[0]:>8.2f} ×{old[1] / new[1]:>8.2f} ×",
        flush=True,
    )


def drawn_clips(folder: Path, seconds: float) -> dict[str, Path]:
    demo, grainy = folder / "demo.mp4", folder / "grainy.mp4"
    settings = DemoSettings(duration_s=seconds, width_px=1920)
    draw_clip(default_world(duration_s=seconds), demo, settings)
    rng = np.random.default_rng(0)
    with (
        open_media(demo) as media,
        MediaWriter(
            grainy,
            width_px=1920,
            height_px=960,
            frame_rate=media.info.average_frame_rate,
            time_base=media.info.time_base,
            sound_from=demo,
            spherical=SphericalMetadata(),
            quality=23,
        ) as writer,
    ):
        for frame in media.frames():
            grain = rng.normal(0.0, GRAIN, (960, 1920, 1)).astype(np.float32)
            image = np.clip(frame.image + grain, 0.0, 255.0).astype(np.uint8)
            writer.write(image, frame.pts)
    return {"demo": demo, "grainy": grainy}


def path_of(clip: Path, settings: LocalizeSettings) -> CameraPath:
    with open_media(clip) as media:
        analysis = Analysis(media, settings, localizer=None, progress=SILENT)
        return plan_path(list(analysis.maps()))


def compare_paths(clips: Sequence[Path]) -> None:
    print(f"{'clip':<34}{'median':>9}{'95 %':>9}{'most':>9}")
    everywhere = []
    for clip in clips:
        exact = LocalizeSettings(visual_rate_hz=30.0, looks="all", compute="openvino")
        views = [
            unit_vectors(path.yaw_deg, path.pitch_deg)
            for path in (path_of(clip, LocalizeSettings()), path_of(clip, exact))
        ]
        apart_deg = great_circle_deg(*views)
        everywhere.append(apart_deg)
        print(_angles(clip.name, apart_deg), flush=True)
    print(_angles("all frames", np.concatenate(everywhere)))


def _angles(words: str, apart_deg: np.ndarray) -> str:
    median, high = np.percentile(apart_deg, [50.0, 95.0])
    return f"{words:<34}{median:>8.2f}°{high:>8.2f}°{apart_deg.max():>8.2f}°"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--old", default="0056027")
    parser.add_argument("--new", default="HEAD")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--part", choices=["pan", "first-look", "render", "paths"], default="pan"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        seconds = asked.seconds if asked.part == "pan" else 10.0
        clips = {clip.stem: clip.resolve() for clip in asked.clips}
        clips = clips or drawn_clips(folder, seconds)
        if asked.part == "paths":
            compare_paths(list(clips.values()))
            return
        versions = [
            check_out(commit, folder / name)
            for name, commit in (("new", asked.new), ("old", asked.old))
        ]
        print(f"{'':<34}{'new':>10}{'memory':>11}{'old':>11}{'clock':>10}{'cpu':>10}")
        for name, clip in clips.items():
            words: list[object] = ["pan", clip]
            code = _FIRST_LOOK if asked.part == "first-look" else None
            if asked.part == "render":
                path = folder / f"{name}.json"
                film = folder / "film.mp4"
                versions[1].time(
                    "pan", clip, "-o", film, "--save-path", path, "--quiet"
                )
                film.unlink()
                words = ["render", clip, "--path", path]
            medians = race(versions, words, folder, rounds=asked.rounds, code=code)
            with open_media(clip) as media:
                duration_s = media.info.duration_from_header_s
            row(name, medians, None if code else duration_s)


if __name__ == "__main__":
    main()
