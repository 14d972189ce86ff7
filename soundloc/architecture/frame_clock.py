"""The times of a sound trunk's frames, from strides and receptive fields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrameClock:
    """When the frames of a layer happen, in samples of the waveform.

    Frame k is centred at `offset + stride * k`, where sample i lasts from i to i + 1,
    and sees `receptive_field` samples around its centre.
    """

    stride: int
    offset: float
    receptive_field: int

    def after(self, kernel: int, stride: int, pad: int) -> FrameClock:
        """Return the clock behind a convolution or a pooling."""
        return FrameClock(
            self.stride * stride,
            self.offset + ((kernel - 1) / 2 - pad) * self.stride,
            self.receptive_field + (kernel - 1) * self.stride,
        )


def frame_span(clock: FrameClock, start: float, stop: float) -> tuple[float, float]:
    """Express the window from sample `start` to `stop` in frames of a layer.

    Frame k covers k to k + 1. Frames that hear over the ends of the window stay out of
    it, but for the one in the middle of a short window.
    """
    margin = (clock.receptive_field - clock.stride) / 2
    half = max((stop - start) / 2 - margin, clock.stride / 2)
    middle = ((start + stop) / 2 - clock.offset) / clock.stride + 0.5
    return middle - half / clock.stride, middle + half / clock.stride
