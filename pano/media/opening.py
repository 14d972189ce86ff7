"""Open a 360° video: settle what it is before anything is decoded whole."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

from pano.equirect.layouts import StereoLayout
from pano.errors import MediaError
from pano.media.decode import Media, n_missing_bytes
from pano.media.inspection.look import look_at_pictures
from pano.media.media_info import MediaInfo
from pano.media.metadata.plausible import refuse_large_sphere
from pano.media.pictures import EquirectConverter
from pano.media.probing import probe
from pano.media.reading import MAX_CORRUPT_SHARE
from pano.media.sound.choice import SoundChoice
from pano.media.source_projection import (
    choose_layout,
    projection_notes,
    sphere_of,
)
from pano.projections.kinds import ProjectionChoice, SourceProjection


@contextlib.contextmanager
def open_media(
    path: Path,
    *,
    layout: StereoLayout | None = None,
    sound: SoundChoice | None = None,
    projection: ProjectionChoice | None = None,
) -> Iterator[Media]:
    """Open a 360° video for as many passes as the caller likes.

    Parameters
    ----------
    layout
        Overrides what the file says about how its eyes are packed.
    sound
        Which sound track is heard, and as what; None finds out.
    projection
        How each eye holds the sphere; None believes the file.

    Raises
    ------
    NotSphericalError
        If neither the file nor `layout` says that it is a sphere.
    MediaError
        If it cannot be read as video.
    """
    info = probe(path)
    _refuse_cut_off(info)
    info.require_readable_colours()
    choice = projection or ProjectionChoice()
    is_open = choice.kind in (None, SourceProjection.EQUIRECTANGULAR)
    if layout is None and is_open and info.companion is None:
        info = look_at_pictures(info)
    chosen, kind = choose_layout(info, layout, choice)
    sphere = sphere_of(info, chosen, kind, choice)
    refuse_large_sphere(path, *EquirectConverter(info, chosen, sphere).full_size_px)
    info = dataclasses.replace(info, notes=info.notes + projection_notes(kind, choice))
    with contextlib.ExitStack() as files:
        settled = dataclasses.replace(choice, kind=kind)
        yield Media(info, chosen, files, sound, settled, sphere)


def _refuse_cut_off(info: MediaInfo) -> None:
    """Refuse at once what would be refused at the end of a whole pass."""
    n_missing = n_missing_bytes(info)
    share = n_missing / (info.n_bytes + n_missing)
    if share > MAX_CORRUPT_SHARE:
        raise MediaError(
            f"{info.path} is cut short: {share:.0%} of it is missing; "
            "copy or download it again"
        )
