"""How fast and how true is a view? Ours, py360convert's and FFmpeg's v360.

Run: python tests/benchmarks/bench_render.py [--frames N]

The camera moves in every frame, as it does in a panned video. All film the same decoded
3840×1920 picture, 4:2:0, and take turns frame by frame, so that whatever else the
machine does slows all of them; a ratio is the median over the frames. What a contestant
needs that is not planes is converted before the clock starts, and back after it stops.

Truth is the same drawn landscape at twice the width, read by 8 × 8 rays per pixel, its
colours at the places where 4:2:0 has them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Literal, get_args

import av
import cv2
import numpy as np
import py360convert
from numpy.typing import NDArray

from pano.camera.lens import Lens
from pano.camera.path import CameraPose
from pano.equirect.planes import Planes
from pano.media import planes_to_rgb, rgb_to_planes
from pano.media.pictures import frame_planes, planes_to_frame
from pano.rendering.renderer import Interpolation, ViewportRenderer
from pano_jobs.synthetic.landscape import panorama

Picture = NDArray[np.uint8]
Film = Callable[[CameraPose], Planes | Picture | av.VideoFrame]
PeerMode = Literal["bilinear", "bicubic"]

SOURCE = (1920, 3840)
VIEW = (720, 1280)
HFOV_DEG = 65.5
# Rec. ITU-R BT.709, limited range: rows Y, Cb, Cr of R, G, B.
BT709 = (
    np.array(
        [
            [0.2126, 0.7152, 0.0722],
            [-0.2126 / 1.8556, -0.7152 / 1.8556, 0.5],
            [0.5, -0.7152 / 1.5748, -0.0722 / 1.5748],
        ]
    )
    * np.array([[219.0], [224.0], [224.0]])
    / 255.0
)
OURS = "ours, cubic (default)"


def main() -> None:
    """Print ms per frame, ratios to ours and PSNR for each renderer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=20)
    n_frames = parser.parse_args().frames
    finest = panorama(0, 2 * SOURCE[1], 2 * SOURCE[0])
    size = (SOURCE[1], SOURCE[0])
    drawn = cv2.resize(finest, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    planes = rgb_to_planes(drawn)
    poses = [
        CameraPose(170.0 + 1.3 * k, 25.0 * np.sin(k / 4.0), 0.0, HFOV_DEG)
        for k in range(n_frames)
    ]
    films = contestants(planes)
    seconds = race(films, poses)
    true = {pose: reference(finest, pose) for pose in poses[:: max(1, n_frames // 3)]}
    print(f"{SOURCE[1]}×{SOURCE[0]} → {VIEW[1]}×{VIEW[0]}, {n_frames} frames, CPU")
    print(f"{'median of':36s}{'clock':>10s}{'to ours':>9s}{'processor':>11s}", end="")
    print(f"{'to ours':>9s}{'Y':>9s}{'colours':>10s}")
    for name, film in films.items():
        ms = 1e3 * np.median(seconds[name], axis=0)
        ratio = np.median(seconds[name] / seconds[OURS], axis=0)
        y_db, uv_db = quality_db(film, true)
        print(
            f"{name:36s}{ms[0]:7.1f} ms{ratio[0]:7.1f} ×{ms[1]:8.1f} ms"
            f"{ratio[1]:7.1f} ×{y_db:6.1f} dB{uv_db:7.1f} dB"
        )
    bench_lenses(planes)
    bench_minification(drawn)


def contestants(planes: Planes) -> dict[str, Film]:
    """Set everybody up; what they return is planes or RGB."""
    rgb = planes_to_rgb(planes)
    films: dict[str, Film] = {
        OURS: ours(planes, Interpolation.CUBIC),
        "ours, linear": ours(planes, Interpolation.LINEAR),
        "ours, Lanczos": ours(planes, Interpolation.LANCZOS),
        "ours on RGB, cubic": ours_rgb(rgb),
    }
    for mode in get_args(PeerMode):
        films[f"py360convert e2p on RGB, {mode}"] = py360(rgb, mode)
        films[f"py360convert e2p on planes, {mode}"] = py360_planes(planes, mode)
    for mode in ("linear", "cubic"):
        films[f"v360 on planes, {mode}"] = v360(planes, "yuv420p", mode)
        films[f"v360 on 4:4:4 planes, {mode}"] = v360(planes, "yuv444p", mode)
    return films


def race(
    films: dict[str, Film], poses: list[CameraPose]
) -> dict[str, NDArray[np.float64]]:
    """Time everybody at every pose in turn, after one picture to warm up.

    By the clock and by what the processor did for it, shape (n, 2) each.
    """
    seconds = {name: np.zeros((len(poses), 2)) for name in films}
    for film in films.values():
        film(CameraPose(0.0, 0.0, 0.0, HFOV_DEG))
    for k, pose in enumerate(poses):
        for name, film in films.items():
            start_s = np.array([time.perf_counter(), time.process_time()])
            film(pose)
            end_s = np.array([time.perf_counter(), time.process_time()])
            seconds[name][k] = end_s - start_s
    return seconds


def ours(planes: Planes, interpolation: Interpolation) -> Film:
    """Film with this project, as `pano pan` does."""
    renderer = ViewportRenderer(VIEW[1], VIEW[0], interpolation=interpolation)
    return lambda pose: renderer.render_planes(planes, pose)


def ours_rgb(rgb: Picture) -> Film:
    """Film with this project, RGB in and out."""
    renderer = ViewportRenderer(VIEW[1], VIEW[0])
    return lambda pose: renderer.render(rgb, pose)


def e2p_fov_deg(n_columns: int, n_rows: int) -> tuple[float, float]:
    """Return the view between the outer pixels' centres, which e2p asks for."""
    half_x = np.tan(np.radians(HFOV_DEG / 2.0))
    half_y = half_x * VIEW[0] / VIEW[1]
    span = (half_x * (1 - 1 / n_columns), half_y * (1 - 1 / n_rows))
    x_deg, y_deg = (float(np.degrees(2 * np.arctan(half))) for half in span)
    return x_deg, y_deg


def py360(picture: Picture, mode: PeerMode, shrink: int = 1) -> Callable[..., Picture]:
    """Film with py360convert."""
    size = VIEW[0] // shrink, VIEW[1] // shrink
    fov_deg = e2p_fov_deg(size[1], size[0])

    def film(pose: CameraPose) -> Picture:
        yaw_deg, pitch_deg = pose.yaw_deg, pose.pitch_deg
        return py360convert.e2p(
            picture, fov_deg, yaw_deg, pitch_deg, out_hw=size, mode=mode
        )

    return film


def py360_planes(planes: Planes, mode: PeerMode) -> Film:
    """Film with py360convert plane by plane; it knows nothing of chroma siting."""
    y = py360(planes.y, mode)
    chroma = py360(np.stack([planes.u, planes.v], axis=-1), mode, shrink=2)

    def film(pose: CameraPose) -> Planes:
        uv = chroma(pose)
        return Planes(y(pose), uv[..., 0], uv[..., 1])

    return film


def v360(planes: Planes, pixel_format: str, interp: str) -> Film:
    """Film with FFmpeg's filter, turned by commands between frames."""
    vfov_deg = ViewportRenderer(VIEW[1], VIEW[0]).viewport.vfov_deg(HFOV_DEG)
    graph = av.filter.Graph()
    buffer = graph.add_buffer(
        width=SOURCE[1],
        height=SOURCE[0],
        format=av.VideoFormat(pixel_format),
        time_base=Fraction(1, 30),
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
    frame = planes_to_frame(planes)
    if pixel_format != "yuv420p":
        frame = frame.reformat(format=pixel_format, interpolation="BICUBIC")
    frame.pts = 0

    def film(pose: CameraPose) -> av.VideoFrame:
        yaw_deg = (pose.yaw_deg + 180.0) % 360.0 - 180.0
        turn.process_command("yaw", f"{yaw_deg:.6f}")
        turn.process_command("pitch", f"{pose.pitch_deg:.6f}")
        frame.pts += 1
        graph.vpush(frame)
        return graph.vpull()

    return film


def reference(source: Picture, pose: CameraPose, n_rays: int = 8) -> list[NDArray]:
    """Average n_rays × n_rays rays per pixel, read without any filter; Y, Cb and Cr.

    A chroma sample stands for two pixels by two, in the middle of an even column.
    """
    h, w = VIEW
    fine = ViewportRenderer(
        w * n_rays, h * n_rays, interpolation=Interpolation.LINEAR, antialias=False
    )
    rays = fine.render(source, pose)
    half = n_rays // 2
    left = np.concatenate([rays[:, :1].repeat(half, axis=1), rays[:, :-half]], axis=1)
    whole = rays.reshape(h, n_rays, w, n_rays, 3).mean(axis=(1, 3))
    pairs = left.reshape(h // 2, 2 * n_rays, w // 2, 2 * n_rays, 3).mean(axis=(1, 3))
    y = whole @ BT709[0] + 16.0
    return [y, pairs @ BT709[1] + 128.0, pairs @ BT709[2] + 128.0]


def quality_db(
    film: Film, true: dict[CameraPose, list[NDArray]]
) -> tuple[float, float]:
    """Compare luma, and both chroma planes together, with the truth."""
    errors = np.zeros(3)
    for pose, planes in true.items():
        view = as_planes(film(pose))
        for k, (ours, truth) in enumerate(
            zip((view.y, view.u, view.v), planes, strict=True)
        ):
            errors[k] += np.mean((ours - truth) ** 2) / len(true)
    y_db, uv_db = 10.0 * np.log10(255.0**2 / np.array([errors[0], errors[1:].mean()]))
    return float(y_db), float(uv_db)


def as_planes(view: Planes | Picture | av.VideoFrame) -> Planes:
    """Bring whatever was filmed to what a video stores."""
    if isinstance(view, Planes):
        return view
    if isinstance(view, av.VideoFrame):
        return frame_planes(view.reformat(format="yuv420p", interpolation="BICUBIC"))
    return rgb_to_planes(view)


def psnr_db(picture: Picture, truth: NDArray[np.float64]) -> float:
    """Compare two pictures."""
    error = np.mean((picture - truth) ** 2)
    return float(10.0 * np.log10(255.0**2 / max(float(error), 1e-12)))


def bench_lenses(planes: Planes) -> None:
    """Print what other views cost."""
    views = (
        ("towards the zenith", Lens.RECTILINEAR, 75.0, HFOV_DEG),
        ("wide", Lens.RECTILINEAR, 0.0, 110.0),
        ("Pannini", Lens.PANNINI, 0.0, 150.0),
        ("stereographic", Lens.STEREOGRAPHIC, 0.0, 150.0),
        ("little planet", Lens.STEREOGRAPHIC, -90.0, 300.0),
    )
    for name, lens, pitch_deg, hfov_deg in views:
        renderer = ViewportRenderer(VIEW[1], VIEW[0], lens=lens)
        times = []
        for k in range(9):
            pose = CameraPose(1.3 * k, pitch_deg, 0.0, hfov_deg)
            start_s = time.perf_counter()
            renderer.render_planes(planes, pose)
            times.append(time.perf_counter() - start_s)
        print(f"{name}, {hfov_deg:g}°: {1e3 * float(np.median(times)):.1f} ms")


def bench_minification(source: Picture) -> None:
    """Print what anti-aliasing costs and brings for a small wide view."""
    pose = CameraPose(175.0, 5.0, 0.0, 100.0)
    size = (180, 320)
    n_rays = 16
    fine = ViewportRenderer(
        size[1] * n_rays,
        size[0] * n_rays,
        interpolation=Interpolation.LINEAR,
        antialias=False,
    ).render(source, pose)
    truth = fine.reshape(size[0], n_rays, size[1], n_rays, 3).mean(axis=(1, 3))
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


if __name__ == "__main__":
    main()
