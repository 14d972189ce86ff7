"""Train on a folder of pictures and sounds, without boxes and without downloads.

Run it as `python examples/train_on_a_folder.py FOLDER`; FOLDER/pictures/<class>/ and
FOLDER/sounds/<class>/ hold files of your own. Without a folder it draws one.
Only the heads are trained; the frozen trunks are those of the shipped localizer.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from pano.draw.billboard import paint_billboard
from pano.sphere import Direction
from pano_jobs.datasets.gather import gather
from pano_jobs.datasets.gather_settings import Origin
from pano_jobs.synthetic.landscape import panorama
from pano_jobs.synthetic.sprites import SourceKind, sprite
from pano_jobs.synthetic.synthesis import sound
from pano_jobs.training.features import load_features
from pano_jobs.training.fit import Fitting, fit
from pano_jobs.training.presets import PRESETS, Supervision
from soundloc import SoundLocalizer
from soundloc.audit.inspection import inspect_pairs
from soundloc.data.feature_cache import read_picture
from soundloc.data.pairs import PairSet, read_pair_set, read_sound, write_sound
from soundloc.inference.torch_engine import TorchEngine
from soundloc.inference.torch_localizer import localizer_of
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SoundLocalizationNet

KINDS = (SourceKind.ALARM_CLOCK, SourceKind.FIRE, SourceKind.SIREN)
N_EACH = 10
SIZE_PX = (160, 320)
N_STEPS = 40


def main() -> None:
    """Prepare, check, train, and ask the test pictures which sound is theirs."""
    with TemporaryDirectory() as name:
        work = Path(name)
        given = sys.argv[1:]
        folder = Path(given[0]) if given else draw_folder(work / "drawn")
        print(gather(Origin.FOLDERS, folder, work / "pairs").words())
        print(inspect_pairs(work / "pairs").words())
        pairs = read_pair_set(work / "pairs")
        net = train(pairs)
        ask(pairs.split("test"), localizer_of(net))


def train(pairs: PairSet) -> SoundLocalizationNet:
    """Train the heads: what sounds alike shall look alike, wherever it is."""
    trunks = load_checkpoint().net
    engine = TorchEngine(trunks.visual.trunk)
    features = [
        load_features(trunks, pairs, split, picture_size_px=SIZE_PX, engine=engine)
        for split in ("train", "validation")
    ]
    preset = PRESETS["light"].with_supervision(Supervision.UNSUPERVISED)
    return fit(preset, Fitting(trunks, *features), n_steps=N_STEPS)


def ask(pairs: PairSet, localizer: SoundLocalizer) -> None:
    """Print which of the test sounds each test picture answers to most."""
    heard = {s.kind: read_sound(pairs.folder / s.sound) for s in pairs.sounds}
    n_right = 0
    for entry in pairs.pictures:
        picture = read_picture(pairs.folder / entry.picture)
        picture = np.asarray(cv2.resize(picture, SIZE_PX[::-1]), np.uint8)
        answers = {
            kind: float(localizer.localize(picture, samples).response.max())
            for kind, samples in heard.items()
        }
        best = max(answers, key=lambda kind: answers[kind])
        n_right += best == entry.objects[0].kind
        shares = ", ".join(f"{kind} {answer:+.2f}" for kind, answer in answers.items())
        print(f"{entry.picture}: {shares}")
    print(f"right: {n_right} of {len(pairs.pictures)}, by chance 1 in {len(heard)}")


def draw_folder(folder: Path) -> Path:
    """Draw a folder such as yours: things in landscapes, and what they sound like."""
    for seed in range(N_EACH):
        landscape = panorama(seed, SIZE_PX[1], SIZE_PX[0])
        place = Direction(float(30 * seed - 150), -6.0)
        for kind in KINDS:
            paths = [folder / part / kind for part in ("pictures", "sounds")]
            for path in paths:
                path.mkdir(parents=True, exist_ok=True)
            picture = landscape.copy()
            thing = sprite(kind, seed, 0.0)
            paint_billboard(picture, thing, center=place, width_deg=50.0)
            bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(paths[0] / f"{kind}-{seed}.jpg"), bgr)
            write_sound(paths[1] / f"{kind}-{seed}.wav", sound(kind, seed, 3.0))
    return folder


if __name__ == "__main__":
    main()
