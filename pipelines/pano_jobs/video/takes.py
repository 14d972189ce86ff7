"""Takes and aspects of a clip: their file names, lenses and paths.

Every aspect is planned on its own from the one analysis, because a tall view that
follows a wide one's path would cut off what the wide one keeps at its sides. All show
the world at the same magnification: the shorter side of the picture stays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from pano.camera.filmed_clip import MAX_RATE_HZ, FilmedClip
from pano.camera.lens import Lens
from pano.camera.path import CameraPath, PathSource
from pano.camera.pose import DEFAULT_SIZE_PX
from pano.camera.timecode import Timecode
from pano.director.plan import Brief
from pano.equirect.layouts import FULL_SPHERE, SphereBounds
from pano.errors import SettingsError
from pano.export import known_rate_hz
from pano.media import Media
from pano.media.cameras.chapters import chapters_of
from pano_jobs.settings import LensSettings, PanSettings


def of_take(target: Path, number: int) -> Path:
    """Return the name of a take's file, `target` itself for the first."""
    return target if number == 1 else target.with_stem(f"{target.stem}-take{number}")


def lenses_of(settings: PanSettings) -> list[LensSettings]:
    """Return a lens for each aspect that is asked for."""
    lenses = [settings.lens.with_aspect(aspect) for aspect in settings.aspects]
    return lenses or [settings.lens]


def named(
    target: Path, settings: PanSettings, lenses: Sequence[LensSettings]
) -> list[Path]:
    """Name a file for each aspect and take, aspect by aspect."""
    return [
        of_take(of_aspect(target, lens, lenses), number)
        for lens in lenses
        for number in range(1, n_takes(settings) + 1)
    ]


def n_takes(settings: PanSettings) -> int:
    """Return how many paths each aspect gets; AutoCam has one."""
    return 1 if settings.direct.director == "autocam" else settings.direct.n_takes


def each_take(
    lenses: Sequence[LensSettings], settings: PanSettings
) -> list[LensSettings]:
    """Return the lens of each take, aspect by aspect, as `named` names them."""
    return [lens for lens in lenses for _ in range(n_takes(settings))]


def of_aspect(target: Path, lens: LensSettings, lenses: Sequence[LensSettings]) -> Path:
    """Return the name of an aspect's file, `target` itself for the only one."""
    if len(lenses) == 1:
        return target
    aspect = Fraction(lens.width_px, lens.height_px).limit_denominator(50)
    return target.with_stem(f"{target.stem}-{aspect.numerator}x{aspect.denominator}")


def brief(
    settings: PanSettings,
    lens: LensSettings,
    *,
    bounds: SphereBounds = FULL_SPHERE,
    found_cuts_s: tuple[float, ...] = (),
    start_s: float = 0.0,
) -> Brief:
    """Return what the director is asked for one aspect of a clip.

    Parameters
    ----------
    bounds
        The part of the sphere that the clip covers.
    found_cuts_s
        When the clip itself was found to cut; counts where a person named no cuts.
    start_s
        Presentation time of the first picture, from which a person counts.
    """
    direct = settings.direct
    cuts = direct.cuts.later(start_s)
    if not cuts.source_cuts_s:
        cuts = dataclasses.replace(cuts, source_cuts_s=found_cuts_s)
    narrowest_deg = direct.narrowest_hfov_deg
    if narrowest_deg is not None:
        # As much as in the picture that was asked for, whatever the aspect.
        half_width = settings.lens.lens.half_width(narrowest_deg)
        half_width *= lens.width_px / settings.lens.width_px
        narrowest_deg = min(lens.lens.hfov_deg(half_width), lens.hfov_deg)
    return Brief(
        director=direct.director,
        motion=direct.motion,
        limits=direct.limits,
        hfov_deg=lens.hfov_deg,
        lens=lens.lens,
        bounds=bounds,
        narrowest_hfov_deg=narrowest_deg,
        aspect=lens.aspect,
        start=direct.start,
        cuts=cuts,
        wishes=direct.wishes.later(start_s),
        solver=direct.solver,
    )


