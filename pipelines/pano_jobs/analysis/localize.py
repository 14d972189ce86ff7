"""Saliency maps of a 360° clip by the localizer, thirty a second.

The sound's trunk runs once over the whole track and each window is pooled from it.
Pictures are dear: the network looks `visual_rate_hz` times a second and its features
are interpolated in between, on the sphere they live on (mixed, then normalised again).
The mixture, rather than the last look held, keeps maps continuous, because the camera
would see every jump of a held map as a motion of the source.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from pano.media import Frame
from pano.media.frames import ANALYSIS_HEIGHT_PX, ANALYSIS_WIDTH_PX
from pano.saliency_maps.saliency_map import SILENCE_DB, SaliencyMap
from pano.sphere import cell_solid_angles_sr
from pano_jobs.analysis.audio_track import AudioTrack
from pano_jobs.analysis.field_evidence import (
    FieldWitness,
    field_maps,
    field_share,
    heard_at,
    joint_confidence,
    without_field,
)
from pano_jobs.analysis.localizer import STRIDE_PX, FloatArray, Localizer
from pano_jobs.analysis.visual_motion import MotionMeter, weigh_by_motion
from pano_jobs.settings import LocalizeSettings


def localize(
    frames: Iterable[Frame], audio: AudioTrack, settings: LocalizeSettings
) -> Iterator[SaliencyMap]:
    """Yield a saliency map of the sound source thirty times a second.

    A clip without sound has uniform maps of confidence 0.
    """
    track, localizer, heard = audio.track, audio.localizer, audio.heard
    if heard is not None and settings.evidence == "field":
        by_ear = FieldWitness(heard, audio.sources)
        yield from field_maps(frames, by_ear, audio.level)
        return
    if track is None or localizer is None:
        for frame in frames:
            yield _uniform_map(frame.time_s)
        return
    witness = None if heard is None else FieldWitness(heard, audio.sources)
    meter = MotionMeter()
    start_s: float | None = None
    for time_s, visual in features(frames, localizer, settings.visual_rate_hz):
        start_s = time_s if start_s is None else start_s
        center_s = time_s - start_s  # sample 0 sounds with the first picture
        sound = track.window(center_s, settings.window_s)
        log_prior = log_solid_angles(*visual.shape[1:])
        asked = None if witness is None else witness.ask(time_s, center_s)
        if asked is not None:
            log_prior = log_prior + asked.log_prior
        found = localizer.attend(visual, sound, log_prior=log_prior)
        confidence, share = found.confidence, 0.0
        attention = np.asarray(found.attention)
        if asked is not None:
            alone = without_field(attention, asked.log_prior)
            share = field_share(alone, confidence, asked.log_prior)
            heard_there = heard_at(asked.evidence)
            if heard_there is not None:
                audio.audit.note(time_s, heard_there, alone, confidence)
            confidence = joint_confidence(confidence, asked.evidence.trust)
        attention = weigh_by_motion(
            attention,
            meter.measure(time_s, visual),
            confidence=confidence,
            gain=settings.motion_gain,
        )
        yield SaliencyMap.from_attention(
            attention,
            found.response,
            time_s=time_s,
            confidence=confidence,
            level_db=audio.level.level_dbfs(center_s),
            counts_solid_angle=True,
            field_share=share,
            heard_at=None if asked is None else heard_at(asked.evidence),
        )


def features(
    frames: Iterable[Frame], localizer: Localizer, visual_rate_hz: float
) -> Iterator[tuple[float, FloatArray]]:
    """Yield the time and the visual features (D, h, w) of every analysis frame.

    The network sees `visual_rate_hz` frames a second. Those in between get the
    mixture of their neighbours; those after the last look get that look.
    """
    waiting_s: deque[float] = deque()
    seen_s, seen = 0.0, np.zeros((0, 0, 0), np.float32)
    start_s: float | None = None
    n_looks = 0
    for frame in frames:
        start_s = frame.time_s if start_s is None else start_s
        # The small addend keeps 0.2 s · 5 Hz from being a hair less than 1.
        if (frame.time_s - start_s) * visual_rate_hz + 1e-6 < n_looks:
            waiting_s.append(frame.time_s)
            continue
        visual = localizer.see(frame.image, wrap=True)
        while waiting_s:
            time_s = waiting_s.popleft()
            share = (time_s - seen_s) / (frame.time_s - seen_s)
            yield time_s, _mixed(seen, visual, share)
        yield frame.time_s, visual
        seen_s, seen = frame.time_s, visual
        n_looks = math.floor((frame.time_s - start_s) * visual_rate_hz + 1e-6) + 1
    for time_s in waiting_s:
        yield time_s, seen


def log_solid_angles(height: int, width: int) -> FloatArray:
    """Return the prior that counts area instead of cells, shape (height, 1).

    An equirectangular map has as many cells at the poles as at the horizon. Without
    it a softmax over cells would look up and down far too often.
    """
    omega = cell_solid_angles_sr(height, width)
    return np.asarray(np.log(omega / omega.mean()), dtype=np.float32)


def _mixed(a: FloatArray, b: FloatArray, share: float) -> FloatArray:
    mixture = (1.0 - share) * a + share * b
    length = np.linalg.norm(mixture, axis=0, keepdims=True)
    return np.asarray(mixture / np.maximum(length, 1e-6), dtype=np.float32)


def _uniform_map(time_s: float) -> SaliencyMap:
    height, width = ANALYSIS_HEIGHT_PX // STRIDE_PX, ANALYSIS_WIDTH_PX // STRIDE_PX
    omega = np.broadcast_to(cell_solid_angles_sr(height, width), (height, width))
    return SaliencyMap.from_attention(
        (omega / omega.sum()).astype(np.float32),
        np.zeros((height, width), np.float32),
        time_s=time_s,
        confidence=0.0,
        level_db=SILENCE_DB,
        counts_solid_angle=True,
    )
