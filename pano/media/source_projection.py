"""How a file's pictures hold the sphere: by its metadata, its kind, or a person's word.

Equirectangular pictures need nothing of this; of others it makes the `StoredSphere`
that they are read by.
"""

from __future__ import annotations

from pano.equirect.layouts import StereoLayout
from pano.errors import SettingsError
from pano.media.cameras.companions import projection_by_name
from pano.media.media_info import MediaInfo
from pano.media.metadata.spherical import Projection
from pano.projections.kinds import (
    DEFAULT_DUAL_FISHEYE_FOV_DEG,
    ProjectionChoice,
    SourceProjection,
    stored_sphere,
)
from pano.projections.partial_equirect import partial_equirect
from pano.projections.stored_sphere import StoredSphere

_UNCALIBRATED_NOTE = (
    "the two lenses are joined as ideal ones of {fov_deg:g}° (--fov): the maker's "
    "calibration is not documented, and things near the seam may show twice"
)


def known_projection(info: MediaInfo) -> SourceProjection | None:
    """Return how a file holds the sphere, as far as it tells; None if it does not."""
    if info.companion is not None:
        return info.companion.projection
    said = info.spherical
    if said is not None:
        if said.projection is Projection.EQUIRECTANGULAR:
            return SourceProjection.EQUIRECTANGULAR
        if said.projection is Projection.FISHEYE:
            return SourceProjection.FISHEYE
        if said.projection is Projection.CUBEMAP:
            return _cubemap_of(info, said.layout or StereoLayout.MONO)
        return None
    by_name = projection_by_name(info.path, info.width_px, info.height_px)
    if by_name is not None:
        return by_name
    if info.is_dual_fisheye:
        return SourceProjection.DUAL_FISHEYE
    return SourceProjection.EQUIRECTANGULAR if info.is_two_to_one else None


def _cubemap_of(info: MediaInfo, layout: StereoLayout) -> SourceProjection:
    aspect = info.width_px / layout.n_columns / (info.height_px / layout.n_rows)
    is_row = abs(aspect - 6.0) < abs(aspect - 1.5)
    return SourceProjection.CUBEMAP_6X1 if is_row else SourceProjection.CUBEMAP_3X2


def choose_layout(
    info: MediaInfo, layout: StereoLayout | None, choice: ProjectionChoice
) -> tuple[StereoLayout, SourceProjection]:
    """Settle how eyes are packed and what projection each has.

    Raises
    ------
    NotSphericalError
        If neither the file nor the caller says that it is a sphere.
    SettingsError
        If a camera's two tracks are taken for two eyes.
    """
    said = info.spherical
    known = choice.kind or known_projection(info)
    if info.companion is not None and layout not in (None, StereoLayout.MONO):
        raise SettingsError(
            f"{info.path} holds one eye in two tracks; leave --layout {layout} out"
        )
    is_mesh = said is not None and said.projection is Projection.MESH
    if known is None and (layout is None or is_mesh):
        info.require_layout()
    if layout is None:
        # Where metadata tell of a packing unknown here, only a person knows.
        layout = StereoLayout.MONO if said is None else said.layout
    return (
        layout or info.require_layout(),
        # Who names a layout means a sphere.
        known or SourceProjection.EQUIRECTANGULAR,
    )


def sphere_of(
    info: MediaInfo,
    layout: StereoLayout,
    projection: SourceProjection,
    choice: ProjectionChoice,
) -> StoredSphere | None:
    """Return where one eye's upright picture holds what; None: a whole 2:1 sphere.

    Raises
    ------
    SettingsError
        If a picture of its size cannot have the projection, or an option has no
        meaning for it.
    """
    if choice.fov_deg is not None and not projection.is_fisheye:
        raise SettingsError(f"--fov is of fisheye lenses; {info.path} is {projection}")
    if projection is SourceProjection.EQUIRECTANGULAR:
        if choice.yaw_offset_deg:
            raise SettingsError(
                f"--yaw-offset turns pictures of lenses and faces; {info.path} is "
                "equirectangular"
            )
        return None if info.bounds.is_full else _part_of_sphere(info, layout)
    width_px, height_px = info.upright_size_px
    said = info.spherical
    sphere = stored_sphere(
        projection,
        width_px // layout.n_columns,
        height_px // layout.n_rows,
        fov_deg=choice.fov_deg or (said.hfov_deg if said else None),
        padding_px=said.padding_px if said else 0,
    )
    return sphere and sphere.turned(choice.yaw_offset_deg)


def _part_of_sphere(info: MediaInfo, layout: StereoLayout) -> StoredSphere:
    width_px, height_px = info.upright_size_px
    return partial_equirect(
        width_px // layout.n_columns, height_px // layout.n_rows, info.bounds
    )


def projection_notes(
    projection: SourceProjection, choice: ProjectionChoice
) -> tuple[str, ...]:
    """Say what a person should know who films from such a picture."""
    if projection is not SourceProjection.DUAL_FISHEYE:
        return ()
    fov_deg = choice.fov_deg or DEFAULT_DUAL_FISHEYE_FOV_DEG
    return (_UNCALIBRATED_NOTE.format(fov_deg=fov_deg),)
