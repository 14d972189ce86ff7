"""A single retrieval query in a pair set, by a photograph, a sound, or both.

With both, the photograph is embedded with the sound, so that what it shows besides is
left out, and the pictures nearest under the same sound are found (Fig. 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pano.media.sound.track import decode_sound
from pano_jobs.outputs import written_whole
from pano_jobs.results import as_json
from pano_jobs.retrieval.rows import TilePainter, picture_words, sound_words
from pano_jobs.retrieval.sheet import Row, Tile, picture_tile, save_rows, sound_tile
from pano_jobs.training.features import load_features
from soundloc.architecture.efficientnet_lite0 import STRIDE_PX
from soundloc.data.feature_cache import FeatureCache, read_picture
from soundloc.data.pairs import SAMPLE_RATE_HZ, read_pair_set
from soundloc.errors import DatasetError
from soundloc.inference.loudness import active_level_dbfs, at_reference_level
from soundloc.inference.torch_engine import choose_engine
from soundloc.inference.track import SILENCE_DBFS
from soundloc.network.checkpoint import load_checkpoint
from soundloc.network.model import SoundLocalizationNet
from soundloc.progress import StepProgress, untold
from soundloc.retrieval import Embedder, find_pictures, find_sounds

N_SHOWN = 6
LEGEND = "Left: what was asked.  Right: the nearest.  Heat: where the sound is heard."


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """Settings of a single query.

    Parameters
    ----------
    picture, sound
        Files of any usual kind; one may be missing.
    n_found
        How many answers to give.
    target
        A folder for a sheet and the answers as JSON; ``None`` writes nothing.
    """

    pair_set: Path
    picture: Path | None = None
    sound: Path | None = None
    checkpoint: Path | None = None
    split: str = "test"
    n_found: int = 10
    picture_size_px: tuple[int, int] | None = None
    target: Path | None = None

    def __post_init__(self) -> None:
        if self.picture is None and self.sound is None:
            raise ValueError("a search needs a picture, a sound or both")


@dataclass(frozen=True, slots=True)
class QueryFiles:
    """The output files of a query."""

    results: Path
    sheet: Path

    @classmethod
    def of(cls, folder: Path) -> QueryFiles:
        """Return their names in a folder."""
        return cls(folder / "found.json", folder / "found.png")

    def all(self) -> tuple[Path, ...]:
        """Return all of them."""
        return (self.results, self.sheet)


@dataclass(frozen=True, slots=True)
class Found:
    """A neighbour: a picture or a sound of the pair set, and its cosine similarity."""

    file: str
    shows: str
    similarity: float


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Result of a query: its nearest neighbours, the nearest first."""

    pair_set: Path
    split: str
    picture: Path | None
    sound: Path | None
    found: tuple[Found, ...]
    sheet: Path | None

    def words(self) -> str:
        """Return the neighbours as text."""
        lines = [f"{x.similarity:+.3f}  {x.file}  {x.shows}" for x in self.found]
        return "\n".join([*lines, *([] if self.sheet is None else [str(self.sheet)])])


@dataclass(frozen=True, slots=True, eq=False)
class _Query:
    """The query: pixels and trunk features, samples and pooled features."""

    image: NDArray[np.uint8] | None = None
    seen: NDArray[np.float32] | None = None
    samples: NDArray[np.float32] | None = None
    pooled: NDArray[np.float32] | None = None


