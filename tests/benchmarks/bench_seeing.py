"""How long do looking and listening take, and what of it is the larger picture?

Run: python -m tests.benchmarks.bench_seeing

One 480 x 960 picture through the default network: OpenVINO in 32 and 16 bits, torch,
and OpenVINO without smoothing, and à trous instead of enlarging; then a minute of
sound. Medians of a few runs, as seconds by the clock, seconds of processor, and times
the first row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from soundloc.inference.engine import OpenVinoEngine, TorchEngine, VisualEngine
from soundloc.inference.localizer import SoundLocalizer
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SAMPLE_RATE_HZ, SoundLocalizationNet
from soundloc.network.trunks.efficientnet import PictureScale

N_RUNS = 10


def median_s(work: Callable[[], object]) -> tuple[float, float]:
    """Time some runs after a first one: median seconds by the clock, of processor."""
    work()
    taken = []
    for _ in range(N_RUNS):
        clock_s, processor_s = time.perf_counter(), time.process_time()
        work()
        taken.append((time.perf_counter() - clock_s, time.process_time() - processor_s))
    clock_s, processor_s = np.median(taken, axis=0)
    return float(clock_s), float(processor_s)


def looking(scale: PictureScale, smoothing_cells: float) -> SoundLocalizationNet:
    """Load the default network with another look at pictures."""
    net = load_checkpoint().net
    net.visual.trunk.picture_scale = scale
    net.visual.smoothing_cells = smoothing_cells
    return net


def main() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (480, 960, 3), dtype=np.uint8)
    image = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    net = load_checkpoint().net
    engines: dict[str, VisualEngine] = {
        "OpenVINO, 32 bits": OpenVinoEngine(net.visual),
        "  without smoothing": OpenVinoEngine(looking(2, 0.0).visual),
        "  à trous instead": OpenVinoEngine(looking(1, 0.0).visual),
        "OpenVINO, 16 bits": OpenVinoEngine(net.visual, precision="bf16"),
        "torch": TorchEngine(net.visual),
    }
    exact = engines["OpenVINO, 32 bits"].see(image, wrap=True)
    first_s = 0.0
    for name, engine in engines.items():
        clock_s, processor_s = median_s(partial(engine.see, image, wrap=True))
        first_s = first_s or clock_s
        seen = engine.see(image, wrap=True)
        likeness = ""
        if seen.shape == exact.shape:
            cosines = np.einsum("dij,dij->ij", seen, exact)
            likeness = f", least cosine of v_i to the first {cosines.min():.4f}"
        print(
            f"{name:20s} {clock_s:.3f} s, {processor_s:.3f} s of processor, "
            f"{clock_s / first_s:.2f} x{likeness}",
            flush=True,
        )
    localizer = SoundLocalizer(net, engines["torch"])
    minute = rng.normal(0.0, 0.1, 60 * SAMPLE_RATE_HZ).astype(np.float32)
    clock_s, processor_s = median_s(lambda: localizer.hear(minute))
    print(f"a minute of sound    {clock_s:.3f} s, {processor_s:.3f} s of processor")


if __name__ == "__main__":
    main()
