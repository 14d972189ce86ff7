"""How a film stores its pictures: bits, HDR or SDR, and the conversion of each picture.

Decided before any work by what the source holds, what the encoder can write and what
is asked for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorRange,
    Interpolation,
    VideoReformatter,
)
from numpy.typing import NDArray

from pano.equirect.planes import Planes
from pano.errors import SettingsError
from pano.media.colour.read_signal import swscale_number
from pano.media.colour.signal import DynamicRange, MasteringDisplay, VideoSignal
from pano.media.colour.tone_mapping import ToneMapper
from pano.media.pictures import planes_to_frame, rgb_to_frame
from pano.media.writing.encoders import ENCODERS, Encoder

_BICUBIC = (
    Interpolation.BICUBIC
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.ACCURATE_RND
)


@dataclass(frozen=True, slots=True)
class Film:
    """How a film stores its pictures.

    Parameters
    ----------
    pixel_format
        FFmpeg's name.
    signal
        What its codes mean.
    notes
        What a person should know who did not ask for it.
    is_tone_mapped
        Whether HDR pictures are shown as SDR.
    """

    pixel_format: str
    signal: VideoSignal
    notes: tuple[str, ...] = ()
    is_tone_mapped: bool = False

    def tag(self, context: VideoCodecContext) -> None:
        """Write into the film what its codes mean."""
        signal = self.signal
        context.pix_fmt = self.pixel_format
        context.colorspace = signal.matrix
        context.color_range = (
            ColorRange.JPEG if signal.is_full_range else ColorRange.MPEG
        )
        context.color_primaries = signal.primaries
        context.color_trc = signal.transfer


def plan_film(
    encoder: str,
    source: VideoSignal | None = None,
    dynamic_range: DynamicRange = "auto",
) -> Film:
    """Decide how a film stores its pictures.

    Parameters
    ----------
    source
        What its pictures are made of; None for RGB pictures of 8 bits.
    dynamic_range
        ``source`` keeps HDR, ``sdr`` tone-maps it, ``auto`` keeps it where the encoder
        usually writes 10 bits.

    Raises
    ------
    SettingsError
        If HDR is to be kept by an encoder that writes 8 bits.
    """
    kind = ENCODERS[encoder]
    source = source or VideoSignal()
    has_asked = dynamic_range == "source" and source.is_hdr
    if has_asked and kind.deep_format is None:
        raise SettingsError(
            f"{encoder} writes 8 bits, which do not hold HDR ({source.transfer_name}); "
            "choose --encoder libx265 or leave --dynamic-range source out"
        )
    keeps_hdr = source.is_hdr and (
        has_asked or (dynamic_range == "auto" and kind.is_deep)
    )
    is_deep = keeps_hdr or (kind.is_deep and source.bit_depth > 8)
    pixel_format = kind.deep_format if is_deep and kind.deep_format else kind.format
    if source.is_hdr and not keeps_hdr:
        notes = (_tone_mapped_note(source, kind),) if dynamic_range == "auto" else ()
        return Film(pixel_format, VideoSignal(), notes, is_tone_mapped=True)
    if not is_deep:
        return Film(pixel_format, VideoSignal())
    is_full_range = source.is_full_range and kind.tells_range
    return Film(pixel_format, dataclasses.replace(source, is_full_range=is_full_range))


def options_of(
    film: Film, encoder: str, preset: str | None, quality: int | None
) -> dict[str, str]:
    """Return FFmpeg's options of an encoder, light levels included."""
    kind = ENCODERS[encoder]
    options = kind.settings(preset, quality)
    if kind.light_options is None:
        return options
    option, display_name, levels_name = kind.light_options
    parts = [options[option]] if option in options else []
    signal = film.signal
    if signal.mastering is not None:
        parts.append(f"{display_name}={_display_words(signal.mastering)}")
    if signal.max_cll_nit is not None:
        parts.append(f"{levels_name}={signal.max_cll_nit},{signal.max_fall_nit or 0}")
    return options | ({option: ":".join(parts)} if parts else {})


def _display_words(display: MasteringDisplay) -> str:
    """Write a display as x264 and x265 read it, in the units of SMPTE ST 2086."""
    points = {
        "G": display.green,
        "B": display.blue,
        "R": display.red,
        "WP": display.white,
    }
    places = "".join(
        f"{name}({round(x * 50_000)},{round(y * 50_000)})"
        for name, (x, y) in points.items()
    )
    levels = (round(nit * 10_000) for nit in (display.max_nit, display.min_nit))
    return f"{places}L({','.join(map(str, levels))})"


def _tone_mapped_note(source: VideoSignal, kind: Encoder) -> str:
    or_source = "" if kind.deep_format is None else " or --dynamic-range source"
    return (
        f"the source is {source.words()}: the film is tone-mapped to SDR; "
        f"--encoder libx265{or_source} keeps HDR"
    )


class FilmConverter:
    """Converts the pictures of one film; keeps swscale's tables between calls."""

    def __init__(self, film: Film, source: VideoSignal | None = None) -> None:
        self._film = film
        self._reformatter, self._deepener = VideoReformatter(), VideoReformatter()
        self._tone_mapper = None
        if film.is_tone_mapped and source is not None:
            self._tone_mapper = ToneMapper(source.light)

    def of_rgb(self, image: NDArray[np.uint8]) -> VideoFrame:
        """Return the picture that is encoded for RGB, shape (h, w, 3), of BT.709."""
        picture = rgb_to_frame(self._reformatter, image)
        if picture.format.name != self._film.pixel_format:
            picture = self._deepener.reformat(
                picture, format=self._film.pixel_format, interpolation=_BICUBIC
            )
        return self._tagged(picture)

    def of_planes(self, planes: Planes) -> VideoFrame:
        """Return the picture that is encoded for planes, untouched where they fit."""
        picture = planes_to_frame(planes)
        if self._tone_mapper is not None and planes.light.is_hdr:
            picture = self._tone_mapper.frame(picture, self._film.pixel_format)
        elif not self._fits(planes, picture):
            picture = self._fitted(planes, picture)
        return self._tagged(picture)

    def _fits(self, planes: Planes, picture: VideoFrame) -> bool:
        signal = self._film.signal
        is_same_range = planes.is_full_range == signal.is_full_range
        is_same_format = picture.format.name == self._film.pixel_format
        return planes.matrix == signal.matrix and is_same_range and is_same_format

    def _fitted(self, planes: Planes, picture: VideoFrame) -> VideoFrame:
        signal = self._film.signal
        matrix = None
        if planes.matrix != signal.matrix:
            matrix = swscale_number(signal.matrix)
        return self._reformatter.reformat(
            picture,
            format=self._film.pixel_format,
            dst_colorspace=matrix,
            dst_color_range=(
                ColorRange.JPEG if signal.is_full_range else ColorRange.MPEG
            ),
            interpolation=_BICUBIC,
        )

    def _tagged(self, picture: VideoFrame) -> VideoFrame:
        # ProRes writes the tags of its pictures, the others those of the stream.
        picture.color_primaries = self._film.signal.primaries
        picture.color_trc = self._film.signal.transfer
        return picture
