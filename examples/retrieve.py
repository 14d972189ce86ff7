"""One picture, two sounds: what else lies near it depends on what is heard.

Run it as `python examples/retrieve.py`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from pano.draw.billboard import paint_billboard
from pano.sphere import Direction
from pano_jobs.retrieval.query import QuerySettings, search
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from pano_jobs.synthetic.synthesis import sound
from soundloc.data.pairs import (
    PictureEntry,
    PlacedObject,
    SoundEntry,
    write_sound,
    write_tables,
)

BOTH = (SourceKind.BELL, SourceKind.FIRE)
N_EACH = 3


def main() -> None:
    """Draw a pair set and a query, search it with each sound, print what is near."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        draw_pair_set(folder)
        query = folder / "query.png"
        draw(query, BOTH, landscape=panorama(100, 960, 480), seed=100)
        for kind in BOTH:
            heard = folder / f"{kind}.wav"
            write_sound(heard, sound(kind, 100, 5.0))
            settings = QuerySettings(folder, query, heard, n_found=N_EACH)
            for found in search(settings).found:
                print(f"{kind} heard: {found.shows:8s} {found.similarity:+.3f}")


def draw_pair_set(folder: Path) -> None:
    """Draw pictures of one thing each, and one sound of each kind."""
    pictures, sounds = [], []
    for seed in range(N_EACH):
        landscape = panorama(seed, 960, 480)
        for kind in SourceKind:
            name = f"{kind}-{seed}.png"
            draw(folder / name, (kind,), landscape=landscape, seed=seed)
            objects = (PlacedObject(kind.value),)
            pictures.append(PictureEntry(name, "test", name, objects))
    for kind in SourceKind:
        write_sound(folder / f"sound-{kind}.wav", sound(kind, 1, 5.0))
        sounds.append(SoundEntry(f"sound-{kind}.wav", kind.value, "test", kind.value))
    write_tables(folder, pictures, sounds)


def draw(
    path: Path, kinds: tuple[SourceKind, ...], *, landscape: np.ndarray, seed: int
) -> None:
    """Draw things side by side in a landscape."""
    picture = landscape.copy()
    for place, kind in enumerate(kinds):
        center = Direction(-40.0 + 80.0 * place, -6.0)
        paint_billboard(picture, sprite(kind, seed, 0.0), center=center, width_deg=28.0)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
