"""The default localizer on held-back material, every figure with its interval.

Run as

    python -m tests.benchmarks.bench_localizer MATERIAL [--checkpoint FILE]
        [--json FILE] [--sheet FOLDER]

MATERIAL is the folder that `pano prepare` reads. Scenes, photographs and sounds are of
the test split alone, panoramas of its places; the clips of `video`, `flickr_pairs` and
`clips360` are no part of what is trained on. Beside each figure stands the same of the
picture-only prior, the localizer's mean response to many sounds, and of a blind guess.
The digest tells whether two runs saw the same scenes.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from pano_jobs.datasets.material import read_material
from soundloc import SoundLocalizer
from tests.benchmarks.localizer import (
    clips,
    composed,
    confidence,
    dignity,
    photographs,
    spheres,
)
from tests.benchmarks.localizer.listening import Listener
from tests.benchmarks.localizer.scenes import SceneMaker
from tests.benchmarks.localizer.sheets import Sheet
from tests.benchmarks.localizer.table import (
    Section,
    print_section,
    write_json,
)

N_OF_THREE, N_OF_FOUR = 150, 100
N_SHOWN = 8


def main() -> None:
    options = _options()
    started_s = time.monotonic()
    listener = Listener(
        SoundLocalizer.load(options.checkpoint, engine=options.compute),
        read_material(options.material),
    )
    # Compiling for each of many sizes would take longer than to see them in torch.
    seeing = SoundLocalizer.load(options.checkpoint, engine="torch")
    digest = hashlib.sha256()
    sections: list[Section] = []

    def tell(*made: Section) -> None:
        for section in made:
            sections.append(section)
            print_section(section)
        print(f"  [{time.monotonic() - started_s:.0f} s]", flush=True)

    maker = SceneMaker(listener)
    for section in _composed(maker, digest.update):
        tell(section)
    tell(
        photographs.summarise_photographs(photographs.ask_photographs(listener, seeing))
    )
    sheet, boxed = Sheet(columns=4), Sheet(columns=3)
    footage = clips.read_clips(options.material, listener, seeing, sheet)
    tell(clips.own_against_foreign(footage, listener))
    pairs = clips.read_boxed_pairs(options.material)
    tell(clips.score_boxed(pairs, listener, seeing, boxed))
    rows, refused = spheres.ask_spheres(options.material, listener, options.sheet)
    tell(spheres.summarise_spheres(rows, refused))
    tell(*dignity.ask_scenes_of_apes(maker))
    tell(dignity.ask_films_of_apes(options.material, listener))
    if options.sheet is not None:
        sheet.write(options.sheet / "clips.png")
        boxed.write(options.sheet / "boxed.png")
        show_scenes(maker, options.sheet / "scenes.png")
    took_s = time.monotonic() - started_s
    busy_s = time.process_time()
    print(
        f"\nscenes {digest.hexdigest()[:12]}, {took_s:.0f} s, processor {busy_s:.0f} s"
    )
    if options.json is not None:
        write_json(options.json, sections, scenes=digest.hexdigest(), busy_s=busy_s)


def _composed(maker: SceneMaker, digest: Callable[[bytes], None]) -> Iterator[Section]:
    """Yield the sections that are measured on scenes: lines 1 and 4."""
    three = composed.ask_scenes(
        (maker.scene(k, 3) for k in range(N_OF_THREE)),
        maker.listener,
        snrs_db=composed.SNRS_DB,
        deny=True,
        digest=digest,
    )
    yield composed.summarise(
        f"1. Scenes of three ({N_OF_THREE}, {len(maker.kinds)} kinds)",
        three.clean,
        3,
        goal=0.80,
        all_goal=0.55,
    )
    for snr_db, rows in three.noisy.items():
        section = composed.summarise(f"1. In weather at {snr_db:.0f} dB", rows, 3)
        kept = composed.kept_figure(snr_db, three.clean, rows)
        yield replace(section, figures=[*section.figures, kept])
    yield Section("1. Scenes of three, by size", composed.by_size(three.clean))
    yield Section("1. Scenes of three, by kind", composed.by_kind(three.clean))
    yield from _harder(maker)
    yield composed.ask_cutouts(maker)
    yield confidence.measure_confidence(three.clean, three.denied, three.noisy)


def _harder(maker: SceneMaker) -> Iterator[Section]:
    """Yield what silent objects, unfamiliar pictures and a fourth object change."""
    listener = maker.listener
    silent = composed.ask_scenes(
        (maker.scene(k, 3, n_silent=2) for k in range(N_OF_THREE)), listener
    )
    yield composed.summarise("1. The same with two silent objects", silent.clean, 3)
    unfamiliar = composed.ask_scenes(
        (maker.scene(k, 3, only_unfamiliar=True) for k in range(N_OF_FOUR)), listener
    )
    yield composed.summarise(
        "1. Scenes of three pictures no trunk was pretrained on",
        unfamiliar.clean,
        3,
        goal=0.80,
        all_goal=0.55,
    )
    four = composed.ask_scenes((maker.scene(k, 4) for k in range(N_OF_FOUR)), listener)
    yield composed.summarise(
        f"1. Scenes of four ({N_OF_FOUR})", four.clean, 4, goal=0.75
    )


def show_scenes(maker: SceneMaker, target: Path) -> None:
    """Paint the first scenes, one column for each object that is asked for."""
    sheet, listener = Sheet(columns=3), maker.listener
    for number in range(N_SHOWN):
        scene = maker.scene(number, 3)
        visual = listener.localizer.see(scene.picture, wrap=True)
        for wanted in scene.objects:
            found = listener.ask(visual, listener.embed(wanted.sound))
            others = [o.box for o in scene.objects if o is not wanted]
            words = f"{wanted.piece.kind}  confidence {found.confidence:.2f}"
            sheet.add(scene.picture, found, words, right=[wanted.box], others=others)
    sheet.write(target)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("material", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument(
        "--compute",
        choices=["openvino", "auto"],
        default="openvino",
        help="exact, or the quickest here, which on the processor computes in bytes",
    )
    parser.add_argument("--json", type=Path, help="file to keep the figures in")
    parser.add_argument("--sheet", type=Path, help="folder to paint the answers into")
    return parser.parse_args()


if __name__ == "__main__":
    main()
