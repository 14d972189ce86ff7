"""Settings of the video jobs: what a user can choose, with its unit and default.

The command line shows these values in its help and a configuration file replaces
them. A default that the library has as well is imported from there.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from pano.camera.horizon import Tilt
from pano.camera.lens import Lens
from pano.camera.motion_limits import MotionLimits
from pano.camera.pose import DEFAULT_HFOV_DEG, DEFAULT_SIZE_PX
from pano.director.wishes import CutRules, Wishes
from pano.errors import SettingsError
from pano.media import DEFAULT_ENCODER, StereoLayout
from pano.media.colour.signal import DynamicRange
from pano.media.frames import ANALYSIS_RATE_HZ
from pano.media.sound.choice import SoundChoice, SoundOut
from pano.media.writing.encoders import check_preset
from pano.projections.kinds import ProjectionChoice
from pano.sphere import Direction

MIN_SIDE_PX = 16

# The names that `pano.director` knows; importing it for them would load a solver, and
# `pano --help` should not wait half a second. mypy notices where they drift apart.
Director = Literal["follow", "autocam"]
Solver = Literal["linear", "quadratic"]
Motion = Literal["calm", "normal", "lively"]
Compute = Literal["auto", "torch", "openvino"]
DIRECTORS: tuple[Director, ...] = get_args(Director)
SOLVERS: tuple[Solver, ...] = get_args(Solver)
MOTIONS: tuple[Motion, ...] = get_args(Motion)
Looks = Literal["changes", "all"]
LOOKS: tuple[Looks, ...] = get_args(Looks)
Evidence = Literal["both", "picture", "field"]
EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)
# What the horizon is levelled by: a tilt, or where it is looked for.
Level = Tilt | Literal["auto", "file", "off"]
COMPUTE_ENGINES: tuple[Compute, ...] = get_args(Compute)


@dataclass(frozen=True, slots=True)
class LocalizeSettings:
    """Settings of the localization: sound window, visual rate, weights, engine.

    Parameters
    ----------
    window_s
        The stretch of sound around each picture, in seconds. The paper takes 20 s
        (§6); sources that take turns then sound all at once, so ours is shorter.
    visual_rate_hz
        How often the network looks at a picture, at most 30 a second; between
        two looks its features are interpolated. 30 is the paper; on the demo both
        keep the source in view for the same share of the time.
    looks
        Where it looks: at what changed since the last look, and at the whole picture
        every other time at most; or at all of it each time, as the paper does.
    motion_gain
        How much more a moving cell counts where the localizer is not confident at
        all; 0 is the paper, which looks at single frames.
    synchrony_gain
        How much it counts that a cell moves in time with the sound; 1 as much as is
        likely, 0 is the paper.
    layout
        How the sphere is stored; ``None`` believes the file.
    projection
        How each eye holds the sphere, as far as the file does not tell.
    sound
        Which sound track is heard, and as what.
    evidence
        What the maps go by: the picture that fits the sound, the direction in the
        sound field, or both. Without a field it is the picture alone.
    checkpoint
        The localizer's weights; ``None`` is the checkpoint that is shipped.
    compute
        The engine of the visual network: auto, the quickest here, which on the
        processor computes in bytes; openvino or torch in 32 bits.
    require_sound
        Refuse a clip without sound. Otherwise it has uniform maps.
    """

    window_s: float = 4.0
    visual_rate_hz: float = 5.0
    looks: Looks = "changes"
    motion_gain: float = 20.0
    synchrony_gain: float = 1.0
    layout: StereoLayout | None = None
    projection: ProjectionChoice = field(default_factory=ProjectionChoice)
    sound: SoundChoice = field(default_factory=SoundChoice)
    evidence: Evidence = "both"
    checkpoint: Path | None = None
    compute: Compute = "auto"
    require_sound: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.window_s) and self.window_s > 0.0):
            raise SettingsError(f"window must be above 0 s, got {self.window_s}")
        if not 0.0 < self.visual_rate_hz <= float(ANALYSIS_RATE_HZ):
            raise SettingsError(
                f"visual-rate must be in (0, {ANALYSIS_RATE_HZ}] Hz, "
                f"got {self.visual_rate_hz}"
            )


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Settings of what writes the video.

    Parameters
    ----------
    name
        FFmpeg's name of the encoder, one of `pano.media.ENCODERS`.
    preset
        Its trade of speed for size; ``None`` is its default.
    dynamic_range
        What becomes of HDR: ``source`` keeps it, ``sdr`` tone-maps it, ``auto`` keeps
        it where the encoder usually writes 10 bits.
    """

    name: str = DEFAULT_ENCODER
    preset: str | None = None
    dynamic_range: DynamicRange = "auto"

    def __post_init__(self) -> None:
        check_preset(self.name, self.preset)


