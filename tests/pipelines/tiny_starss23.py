"""Makes a folder of the shape of STARSS23: three seconds, two sources, tiny videos."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from pano.ambisonics.harmonics import encode
from pano.sphere import Direction
from tests.synthetic import Clip, SoundTrack, write_clip, write_sound_only

RATE_HZ = 24_000
DURATION_S = 3
WOMAN, RADIO = Direction(60.0, 10.0), Direction(-178.0, -20.0)
# Frames in which each sounds: in the middle second both.
WOMAN_FRAMES, RADIO_FRAMES = range(0, 20), range(10, 30)
RECORDINGS = {
    "fold3_room21_mix001": "dev-train-sony",
    "fold3_room22_mix001": "dev-train-sony",
    "fold4_room2_mix001": "dev-test-tau",
}


def annotation_rows() -> list[str]:
    """Azimuth is positive to the left; distances as later versions have them."""
    woman = f"0,1,{-WOMAN.yaw_deg:.0f},{WOMAN.pitch_deg:.0f},180"
    radio = f"8,0,{-RADIO.yaw_deg:.0f},{RADIO.pitch_deg:.0f},240"
    return [
        f"{frame},{row}"
        for frame in range(10 * DURATION_S)
        for row, frames in ((woman, WOMAN_FRAMES), (radio, RADIO_FRAMES))
        if frame in frames
    ]


def draw_starss23(folder: Path) -> Path:
    for name, part in RECORDINGS.items():
        draw_recording(folder, part, name)
    return folder


def draw_recording(folder: Path, part: str, name: str) -> None:
    rooms = {top: folder / top / part for top in ("foa_dev", "video_dev")}
    rooms["metadata_dev"] = folder / "metadata_dev" / part
    for room in rooms.values():
        room.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(annotation_rows())
    (rooms["metadata_dev"] / f"{name}.csv").write_text(rows + "\n")
    track = SoundTrack(_field(), RATE_HZ, "pcm_s16le", layout="4.0")
    write_sound_only(rooms["foa_dev"] / f"{name}.wav", track)
    clip = Clip(rate=Fraction(10), n_pictures=10 * DURATION_S)
    write_clip(rooms["video_dev"] / f"{name}.mp4", clip)


def _field():
    rng = np.random.default_rng(5)
    time_s = np.arange(DURATION_S * RATE_HZ) / RATE_HZ
    field = np.zeros((4, len(time_s)), np.float32)
    for place, frames in ((WOMAN, WOMAN_FRAMES), (RADIO, RADIO_FRAMES)):
        sounds = (time_s >= frames.start / 10) & (time_s < frames.stop / 10)
        noise = 0.05 * rng.standard_normal(len(time_s)) * sounds
        field += encode(noise.astype(np.float32), place)
    return field
