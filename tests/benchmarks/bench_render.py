"""How fast and how true is a view? Ours, py360convert's and FFmpeg's v360.

Run: python tests/benchmarks/bench_render.py [--frames N]

The camera moves in every frame, as it does in a panned video; all start from the same
3840×1920 RGB picture in memory and end with 1280×720 RGB in memory. Truth is the drawn
landscape's detail read by 8 × 8 rays per pixel from a source of twice the width.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
import py360convert
from numpy.typing import NDArray

from pano.billboard import paint_billboard
from pano.camera import CameraPose
from pano.render import Interpolation, ViewportRenderer
from pano.sphere import Direction
from pipelines.demo.drawing import SourceKind, sprite
from pipelines.demo.landscape import panorama

Picture = NDArray[np.uint8]

SOURCE = (1920, 3840)
VIEW = (720, 1280)
HFOV_DEG = 65.5


def main() -> None:
    """Print ms per frame, ratio to ours and PSNR for each renderer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20)
    n_frames = parser.parse_args().frames
    finest = panorama(0, 2 * SOURCE[1], 2 * SOURCE[0])
    size = (SOURCE[1], SOURCE[0])
    source = cv2.resize(finest, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    poses = [
        CameraPose(170.0 + 1.3 * k, 12.0 * np.sin(k / 4.0), 0.0, HFOV_DEG)
        for k in range(n_frames)
    ]
    contestants: dict[str, Callable[[Picture, list[CameraPose]], Iterator[Picture]]] = {
        "ours, cubic (default)": lambda s, p: ours(s, p, Interpolation.CUBIC),
        "ours, linear": lambda s, p: ours(s, p, Interpolation.LINEAR),
        "ours, Lanczos": lambda s, p: ours(s, p, Interpolation.LANCZOS),
        "py360convert e2p, bilinear": lambda s, p: py360(s, p, "bilinear"),
        "py360convert e2p, bicubic": lambda s, p: py360(s, p, "bicubic"),
        "v360 through PyAV, linear": lambda s, p: v360(s, p, "linear"),
        "v360 through PyAV, cubic": lambda s, p: v360(s, p, "cubic"),
    }
    truth = reference(finest, poses[0], VIEW, n_rays=8)
    print(f"{SOURCE[1]}×{SOURCE[0]} → {VIEW[1]}×{VIEW[0]}, {n_frames} frames, CPU")
    base_ms = 0.0
    for name, renderer in contestants.items():
        next(iter(renderer(source, poses[:1])))  # warm
        start_s = time.perf_counter()
        pictures = list(renderer(source, poses))
        ms = (time.perf_counter() - start_s) * 1e3 / n_frames
        base_ms = base_ms or ms
        quality_db = psnr_db(pictures[0], truth)
        print(f"{name:28s} {ms:8.1f} ms  {ms / base_ms:6.2f} ×  {quality_db:5.1f} dB")
    bench_minification(source)
    bench_billboard()


def ours(
    source: Picture, poses: list[CameraPose], interpolation: Interpolation
) -> Iterator[Picture]:
    """Render with this project."""
    renderer = ViewportRenderer(VIEW[1], VIEW[0], interpolation=interpolation)
    for pose in poses:
        yield renderer.render(source, pose)


def py360(source: Picture, poses: list[CameraPose], mode: str) -> Iterator[Picture]:
    """Render with py360convert, told the view between its outer pixels' centres."""
    half_x = np.tan(np.radians(HFOV_DEG / 2.0))
    half_y = half_x * VIEW[0] / VIEW[1]
    span = (half_x * (1 - 1 / VIEW[1]), half_y * (1 - 1 / VIEW[0]))
    fov_deg = tuple(float(np.degrees(2 * np.arctan(half))) for half in span)
    for pose in poses:
        yield py360convert.e2p(
            source, fov_deg, pose.yaw_deg, pose.pitch_deg, out_hw=VIEW, mode=mode
        )


def v360(source: Picture, poses: list[CameraPose], interp: str) -> Iterator[Picture]:
    """Render with FFmpeg's filter, turned by commands between frames."""
    vfov_deg = ViewportRenderer(VIEW[1], VIEW[0]).viewport.vfov_deg(HFOV_DEG)
    graph = av.filter.Graph()
    buffer = graph.add_buffer(
        width=SOURCE[1], height=SOURCE[0], format="gbrp", time_base=Fraction(1, 30)
    )
    turn = graph.add(
        "v360",
        f"e:flat:h_fov={HFOV_DEG}:v_fov={vfov_deg}:w={VIEW[1]}:h={VIEW[0]}"
        f":interp={interp}:reset_rot=1",
    )
    sink = graph.add("buffersink")
    buffer.link_to(turn)
    turn.link_to(sink)
    graph.configure()
    frame = av.VideoFrame.from_ndarray(source, format="rgb24").reformat(format="gbrp")
    for number, pose in enumerate(poses):
        yaw_deg = (pose.yaw_deg + 180.0) % 360.0 - 180.0
        turn.process_command("yaw", f"{yaw_deg:.6f}")
        turn.process_command("pitch", f"{pose.pitch_deg:.6f}")
        frame.pts = number
        buffer.push(frame)
        yield sink.pull().to_ndarray(format="rgb24")


def reference(
    source: Picture, pose: CameraPose, size: tuple[int, int], *, n_rays: int
) -> NDArray[np.float64]:
    """Average n_rays × n_rays rays per pixel, read without any filter."""
    h, w = size
    fine = ViewportRenderer(
        w * n_rays, h * n_rays, interpolation=Interpolation.LINEAR, antialias=False
    )
    rays = fine.render(source, pose).reshape(h, n_rays, w, n_rays, 3)
    return np.asarray(rays.mean(axis=(1, 3)))


def psnr_db(picture: Picture, truth: NDArray[np.float64]) -> float:
    """Compare two pictures."""
    error = np.mean((picture - truth) ** 2)
    return float(10.0 * np.log10(255.0**2 / max(float(error), 1e-12)))


def bench_minification(source: Picture) -> None:
    """Print what anti-aliasing costs and brings for a small wide view."""
    pose = CameraPose(175.0, 5.0, 0.0, 100.0)
    size = (180, 320)
    truth = reference(source, pose, size, n_rays=16)
    print(f"minified: {size[1]}×{size[0]} at {pose.hfov_deg}°")
    for antialias in (True, False):
        renderer = ViewportRenderer(size[1], size[0], antialias=antialias)
        start_s = time.perf_counter()
        for _ in range(10):
            view = renderer.render(source, pose)
        ms = (time.perf_counter() - start_s) * 100.0
        print(
            f"antialias={antialias!s:5s} {ms:6.1f} ms  {psnr_db(view, truth):5.1f} dB"
        )


def bench_billboard() -> None:
    """Print the cost of one sprite of 20° on 1920×960."""
    picture = np.zeros((960, 1920, 3), np.uint8)
    bell = sprite(SourceKind.BELL, 0, 0.0)
    for pitch_deg in (0.0, 60.0, 90.0):
        center = Direction(180.0, pitch_deg)
        start_s = time.perf_counter()
        for _ in range(20):
            paint_billboard(picture, bell, center=center, width_deg=20.0)
        ms = (time.perf_counter() - start_s) * 50.0
        print(f"billboard of 20° at pitch {pitch_deg:.0f}°: {ms:.1f} ms")


if __name__ == "__main__":
    main()
