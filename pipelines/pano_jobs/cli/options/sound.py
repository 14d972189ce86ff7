"""Options of what is listened to and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import click

from pano.media.sound.choice import (
    SOUND_FIELDS,
    SOUND_OUTS,
    SOUND_TRACKS,
    SoundChoice,
    SoundField,
    SoundTracks,
)
from pano_jobs.cli.options.gathering import gathered

_MANY_OR_OWN_CLIPS = ("batch", "demo")


def _sound_choice(
    *,
    sound_field: SoundField,
    sound_track: int | None,
    recorder: Path | None,
    sound_yaw_deg: float,
    camera_sound: bool,
    sound_tracks: SoundTracks,
) -> SoundChoice:
    command = click.get_current_context().command.name
    if recorder is not None and command in _MANY_OR_OWN_CLIPS:
        raise click.UsageError(
            f"--sound is one clip's recorder; pano {command} has no use for it"
        )
    if recorder is None and camera_sound:
        raise click.UsageError("--camera-sound needs --sound FILE")
    return SoundChoice(
        sound_field,
        sound_track,
        recorder,
        yaw_deg=sound_yaw_deg,
        replaces_sound=not camera_sound,
        tracks=sound_tracks,
    )


sound_options = gathered(
    "sound",
    _sound_choice,
    click.option(
        "--sound-field",
        type=click.Choice(SOUND_FIELDS),
        default="auto",
        help="What the sound track's channels hold.",
    ),
    click.option(
        "--sound-track",
        type=click.IntRange(min=0),
        metavar="N",
        help="Which sound track, from 0.  [default: one with a sound field]",
    ),
    click.option(
        "--sound",
        "recorder",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Listen to a separate recorder's file of the same take; it is aligned "
        "with the camera's sound and takes its place.",
    ),
    click.option(
        "--sound-yaw",
        "sound_yaw_deg",
        type=click.FloatRange(-360.0, 360.0),
        metavar="DEGREES",
        default=0.0,
        help="Where the sound field's front lies in the picture, to the right.",
    ),
    click.option(
        "--camera-sound",
        is_flag=True,
        help="Only listen to --sound; write the camera's own sound.",
    ),
    click.option(
        "--sound-tracks",
        type=click.Choice(SOUND_TRACKS),
        default="heard",
        help="Write the track that is heard, or copy the clip's others beside it, too.",
    ),
)

sound_out_option = click.option(
    "--sound-out",
    type=click.Choice(SOUND_OUTS),
    default="auto",
    help="Sound of the film; a sound field turns with the camera, in stereo if auto.",
)
