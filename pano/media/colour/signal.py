"""How a video codes its colours: bits, primaries, transfer, matrix, range, light.

Values alone, without FFmpeg. The numbers are those of ITU-T H.273, as files hold them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pano.equirect.planes import BT709, HLG, PQ, WHITE_NIT, Light

DynamicRange = Literal["auto", "sdr", "source"]
DYNAMIC_RANGES: tuple[DynamicRange, ...] = get_args(DynamicRange)

# HLG is defined on such a display (BT.2100), PQ where a file does not say is assumed to
# be graded on one (BT.2408).
_USUAL_PEAK_NIT = 1000.0
# What goes beyond is rare and tiny: making room for it would darken all the rest.
_MAX_PEAK_NIT = 4000.0

_TRANSFERS = {PQ: "PQ", HLG: "HLG"}
_PRIMARIES = {1: "BT.709", 5: "BT.601", 6: "BT.601", 9: "BT.2020", 12: "Display P3"}

# What swscale converts: not ICtCp, YCgCo, nor constant luminance.
READABLE_MATRICES = frozenset({0, 1, 4, 5, 6, 7, 9})

Chromaticity = tuple[float, float]


@dataclass(frozen=True, slots=True)
class MasteringDisplay:
    """The display a film was graded on (SMPTE ST 2086): x and y, and nit."""

    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity
    max_nit: float
    min_nit: float


@dataclass(frozen=True, slots=True)
class VideoSignal:
    """What the codes of a video's pictures mean.

    Parameters
    ----------
    primaries, transfer, matrix
        Numbers of ITU-T H.273; BT.709 where the file does not say.
    mastering
        The display it was graded on, where the file says.
    max_cll_nit, max_fall_nit
        The brightest pixel and the brightest mean of a picture (CTA-861.3), where the
        file says.
    """

    bit_depth: int = 8
    primaries: int = BT709
    transfer: int = BT709
    matrix: int = BT709
    is_full_range: bool = False
    mastering: MasteringDisplay | None = None
    max_cll_nit: int | None = None
    max_fall_nit: int | None = None

    @property
    def is_hdr(self) -> bool:
        """Tell whether it goes beyond what an ordinary picture shows."""
        return self.light.is_hdr

    @property
    def light(self) -> Light:
        """Return what light the codes mean."""
        peak_nit = _USUAL_PEAK_NIT
        if self.transfer == PQ:
            mastered_nit = self.mastering.max_nit if self.mastering else None
            peak_nit = float(self.max_cll_nit or mastered_nit or _USUAL_PEAK_NIT)
        peak_nit = min(max(peak_nit, WHITE_NIT), _MAX_PEAK_NIT)
        return Light(self.transfer, self.primaries, peak_nit)

    @property
    def transfer_name(self) -> str:
        """Return PQ, HLG, or SDR for all others."""
        return _TRANSFERS.get(self.transfer, "SDR")

    def words(self) -> str:
        """Describe the dynamic range to a person."""
        if not self.is_hdr:
            return "SDR"
        parts = [
            self.transfer_name,
            _PRIMARIES.get(self.primaries, f"primaries {self.primaries}"),
        ]
        if self.mastering is not None:
            parts.append(
                f"mastered for {self.mastering.min_nit:g} to "
                f"{self.mastering.max_nit:g} nit"
            )
        if self.max_cll_nit is not None:
            parts.append(f"MaxCLL {self.max_cll_nit} nit")
        if self.max_fall_nit is not None:
            parts.append(f"MaxFALL {self.max_fall_nit} nit")
        return f"HDR ({', '.join(parts)})"