def search(settings: QuerySettings, *, on_step: StepProgress = untold) -> QueryResult:
    """Find the nearest neighbours of a picture, a sound, or a picture with a sound.

    Raises
    ------
    DatasetError, CheckpointError, MediaError
        If the pair set, the network or the query cannot be read.
    """
    net = load_checkpoint(settings.checkpoint).net
    # What was asked is read first: a mistake in it must not cost the set's features.
    image = None if settings.picture is None else _read_image(settings.picture)
    samples = None if settings.sound is None else _read_sound(settings.sound)
    cache = load_features(
        net,
        read_pair_set(settings.pair_set),
        settings.split,
        clean=True,
        picture_size_px=settings.picture_size_px,
        on_step=on_step,
    )
    query = _Query(
        image,
        None if image is None else _see(net, _fitted(image, cache)),
        samples,
        None if samples is None else _hear(net, samples),
    )
    alike = _compare(net, cache, query, on_step)
    nearest = np.argsort(-alike, kind="stable")[: settings.n_found].tolist()
    result = QueryResult(
        settings.pair_set,
        settings.split,
        settings.picture,
        settings.sound,
        tuple(_named(cache, query, alike, number) for number in nearest),
        None if settings.target is None else QueryFiles.of(settings.target).sheet,
    )
    if settings.target is not None:
        files = QueryFiles.of(settings.target)
        _draw(net, cache, query, nearest[:N_SHOWN], files.sheet)
        with written_whole(files.results) as part:
            part.write_text(as_json(result) + "\n", encoding="utf-8")
    return result


def _named(
    cache: FeatureCache, query: _Query, alike: NDArray[np.float32], number: int
) -> Found:
    similarity = float(alike[number])
    if query.pooled is None:
        heard = cache.pair_set.sounds[number]
        return Found(heard.sound, sound_words(heard), similarity)
    shown = cache.pair_set.pictures[number]
    return Found(shown.picture, picture_words(shown), similarity)


def _read_image(path: Path) -> NDArray[np.uint8]:
    if not path.is_file():
        raise DatasetError(f"{path}: no such file; check the name and the folder")
    return read_picture(path)


def _read_sound(path: Path) -> NDArray[np.float32]:
    sound = decode_sound(path, start=Fraction(0), sample_rate_hz=SAMPLE_RATE_HZ)
    if not len(sound.samples) or active_level_dbfs(sound.samples) < SILENCE_DBFS:
        raise DatasetError(f"{path} is silent; give a sound to look for")
    return sound.samples


def _see(net: SoundLocalizationNet, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    # For a single picture nothing is worth compiling.
    return choose_engine(net.visual.trunk, "torch").see(image, wrap=False)


@torch.inference_mode()
def _hear(
    net: SoundLocalizationNet, samples: NDArray[np.float32]
) -> NDArray[np.float32]:
    levelled = torch.from_numpy(at_reference_level(samples))
    pooled: NDArray[np.float32] = net.sound(levelled[None])[0].numpy()
    return pooled


def _fitted(image: NDArray[np.uint8], cache: FeatureCache) -> NDArray[np.uint8]:
    """Bring a picture to the height of the set's: things are then of like size."""
    height_px = STRIDE_PX * cache.pictures.shape[-2]
    width_px = max(16, round(image.shape[1] * height_px / image.shape[0]))
    return np.asarray(
        cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_AREA),
        dtype=np.uint8,
    )


def _compare(
    net: SoundLocalizationNet, cache: FeatureCache, query: _Query, tell: StepProgress
) -> NDArray[np.float32]:
    if query.pooled is not None:
        return find_pictures(
            net,
            cache,
            pooled=query.pooled,
            seen=query.seen,
            on_step=lambda done, total: tell("searching", done, total),
        )
    if query.seen is None:
        raise ValueError("a search needs a picture, a sound or both")
    return find_sounds(net, cache, seen=query.seen)


@torch.inference_mode()
def _draw(
    net: SoundLocalizationNet,
    cache: FeatureCache,
    query: _Query,
    nearest: list[int],
    target: Path,
) -> None:
    embedder = Embedder(net, cache)
    painter = TilePainter(cache, embedder)
    h = None
    asked: list[Tile] = []
    if query.pooled is not None and query.samples is not None:
        h = embedder.directions(torch.from_numpy(query.pooled)[None])
        asked.append(sound_tile(query.samples, "the sound"))
    if query.image is not None and query.seen is not None:
        attention = None
        if h is not None:
            seen = embedder.activation(query.seen)
            attention = embedder.attended(seen, h)[0].cpu().numpy()
        asked.append(picture_tile(query.image, "the picture", attention=attention))
    tiles = (
        [painter.sound(number) for number in nearest]
        if h is None
        else [painter.picture_for(number, h) for number in nearest]
    )
    save_rows([Row("", tuple(asked), tuple(tiles))], target, legend=LEGEND)