def planned_before(
    path_source: Path,
    settings: PanSettings,
    lenses: Sequence[LensSettings],
    media: Media,
) -> list[CameraPath]:
    """Read the paths that were planned before, for pictures of these sizes."""
    return [
        described(CameraPath.load(name), lens, settings, media)
        for name, lens in zip(
            named(path_source, settings, lenses),
            each_take(lenses, settings),
            strict=True,
        )
    ]


def described(
    path: CameraPath, lens: LensSettings, settings: PanSettings, media: Media
) -> CameraPath:
    """Return the path with its clip, director and picture recorded."""
    described = PathSource(
        file=chapters_of(media.info.path)[0].name,
        director=settings.direct.director,
        width_px=lens.width_px,
        height_px=lens.height_px,
        lens=lens.lens,
        clip=filmed_clip(media),
    )
    return dataclasses.replace(path, source=described)


def filmed_clip(media: Media) -> FilmedClip:
    """Return what a path remembers of its clip."""
    info = media.info
    is_turned = info.rotation_deg % 180 != 0
    width_px, height_px = info.width_px, info.height_px
    rate_hz = info.average_frame_rate
    if rate_hz is not None and not 0 < rate_hz <= MAX_RATE_HZ:
        rate_hz = None
    return FilmedClip(
        width_px=height_px if is_turned else width_px,
        height_px=width_px if is_turned else height_px,
        place=str(chapters_of(info.path)[0].absolute()),
        layout=media.layout,
        bounds=media.bounds,
        projection=media.projection,
        start_s=float(info.start_time),
        frame_rate_hz=rate_hz,
        timecode=_timecode(info.timecode, rate_hz),
        has_sound=info.audio is not None,
        black_rows_px=info.black_rows_px,
        is_interlaced=info.is_interlaced,
        is_hdr=info.signal.is_hdr,
        rotation_deg=info.rotation_deg % 360,
    )


def size_note(
    path: CameraPath, lens: LensSettings, clip: FilmedClip
) -> tuple[str, ...]:
    """Note a picture that has more pixels than the clip has in its narrowest view.

    The usual size, which nobody asked for, is not noted: few clips fill it.
    Compared in the middle of the view, where every lens shows an angle at the length
    that it has on the plane at distance 1.
    """
    half_width = path.source.lens.half_width(float(path.hfov_deg.min()))
    share = clip.px_per_rad * 2.0 * half_width / lens.width_px
    if share >= 1.0 or (lens.width_px, lens.height_px) == DEFAULT_SIZE_PX:
        return ()
    width_px, height_px = round(lens.width_px * share), round(lens.height_px * share)
    return (
        f"{lens.width_px}x{lens.height_px} magnifies the clip, which has about "
        f"{width_px}x{height_px} pixels in view; a smaller --size shows as much",
    )


def _timecode(written: str | None, rate_hz: Fraction | None) -> Timecode | None:
    if written is None or rate_hz is None:
        return None
    try:
        return Timecode.read(written, known_rate_hz(float(rate_hz)))
    except ValueError:  # some writer's own idea of one
        return None


def with_lens(
    path: CameraPath, hfov_deg: float | None, projection: Lens | None
) -> CameraPath:
    """Return the path with another field of view or projection.

    Raises
    ------
    SettingsError
        If the lens has no such field of view.
    """
    columns_deg = path.hfov_deg if hfov_deg is None else np.full(len(path), hfov_deg)
    lens = path.source.lens if projection is None else projection
    try:
        return dataclasses.replace(
            path,
            hfov_deg=columns_deg,
            source=dataclasses.replace(path.source, lens=lens),
        )
    except ValueError as error:
        raise SettingsError(f"{error}; choose another --hfov or --lens") from error


def magnified(path: CameraPath, wide: LensSettings, lens: LensSettings) -> CameraPath:
    """Return the path with its lens for a picture of another width."""
    if lens.width_px == wide.width_px:
        return path
    scale = lens.width_px / wide.width_px
    optics = lens.lens
    hfov_deg = [
        optics.hfov_deg(optics.half_width(float(one_deg)) * scale)
        for one_deg in path.hfov_deg
    ]
    return dataclasses.replace(path, hfov_deg=np.array(hfov_deg))
