"""The ffmpeg program, for the few things its libraries in PyAV cannot do.

No system ffmpeg is assumed: imageio-ffmpeg ships one for every platform, but a
newer one on PATH, or the one a user names, goes first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import ffmpeg
import imageio_ffmpeg

from pano.errors import MediaError
from pano.whole_file import written_whole

PROGRAM_VARIABLE = "PANO_FFMPEG"


def ffmpeg_program() -> Path:
    """Find the ffmpeg program: $PANO_FFMPEG, else PATH, else imageio-ffmpeg's.

    Raises
    ------
    MediaError
        If $PANO_FFMPEG names no program, or there is none anywhere.
    """
    named = os.environ.get(PROGRAM_VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise MediaError(
                f"${PROGRAM_VARIABLE} is {named}, which is no program; correct or "
                "unset it"
            )
        return Path(found)
    on_path = shutil.which("ffmpeg")
    if on_path:
        return Path(on_path)
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MediaError(
            f"there is no ffmpeg program; install one or set ${PROGRAM_VARIABLE}"
        ) from error


def convert(
    source: Path, target: Path, *, output_options: Mapping[str, str] | None = None
) -> None:
    """Convert a file with the ffmpeg program; `target` appears only when it is whole.

    Parameters
    ----------
    output_options
        Options of the output without their dash, such as {"c:v": "prores_ks"}.

    Raises
    ------
    MediaError
        If ffmpeg fails, with the last thing it said.
    """
    with written_whole(target) as part:
        # The file: protocol keeps a colon in a name from being taken for a protocol.
        job = ffmpeg.input(f"file:{source}").output(
            f"file:{part}", **(output_options or {})
        )
        try:
            job.global_args("-nostdin", "-hide_banner", "-loglevel", "error").run(
                cmd=str(ffmpeg_program()),
                capture_stdout=True,
                capture_stderr=True,
                overwrite_output=True,
            )
        except ffmpeg.Error as error:
            words = error.stderr.decode(errors="replace").strip().splitlines() or ["?"]
            raise MediaError(
                f"ffmpeg could not convert {source}: {words[-1]}"
            ) from error
