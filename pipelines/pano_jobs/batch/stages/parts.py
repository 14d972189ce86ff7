"""Where the parts of one clip's film lie until they are joined.

Beside the clip's other stages, in a folder that has the film's key and the length of
the parts in its name. A part is there when it is whole.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from pano_jobs.batch.stages.room import LAST_STAGE, Room, is_made
from pano_jobs.video.parts import PartPlan


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a clip.

    Parameters
    ----------
    n_films
        How many films are made of the clip.
    suffix
        The ending of each.
    """

    folder: Path
    n_films: int
    suffix: str

    @classmethod
    def of(cls, room: Room, part_s: float, n_films: int, suffix: str) -> Parts:
        """Find the place of the parts in a clip's room."""
        name = f"parts-{room.keys[LAST_STAGE]}-{part_s:g}"
        return cls(room.folder / name, n_films, suffix)

    def is_planned(self) -> bool:
        """Tell whether the clip is to be filmed in parts."""
        return is_made([self._plan])

    def keep(self, plan: PartPlan) -> None:
        """Write down which parts there are."""
        self.folder.mkdir(exist_ok=True)
        plan.save(self._plan)

    def plan(self) -> PartPlan:
        """Read which parts there are.

        Raises
        ------
        MediaError
            If nobody has planned them.
        """
        return PartPlan.load(self._plan)

    def films(self, number: int) -> list[Path]:
        """Name what is filmed of a part, from 0: a file for each film."""
        names = (f"{number:05d}-{film}{self.suffix}" for film in range(self.n_films))
        return [self.folder / name for name in names]

    def is_filmed(self, number: int) -> bool:
        """Tell whether a part is done."""
        return is_made(self.films(number))

    def lock(self, name: int | str) -> Path:
        """Name the lock of who films a part or joins them."""
        return self.folder / f"{name}.lock"

    def remove(self) -> None:
        """Remove them all."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _plan(self) -> Path:
        return self.folder / "plan.json"
