from pathlib import Path

import numpy as np
import pytest
from scipy import signal

from soundloc.audit.same_recording import (
    HOP,
    Alignment,
    Landmarks,
    RecordingIndex,
    is_same_recording,
    landmarks,
)

SOUNDS = Path("../shared/data/sounds")
RATE_HZ = 22_050


def recording(seed: int, duration_s: float = 5.0) -> np.ndarray:
    """Draw tones that come and go over noise."""
    rng = np.random.default_rng(seed)
    n = int(duration_s * RATE_HZ)
    time_s = np.arange(n) / RATE_HZ
    sound = 0.01 * rng.standard_normal(n)
    for _ in range(int(8 * duration_s)):
        at_s = rng.uniform(0, duration_s)
        envelope = np.exp(-0.5 * ((time_s - at_s) / 0.05) ** 2)
        sound += 0.2 * envelope * np.sin(2 * np.pi * rng.uniform(300, 4000) * time_s)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def found(ours: np.ndarray, others: list[np.ndarray]) -> list[int]:
    index = RecordingIndex([landmarks(other) for other in others])
    return sorted(
        a.number
        for a in index.aligned(landmarks(ours))
        if is_same_recording(ours, others[a.number], later=a.later)
    )


@pytest.fixture(scope="module")
def library() -> list[np.ndarray]:
    return [recording(seed) for seed in range(4)]


def lowpass(sound: np.ndarray) -> np.ndarray:
    sections = signal.butter(4, 3000, fs=RATE_HZ, output="sos")
    return 0.3 * signal.sosfilt(sections, sound)


@pytest.mark.parametrize(
    "change",
    [
        lambda sound: sound,
        lambda sound: 0.05 * sound,
        lambda sound: -sound,
        lambda sound: sound[12_345:],
        lambda sound: sound[30_000:90_000],
        lambda sound: np.concatenate([recording(99, 1.0), sound]),
        lambda sound: (
            sound + 0.01 * np.random.default_rng(0).standard_normal(len(sound))
        ),
        lowpass,
    ],
    ids=["same", "soft", "turned", "late", "piece", "behind", "noisy", "dull"],
)
def test_a_recording_is_known_again(change, library: list[np.ndarray]) -> None:
    for number in (0, 3):
        changed = np.asarray(change(library[number]), np.float32)
        assert found(changed, library) == [number]


def test_other_recordings_are_others(library: list[np.ndarray]) -> None:
    for seed in range(50, 53):
        assert found(recording(seed), library) == []


def test_the_offset_is_told_in_hops(library: list[np.ndarray]) -> None:
    (alignment,) = RecordingIndex([landmarks(library[2][20 * HOP :])]).aligned(
        landmarks(library[2])
    )
    assert alignment.later == -20


def test_landmarks_agree_as_a_plain_count_does() -> None:
    rng = np.random.default_rng(1)
    sounds = [
        Landmarks(rng.integers(0, 40, 60), rng.integers(0, 50, 60)) for _ in range(6)
    ]
    ours = sounds[0]
    expected = {}
    for number, theirs in enumerate(sounds[1:]):
        differences = [
            int(later - earlier)
            for code, earlier in zip(ours.codes, ours.frames, strict=True)
            for other, later in zip(theirs.codes, theirs.frames, strict=True)
            if code == other
        ]
        votes = {
            d: sum(abs(other - d) <= 1 for other in differences)
            for d in sorted(set(differences))
        }
        offset = max(votes, key=lambda d: votes[d])
        if votes[offset] >= 8:
            expected[number] = Alignment(number, offset, votes[offset])
    got = {a.number: a for a in RecordingIndex(sounds[1:]).aligned(ours)}
    assert expected
    assert got == expected


def test_a_steady_tone_is_no_evidence() -> None:
    time_s = np.arange(5 * RATE_HZ) / RATE_HZ
    tones = [
        np.asarray(0.3 * np.sin(2 * np.pi * f * time_s), np.float32)
        for f in (440.0, 445.0)
    ]
    assert found(tones[0], [tones[1]]) == []


@pytest.mark.parametrize("n", [0, 10, 2000])
def test_silence_and_shreds_have_no_landmarks(n: int) -> None:
    assert len(landmarks(np.zeros(n, np.float32)).codes) == 0


def test_an_overlap_of_less_than_a_second_is_no_evidence() -> None:
    sound = recording(3)
    n = int(0.9 * RATE_HZ)
    assert not is_same_recording(sound[-n:], sound, later=(len(sound) - n) // HOP)
    assert is_same_recording(
        sound[-2 * n :], sound, later=round((len(sound) - 2 * n) / HOP)
    )


@pytest.mark.real
@pytest.mark.skipif(not SOUNDS.is_dir(), reason=f"{SOUNDS} is not here")
def test_one_fire_is_found_under_two_freesound_ids() -> None:
    from pano_jobs.datasets.sources.clips import read_track

    paths = sorted((SOUNDS / "crackling_fire").glob("esc50__2-*-A.ogg"))
    sounds = [read_track(path) for path in paths]
    recordings = [path.stem.split("-")[1] for path in paths]
    pairs = {
        tuple(sorted((recordings[i], recordings[j])))
        for i, sound in enumerate(sounds)
        for j in found(sound, sounds)
        if recordings[i] != recordings[j]
    }
    assert pairs == {("28314", "30322")}
