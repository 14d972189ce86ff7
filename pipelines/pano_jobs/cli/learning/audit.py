"""`pano audit`: find clips that two data sets share."""

from __future__ import annotations

import click

from pano_jobs.cli.console import Console
from pano_jobs.cli.options.shared import console_options


@click.command()
@click.argument("a")
@click.argument("b")
@click.option(
    "--media/--no-media",
    default=True,
    help="Compare pictures and sounds too, not only names.",
)
@console_options
@click.pass_context
def audit(ctx: click.Context, a: str, b: str, *, media: bool, console: Console) -> None:
    """Find what A and B share: clips, sources, files, pictures, recordings.

    Each is a pair set, a split of one (FOLDER:train), or a list of clips: lines of
    names, CSV, JSON, or a folder of files. The same clip is known under all the names
    in use; the same picture and recording by what they show and play. The exit code is
    1 if anything is shared.
    """
    from soundloc.audit.audited_set import read_audited
    from soundloc.audit.compare_sets import audit as compare

    with console.counting() as tell:
        result = compare(
            read_audited(a), read_audited(b), with_media=media, on_step=tell
        )
    console.show(result)
    if result.n_shared:
        ctx.exit(1)
