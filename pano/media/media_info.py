"""What is known of a video file: its size, times, projection and sound."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from pano.equirect.layouts import FULL_SPHERE, SphereBounds, StereoLayout
from pano.errors import MediaError, NotSphericalError
from pano.media.cameras.chapters import chapters_of
from pano.media.cameras.companions import Companion
from pano.media.colour.signal import READABLE_MATRICES, VideoSignal
from pano.media.metadata.spherical import Projection, SphericalMetadata
from pano.media.sound.tracks import AudioInfo

# Cameras and encoders round sizes: 640×322 with square pixels is meant as 2:1.
ASPECT_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A file's size, times, projection and sound, as its metadata state them.

    Parameters
    ----------
    width_px, height_px
        The picture as stored: before rotation, in pixels of any shape.
    rotation_deg
        Counter-clockwise turn that shows the picture upright; a multiple of 90.
    start_pts
        Presentation time of the first picture that can be decoded, in `time_base`.
    audio
        The sound track that players choose, of all `sound_tracks`.
    signal
        How its colours are coded.
    timecode
        Of the first picture, as the camera wrote it: HH:MM:SS:FF, with a semicolon
        where it drops frame numbers.
    black_rows_px
        Rows of black above the sphere and as many below, left out of `height_px`.
    is_dual_fisheye
        Whether its pictures look like two fish-eyes side by side.
    companion
        A second track or file that completes the picture; the size is of both.
    is_interlaced
        Whether the first picture is woven of two fields.
    notes
        What a user should know of the file, in sentences: what of its metadata was
        not believed, what was done to its pictures.
    """

    path: Path
    container: str
    codec: str
    pixel_format: str
    bit_depth: int
    width_px: int
    height_px: int
    sample_aspect_ratio: Fraction
    rotation_deg: int
    average_frame_rate: Fraction | None
    time_base: Fraction
    start_pts: int
    duration_from_header_s: float | None
    n_frames_from_header: int | None
    audio: AudioInfo | None
    spherical: SphericalMetadata | None
    sound_tracks: tuple[AudioInfo, ...] = ()
    signal: VideoSignal = field(default_factory=VideoSignal)
    timecode: str | None = None
    black_rows_px: int = 0
    is_dual_fisheye: bool = False
    companion: Companion | None = None
    is_interlaced: bool = False
    notes: tuple[str, ...] = ()

    @property
    def start_time(self) -> Fraction:
        """Return the first picture's presentation time in seconds."""
        return self.start_pts * self.time_base

    @property
    def displayed_aspect(self) -> float:
        """Return width : height of the picture as it is meant to be seen."""
        aspect = self.width_px * self.sample_aspect_ratio / self.height_px
        return float(1 / aspect if self.rotation_deg % 180 else aspect)

    @property
    def upright_size_px(self) -> tuple[int, int]:
        """Return width and height of the picture, all eyes, as it is to be seen."""
        if self.rotation_deg % 180:
            return self.height_px, self.width_px
        return self.width_px, self.height_px

    @property
    def n_bytes(self) -> int:
        """Return the size of its file, or of all its chapters."""
        return sum(path.stat().st_size for path in chapters_of(self.path))

    @property
    def is_two_to_one(self) -> bool:
        """Tell whether the picture is meant to be seen at 2:1, about."""
        return abs(self.displayed_aspect / 2.0 - 1.0) <= ASPECT_TOLERANCE

    @property
    def bounds(self) -> SphereBounds:
        """Return the part of the sphere that the picture covers."""
        return self.spherical.bounds if self.spherical else FULL_SPHERE

    def layout(self) -> StereoLayout | None:
        """Return how the sphere is packed; None if nothing says it is a sphere.

        Metadata decide; without them a picture displayed at 2:1 is a mono sphere.
        A square one may be stereo or no sphere at all: that is not guessed.
        """
        if self.spherical is not None:
            if self.spherical.projection is Projection.EQUIRECTANGULAR:
                return self.spherical.layout
            return None
        if self.is_two_to_one and not self.is_dual_fisheye:
            return StereoLayout.MONO
        return None

    def require_layout(self) -> StereoLayout:
        """Return the layout.

        Raises
        ------
        NotSphericalError
            If the file does not say, with the option that would.
        """
        layout = self.layout()
        if layout is not None:
            return layout
        width_px, height_px = self.upright_size_px
        turned = f", turned by {self.rotation_deg}°," if self.rotation_deg else ""
        size = f"{self.path} is {width_px}×{height_px}{turned}"
        if self.spherical is None:
            raise NotSphericalError(
                f"{size} and carries no spherical metadata; if it is a 360° video, "
                "say how it is packed with --layout mono|top-bottom|side-by-side, or "
                "how it is projected with --projection"
            )
        if self.spherical.projection is not Projection.EQUIRECTANGULAR:
            raise NotSphericalError(
                f"{self.path} stores its sphere as {self.spherical.projection}; "
                "export it as equirectangular"
            )
        raise NotSphericalError(
            f"{size} and packs its eyes in a way not known here; "
            "say how with --layout mono|top-bottom|side-by-side"
        )

    def require_readable_colours(self) -> None:
        """Refuse colours that cannot be converted.

        Raises
        ------
        MediaError
            With the number of their matrix.
        """
        if self.signal.matrix not in READABLE_MATRICES:
            raise MediaError(
                f"{self.path} codes colours by a matrix that is not known here (number "
                f"{self.signal.matrix} of H.273, such as ICtCp); export it as BT.2020 "
                "or BT.709"
            )
