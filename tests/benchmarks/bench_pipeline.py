"""How fast each stage is and how much memory a job takes.

    python tests/benchmarks/bench_pipeline.py [--seconds 10] [--width 3840]

A real-time factor of 2 means two seconds of video per second. Each stage is timed
alone on the same drawn clip; then whole jobs of two lengths run in processes of
their own, whose peak memory must not grow with the length.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

from pano.camera.path import CameraPose
from pano.director.plan import plan_path
from pano.draw.overlay import blend_heatmap
from pano.media import MediaWriter, open_media
from pano.rendering.renderer import ViewportRenderer
from pano_jobs.analysis.audio_track import load_audio_track
from pano_jobs.analysis.localize import localize, log_solid_angles
from pano_jobs.analysis.localizer import load_localizer
from pano_jobs.settings import DemoSettings, LensSettings, LocalizeSettings
from pano_jobs.synthetic.world import default_world
from pano_jobs.video.demo import draw_clip

LENGTHS = (1, 3)


def exhaust(items: Iterable[object]) -> int:
    return sum(1 for _ in items)


class Table:
    """Time stages of a clip of known length."""

    def __init__(self, duration_s: float) -> None:
        self._duration_s = duration_s
        print(f"{'stage':<34}{'seconds':>9}{'x real time':>13}")

    def row(self, name: str, stage, *, share: float = 1.0):
        """Run a stage; `share` is the part of the clip that it worked on."""
        start_s = time.perf_counter()
        result = stage()
        took_s = time.perf_counter() - start_s
        factor = share * self._duration_s / took_s
        print(f"{name:<34}{took_s:>9.2f}{factor:>13.2f}", flush=True)
        return result


def bench_stages(clip: Path, duration_s: float, folder: Path) -> None:
    settings = LocalizeSettings()
    lens = LensSettings()
    table = Table(duration_s)
    with open_media(clip) as media:
        table.row("decode, full resolution", lambda: exhaust(media.frames()))
        table.row("decode, analysis clock", lambda: exhaust(media.analysis_frames()))
        start_s = time.perf_counter()
        localizer = load_localizer(settings.checkpoint, settings.compute)
        print(f"{'(load the localizer)':<34}{time.perf_counter() - start_s:>9.2f}")
        hearing = table.row(
            "hear", lambda: load_audio_track(media, settings, localizer=localizer)
        )
        frames = media.analysis_frames()
        image = next(frames).image
        n_looks = max(round(duration_s * settings.visual_rate_hz), 1)
        visual = localizer.see(image, wrap=True)
        table.row(
            f"see, {settings.visual_rate_hz:g} looks a second",
            lambda: [localizer.see(image, wrap=True) for _ in range(n_looks)],
        )
        (sound,) = hearing.track.windows([duration_s / 2.0], settings.window_s)
        prior = log_solid_angles(*visual.shape[1:])
        n_maps = round(30 * duration_s)
        table.row(
            "attend, 30 maps a second",
            lambda: [
                localizer.judge(cosines, sound, log_prior=prior)
                for _ in range(n_maps // 6)
                for cosines in localizer.respond(visual, [sound] * 6)
            ],
        )
        maps = table.row(
            "pass 1 (all of these)",
            lambda: list(localize(media.analysis_frames(), hearing, settings)),
        )
        table.row("plan", lambda: plan_path(maps))
        frame = next(media.frames())
        planes = next(media.planar_frames()).planes
        n_frames = round(30 * duration_s)
        renderer = ViewportRenderer(lens.width_px, lens.height_px, sphere=media.sphere)
        table.row(
            "render",
            lambda: [
                renderer.render_planes(planes, CameraPose(k * 0.5, 0.0))
                for k in range(n_frames)
            ],
        )
        density = maps[0].density
        n_few = max(n_frames // 5, 1)
        table.row(
            "paint the heat map",
            lambda: [blend_heatmap(frame.image, density) for _ in range(n_few)],
            share=n_few / n_frames,
        )
        for name, picture, n in (
            (
                "encode the view",
                renderer.render(frame.image, CameraPose(0.0, 0.0)),
                n_frames,
            ),
            ("encode the sphere", frame.image, n_few),
        ):
            table.row(
                name,
                lambda picture=picture, n=n: encode(folder, picture, n),
                share=n / n_frames,
            )


def encode(folder: Path, picture, n: int) -> None:
    """Encode a picture that shifts, so that no frame is a copy of the last."""
    with MediaWriter(
        folder / "encoded.mp4",
        width_px=picture.shape[1],
        height_px=picture.shape[0],
        frame_rate=Fraction(30),
        time_base=Fraction(1, 30),
        sound_from=None,
        overwrite=True,
    ) as writer:
        for k in range(n):
            writer.write(np.roll(picture, 4 * k, axis=1), k)


def bench_jobs(clips: dict[int, Path], seconds: float, folder: Path) -> None:
    print(
        f"\n{'job':<12}{'clip':>8}{'seconds':>9}{'x real time':>13}{'peak memory':>14}"
    )
    for job in ("pan", "saliency"):
        for length, clip in clips.items():
            target = folder / f"{job}-{length}.mp4"
            code = (
                "import resource, sys\n"
                "from pano_jobs.cli import main\n"
                "try: main(sys.argv[1:])\n"
                "except SystemExit as end: assert not end.code, end.code\n"
                "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
            )
            start_s = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", code, job, clip, "-o", target, "--quiet"],
                check=True,
                capture_output=True,
                text=True,
            )
            took_s = time.perf_counter() - start_s
            duration_s = seconds * length
            peak_gb = int(done.stdout.split()[-1]) / 1024**2
            print(
                f"{job:<12}{duration_s:>6.0f} s{took_s:>9.1f}"
                f"{duration_s / took_s:>13.2f}{peak_gb:>11.2f} GB",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--width", type=int, default=3840)
    parser.add_argument("--stages-only", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clips = {}
        for length in LENGTHS[: 1 if chosen.stages_only else None]:
            duration_s = chosen.seconds * length
            clips[length] = folder / f"clip-{length}.mp4"
            settings = DemoSettings(duration_s=duration_s, width_px=chosen.width)
            world = default_world(duration_s=duration_s)
            draw_clip(world, clips[length], settings)
        print(f"a drawn clip of {chosen.seconds:g} s, {chosen.width} px wide")
        # The jobs first: a process counts its parent's memory at the fork as its own.
        if not chosen.stages_only:
            bench_jobs(clips, chosen.seconds, folder)
        bench_stages(clips[1], chosen.seconds, folder)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"\npeak of the stages: {peak_kb / 1024**2:.2f} GB")


if __name__ == "__main__":
    main()