@dataclass(frozen=True, slots=True)
class LensSettings:
    """Settings of the rendered picture: size, lens, motion blur, encoder.

    Parameters
    ----------
    width_px, height_px
        Even, because the video is written with 4:2:0 chroma.
    hfov_deg
        Horizontal field of view; 65.5° is AutoCam's lens (Su et al. 2016).
    lens
        How the sphere is unrolled: rectilinear, stereographic or Pannini.
    shutter_deg
        Motion blur: the part of each frame's time that is exposed, 360 for all of it.
    encoder
        What writes the video, and how quickly.
    is_stabilized
        Take the shake of a carried camera out of the film; it costs another pass.
    level
        How the camera was tilted, to put the horizon level; or whom to believe:
        ``auto`` the spherical metadata, else sensors that tell of the picture,
        ``file`` the sensors, ``off`` nobody. ``auto`` and ``off`` keep a saved path.
    """

    width_px: int = DEFAULT_SIZE_PX[0]
    height_px: int = DEFAULT_SIZE_PX[1]
    hfov_deg: float = DEFAULT_HFOV_DEG
    lens: Lens = Lens.RECTILINEAR
    shutter_deg: float = 0.0
    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    is_stabilized: bool = False
    level: Level = "auto"

    def __post_init__(self) -> None:
        for side_px in (self.width_px, self.height_px):
            if side_px < MIN_SIDE_PX or side_px % 2:
                raise SettingsError(
                    "both sides of the picture must be even and at least "
                    f"{MIN_SIDE_PX} px, got {self.width_px}x{self.height_px}"
                )
        if not 0.0 < self.hfov_deg < self.lens.max_hfov_deg:
            raise SettingsError(
                f"hfov must be in (0, {self.lens.max_hfov_deg:.0f})° for a {self.lens} "
                f"lens, got {self.hfov_deg}"
            )
        if not 0.0 <= self.shutter_deg <= 360.0:
            raise SettingsError(f"shutter must be in [0, 360]°, got {self.shutter_deg}")

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width_px / self.height_px

    def with_aspect(self, aspect: Fraction) -> LensSettings:
        """Return the same magnification on a picture whose shorter side stays."""
        short_px = min(self.width_px, self.height_px)
        long_px = 2 * round(short_px * float(max(aspect, 1 / aspect)) / 2.0)
        is_wide = aspect >= 1
        width_px, height_px = (long_px, short_px) if is_wide else (short_px, long_px)
        half_width = self.lens.half_width(self.hfov_deg) * width_px / self.width_px
        return dataclasses.replace(
            self,
            width_px=width_px,
            height_px=height_px,
            hfov_deg=self.lens.hfov_deg(half_width),
        )


@dataclass(frozen=True, slots=True)
class DirectSettings:
    """Settings of the camera path: director, limits, zoom, cuts, wishes.

    Parameters
    ----------
    director
        ``follow`` keeps the sounding place in view; ``autocam`` is AutoCam's
        choice of views as published (Su et al. 2016), without cuts, zoom and wishes.
    motion
        The camera operator: how fast and how readily the camera turns.
    limits
        The fastest the camera may turn; ``None`` are the limits of ``motion``.
    start
        Where it looks until it hears something.
    narrowest_hfov_deg
        As far as it may zoom in; ``None`` keeps the lens.
    cuts
        When it may cut instead of turning, and where the clip itself cuts.
    wishes
        Where to look when, and where never.
    n_takes
        Different paths to film, the best first.
    solver
        Of the path: ``linear`` is calmer, ``quadratic`` quicker.
    """

    director: Director = "follow"
    motion: Motion = "normal"
    limits: MotionLimits | None = None
    start: Direction = field(default_factory=lambda: Direction(0.0, 0.0))
    narrowest_hfov_deg: float | None = None
    cuts: CutRules = field(default_factory=CutRules)
    wishes: Wishes = field(default_factory=Wishes)
    n_takes: int = 1
    solver: Solver = "linear"

    def __post_init__(self) -> None:
        if self.n_takes < 1:
            raise SettingsError(f"takes must be at least 1, got {self.n_takes}")


@dataclass(frozen=True, slots=True)
class PanSettings:
    """All settings of the `pan` job.

    Parameters
    ----------
    aspects
        Pictures to film at once, each with a path of its own; the lens's if empty.
    sound_out
        What becomes of a sound field; auto turns it with the camera, in stereo.
    """

    localize: LocalizeSettings = field(default_factory=LocalizeSettings)
    lens: LensSettings = field(default_factory=LensSettings)
    direct: DirectSettings = field(default_factory=DirectSettings)
    aspects: tuple[Fraction, ...] = ()
    sound_out: SoundOut = "auto"

    def __post_init__(self) -> None:
        narrowest_deg = self.direct.narrowest_hfov_deg
        if narrowest_deg is not None and not 0.0 < narrowest_deg <= self.lens.hfov_deg:
            raise SettingsError(
                f"zoom-to must be in (0, {self.lens.hfov_deg}]°, got {narrowest_deg}"
            )


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Settings of the synthetic clip of the `demo` job.

    Parameters
    ----------
    duration_s
        Its three sources sound one after another, each a third of the time.
    seed
        Other seeds draw other individuals at other places.
    width_px
        Of the 360° picture, which is half as high.
    """

    duration_s: float = 20.0
    seed: int = 0
    width_px: int = 1920
    frame_rate_hz: int = 30

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration_s) and self.duration_s >= 1.0):
            raise SettingsError(f"seconds must be at least 1, got {self.duration_s}")
        if self.width_px < 64 or self.width_px % 4:
            raise SettingsError(
                f"width must be a multiple of 4, at least 64 px, got {self.width_px}"
            )
