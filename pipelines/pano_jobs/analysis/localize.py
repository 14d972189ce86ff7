"""Saliency maps of a 360° clip by the localizer, thirty a second.

The sound's trunk runs once over the whole track and each window is pooled from it.
Pictures are dear: the network looks `visual_rate_hz` times a second, and again only
where something changed (`pano_jobs.analysis.watcher`); `pano_jobs.analysis.looks` tells
what is seen in between.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
from pano_jobs.analysis.looks import stretches
from pano_jobs.analysis.visual_motion import MotionMeter, weigh_by_motion
from pano_jobs.analysis.watcher import Watcher
from pano_jobs.overlap import ahead
from pano_jobs.settings import LocalizeSettings
from soundloc.inference.window_embedding import WindowEmbedding


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
    watcher = Watcher(localizer, is_sparing=settings.looks == "changes")
    for stretch in ahead(stretches(frames, watcher, settings.visual_rate_hz)):
        start_s = stretch.seen[0].time_s if start_s is None else start_s
        # Sample 0 sounds with the first picture.
        centers_s = [seen.time_s - start_s for seen in stretch.seen]
        sounds = track.windows(centers_s, settings.window_s)
        responses = stretch.respond(localizer, sounds)
        for seen, center_s, sound, cosines in zip(
            stretch.seen, centers_s, sounds, responses, strict=True
        ):
            yield _localized(
                cosines,
                meter.measure(seen),
                _Moment(seen.time_s, center_s, sound),
                localizer,
                witness,
                audio,
                settings,
            )


@dataclass(frozen=True, slots=True, eq=False)
class _Moment:
    """A time on the picture's clock, on the sound's, and what sounds there."""

    time_s: float
    center_s: float
    sound: WindowEmbedding


def _localized(
    cosines: FloatArray,
    motion: FloatArray,
    moment: _Moment,
    localizer: Localizer,
    witness: FieldWitness | None,
    audio: AudioTrack,
    settings: LocalizeSettings,
) -> SaliencyMap:
    """Join all evidence of one moment to its map."""
    time_s, center_s = moment.time_s, moment.center_s
    log_prior = log_solid_angles(*cosines.shape)
    asked = None if witness is None else witness.ask(time_s, center_s)
    if asked is not None:
        log_prior = log_prior + asked.log_prior
    found = localizer.judge(cosines, moment.sound, log_prior=log_prior)
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
        attention, motion, confidence=confidence, gain=settings.motion_gain
    )
    return SaliencyMap.from_attention(
        attention,
        found.response,
        time_s=time_s,
        confidence=confidence,
        level_db=audio.level.level_dbfs(center_s),
        counts_solid_angle=True,
        field_share=share,
        heard_at=None if asked is None else heard_at(asked.evidence),
    )


@functools.lru_cache(maxsize=4)
def log_solid_angles(height: int, width: int) -> FloatArray:
    """Return the prior that counts area instead of cells, shape (height, 1).

    An equirectangular map has as many cells at the poles as at the horizon. Without
    it a softmax over cells would look up and down far too often.
    """
    omega = cell_solid_angles_sr(height, width)
    prior = np.asarray(np.log(omega / omega.mean()), dtype=np.float32)
    prior.setflags(write=False)
    return prior


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
