"""Options of the filmed picture: size, lens, levelling and encoder."""

from __future__ import annotations

import click

from pano.camera.lens import Lens
from pano.media import DEFAULT_ENCODER, ENCODERS
from pano.media.colour.signal import DYNAMIC_RANGES, DynamicRange
from pano_jobs.cli.options.gathering import gathered
from pano_jobs.cli.options.parsing import read_aspects, read_level, read_size
from pano_jobs.cli.options.shared import DEFAULT, HFOV
from pano_jobs.settings import EncoderSettings, LensSettings, Level


def _encoder_settings(
    *, encoder_name: str, encoder_preset: str | None, dynamic_range: DynamicRange
) -> EncoderSettings:
    return EncoderSettings(encoder_name, encoder_preset, dynamic_range)


def _lens_settings(
    *,
    size: tuple[int, int],
    hfov_deg: float,
    projection: str,
    shutter_deg: float,
    encoder: EncoderSettings,
    is_stabilized: bool,
    level: Level,
) -> LensSettings:
    lens = Lens(projection)
    if hfov_deg >= lens.max_hfov_deg:
        raise click.UsageError(
            f"--hfov must be below {lens.max_hfov_deg:.0f} for a {lens} lens, "
            f"got {hfov_deg:g}"
        )
    return LensSettings(
        width_px=size[0],
        height_px=size[1],
        hfov_deg=hfov_deg,
        lens=lens,
        shutter_deg=shutter_deg,
        encoder=encoder,
        is_stabilized=is_stabilized,
        level=level,
    )


size_option = click.option(
    "--size",
    callback=read_size,
    metavar="WxH",
    default=f"{DEFAULT.lens.width_px}x{DEFAULT.lens.height_px}",
    help="Width and height of the picture in pixels.",
)

shutter_option = click.option(
    "--shutter",
    "shutter_deg",
    type=click.FloatRange(0.0, 360.0),
    metavar="DEGREES",
    default=DEFAULT.lens.shutter_deg,
    help="Shutter angle for motion blur; 0 disables it, film uses 180.",
)

stabilize_option = click.option(
    "--steady",
    "is_stabilized",
    is_flag=True,
    help="Stabilize the shake of a carried camera; needs another pass.",
)

level_option = click.option(
    "--level",
    callback=read_level,
    metavar="auto|file|off|roll=DEG,pitch=DEG",
    default=DEFAULT.lens.level,
    help="Level the horizon by the file's word, by its sensors, not at all, or by the "
    "tilt of the camera, clockwise and up.",
)

encoder_options = gathered(
    "encoder",
    _encoder_settings,
    click.option(
        "--encoder",
        "encoder_name",
        type=click.Choice(list(ENCODERS)),
        default=DEFAULT.lens.encoder.name,
        help="Video encoder; all but the first three need their hardware.",
    ),
    click.option(
        "--dynamic-range",
        type=click.Choice(DYNAMIC_RANGES),
        default=DEFAULT.lens.encoder.dynamic_range,
        help="Keep HDR as in the source, or tone-map it to SDR; auto keeps it with an "
        "encoder of 10 bits.",
    ),
    click.option(
        "--preset",
        "--encoder-preset",
        "encoder_preset",
        metavar="NAME",
        help="Preset of the encoder, by its own names: how much time it takes to make "
        f"the file small.  [default: {ENCODERS[DEFAULT_ENCODER].preset} for "
        f"{DEFAULT_ENCODER}, else the encoder's own]",
    ),
)

aspect_option = click.option(
    "--aspect",
    "aspects",
    callback=read_aspects,
    multiple=True,
    metavar="W:H",
    help="Aspect ratio of the picture, its shorter side that of --size; repeat for "
    "several videos at once, named after their aspects.",
)

LENSES = [lens.value for lens in Lens]

lens_options = gathered(
    "lens",
    _lens_settings,
    click.option(
        "--hfov",
        "hfov_deg",
        type=HFOV,
        metavar="DEGREES",
        default=DEFAULT.lens.hfov_deg,
        help="Horizontal field of view.",
    ),
    size_option,
    click.option(
        "--lens",
        "projection",
        type=click.Choice(LENSES),
        default=DEFAULT.lens.lens.value,
        help="Projection of the lens; the last two for wide views.",
    ),
    shutter_option,
    stabilize_option,
    level_option,
    encoder_options,
)
