"""The paper's argument: what always accompanies a source is taken for the source.

In a small drawn world every siren has its road, every fire its sand, every bell its
bricks. Run it as `python -m examples.pigeon_superstition`; it trains 35 networks and
takes about ten minutes on one core. `--seeds 1` takes a fifth of that.
"""

import argparse
import sys
from pathlib import Path

from examples.pigeon_superstition.figures import draw_maps, plot_shares
from examples.pigeon_superstition.lessons import (
    LABELLED,
    lessons,
    packaged_trunks,
    teach_all,
)
from examples.pigeon_superstition.material import make_world
from examples.pigeon_superstition.places import chance
from examples.pigeon_superstition.report import differences, table


def main() -> None:
    """Draw the world, teach every lesson with every seed, say where they look."""
    options = parse()
    options.output.mkdir(parents=True, exist_ok=True)
    world = make_world(
        packaged_trunks(), n_train=options.pictures, n_test=options.pictures // 10
    )
    rows = lessons(options.steps)
    alone, supervised, semi, blind, helped, lured, taught = (row.name for row in rows)
    shown = {}

    def keep(lesson, seed, net):
        print(f"seed {seed}, {lesson.name}", file=sys.stderr)
        if seed == 0 and lesson.name in (alone, semi, lured):
            shown[lesson.name] = net

    outcomes = teach_all(rows, world, n_seeds=options.seeds, on_net=keep)
    print(
        f"{options.pictures} pictures to train on; labels for {LABELLED:.0%} of them."
    )
    print(table(outcomes, chance(world.test)), end="\n\n")
    pairs = [(alone, semi), (supervised, semi), (blind, helped), (lured, taught)]
    print(differences(outcomes, pairs))
    plot_shares(outcomes, options.output / "shares.png")
    sets = {"held out": world.test, "grounds crossed": world.crossed}
    draw_maps(shown, sets, options.output / "maps.png", n_pictures=options.shown)


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each row")
    parser.add_argument("--steps", type=int, default=160, help="of each training")
    parser.add_argument("--pictures", type=int, default=600, help="to train on")
    parser.add_argument("--shown", type=int, default=3, help="pictures in the sheet")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("superstition"), help="for figures"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
