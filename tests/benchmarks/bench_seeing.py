"""How long do looking and listening take, and what of it is the larger picture?

Run: python -m tests.benchmarks.bench_seeing

One 480 x 960 picture through the default network: OpenVINO in 32 and 16 bits, without
smoothing, à trous instead of enlarging, and as torch exports it; torch; then a minute
of sound in OpenVINO and in torch. Medians of a few runs, as seconds by the clock,
seconds of processor, and times the first row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from soundloc.checkpoint_file import read_checkpoint_file
from soundloc.inference.compiled.eye import CompiledEye
from soundloc.inference.compiled.operations import Precision
from soundloc.inference.engine import VisualEngine
from soundloc.inference.localizer import SoundLocalizer
from soundloc.inference.torch_engine import ExportedEngine, TorchEngine
from soundloc.inference.torch_localizer import localizer_of
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SAMPLE_RATE_HZ

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


def main() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (480, 960, 3), dtype=np.uint8)
    image = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    stored, net = read_checkpoint_file(), load_checkpoint().net

    def eye(precision: Precision = "f32", **changes: Any) -> CompiledEye:
        config = replace(stored.config, **changes)
        return CompiledEye(config, stored.tensors, precision=precision)

    engines: dict[str, VisualEngine] = {
        "OpenVINO, 32 bits": eye(),
        "  without smoothing": eye(smoothing_cells=0.0),
        "  à trous instead": eye(picture_scale=1),
        "OpenVINO, 16 bits": eye("bf16"),
        "  exported by torch": ExportedEngine(net.visual),
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
    minute = rng.normal(0.0, 0.1, 60 * SAMPLE_RATE_HZ).astype(np.float32)
    for name, localizer in (
        ("OpenVINO", SoundLocalizer.load(engine="openvino")),
        ("torch", localizer_of(net)),
    ):
        clock_s, processor_s = median_s(partial(localizer.hear, minute))
        print(
            f"a minute of sound, {name}: {clock_s:.3f} s, "
            f"{processor_s:.3f} s of processor"
        )


if __name__ == "__main__":
    main()
