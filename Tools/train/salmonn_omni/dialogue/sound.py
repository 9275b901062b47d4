"""Samples to features, with the changes that make a corpus go further.

Changes are drawn from an item's own seed, so that they do not depend on the process or on what
was drawn before.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..models.log_mel import CAUSAL, LogMel, LogMelConfig, mel_points
from .model import BLOCK


@dataclass(frozen=True)
class Changes:
    """How much is changed; all zero is nothing."""

    #: The share of items that get another level, and its range in dB.
    gain: float = 0.0
    decibels: tuple[float, float] = (-12.0, 6.0)
    #: The share of items with added noise, and the ratio to the signal's level in dB.
    noise: float = 0.0
    ratios: tuple[float, float] = (8.0, 35.0)
    #: The share of items whose spectrum is tilted or cut, as rooms and microphones do.
    band: float = 0.0
    #: The share of items with another speed, which moves pitch and formants too, and its range.
    speed: float = 0.0
    speeds: tuple[float, float] = (0.88, 1.14)
    #: The share of items, of those in which only users sound, whose speakers get a vocal tract of
    #: another length, and the range of the factor of their formants.
    tract: float = 0.0
    tracts: tuple[float, float] = (0.86, 1.16)
    #: The share of the same items whose frequencies are bent otherwise, and how far at most, of all
    #: bins: what one factor of length does not reach.
    bend: float = 0.0
    bends: float = 0.03
    #: The share of items whose sounds get other lengths, and by how many frames at most each of two
    #: waves moves them: speech of another rhythm that ends when it ended.
    warp: float = 0.0
    warps: float = 1.5
    #: The share of items, of those in which only users sound, whose speech is pieced together: from
    #: piece to piece, 100 ms on the average, the spectrum is another, by so much at most.
    joints: float = 0.0
    jumps: float = 0.06
    #: Masks over the features of the environment: how many of each, and their longest size.
    bin_masks: int = 0
    bins: int = 12
    frame_masks: int = 0
    frames: int = 20


def changed(samples: np.ndarray, changes: Changes, draw: np.random.Generator) -> np.ndarray:
    """Samples in [-1, 1] at another level, with noise."""
    if changes.noise and draw.random() < changes.noise:
        level = np.sqrt(np.mean(np.square(samples)) + 1e-10)
        ratio = draw.uniform(*changes.ratios)
        noise = coloured_noise(len(samples), draw.uniform(0.0, 1.2), draw)
        samples = samples + noise * (level * 10 ** (-ratio / 20))
    if changes.gain and draw.random() < changes.gain:
        samples = samples * 10 ** (draw.uniform(*changes.decibels) / 20)
    return np.clip(samples, -1, 1)


def coloured_noise(count: int, slope: float, draw: np.random.Generator) -> np.ndarray:
    """Noise of level 1 whose power falls with the frequency to the power of the slope."""
    # A few seconds, turned around and repeated: long transforms are slow.
    length = min(max(count, 512), 1 << 15)
    spectrum = np.fft.rfft(draw.standard_normal(length).astype(np.float32))
    spectrum *= np.maximum(np.arange(len(spectrum)), 8) ** (-slope / 2)
    noise = np.fft.irfft(spectrum, length).astype(np.float32)
    noise /= np.sqrt(np.mean(noise**2)) + 1e-9
    start = int(draw.integers(length))
    return np.resize(np.roll(noise, start), count)


def resampled(samples: np.ndarray, speed: float) -> np.ndarray:
    """The same sound so much faster, by straight lines between samples."""
    count = int(len(samples) / speed)
    places = np.arange(count, dtype=np.float32) * speed
    return np.interp(places, np.arange(len(samples), dtype=np.float32), samples).astype(np.float32)


def features(rows: list[np.ndarray], mel: LogMel, blocks: int) -> Tensor:
    """Log-mel frames `[rows, 8 blocks, bins]`; shorter rows end in silence."""
    padded = torch.zeros(len(rows), blocks * BLOCK)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = torch.from_numpy(np.ascontiguousarray(row, dtype=np.float32))
    return mel(padded)


def changed_features(mel: Tensor, changes: Changes, seeds: list[int]) -> Tensor:
    """Features with another colour of sound, and with masks, for each row by its seed."""
    for row, seed in zip(mel, seeds):
        draw = np.random.default_rng(seed)
        if changes.band and draw.random() < changes.band:
            row += colour(row.shape[1], draw)
            row.clamp_(min=-1.5)
        for _ in range(changes.bin_masks):
            width = int(draw.integers(changes.bins + 1))
            start = int(draw.integers(row.shape[1] - width + 1))
            row[:, start : start + width] = row.mean()
        for _ in range(int(changes.frame_masks * row.shape[0] / 300 + draw.random())):
            width = int(draw.integers(changes.frames + 1))
            start = int(draw.integers(max(1, row.shape[0] - width + 1)))
            row[start : start + width] = row.mean()
    return mel


def bin_centres(config: LogMelConfig) -> Tensor:
    """The frequency of each bin's peak in Hz, `[bins]`, of Slaney's scale."""
    corners, _ = mel_points(config)
    return corners[1:-1].float()


def between_bins(mel: Tensor, low: Tensor, share: Tensor) -> Tensor:
    """Each row's values so far on from its bins `low` to the next, both `[rows, bins]`."""
    take, share = low[:, None].expand(-1, mel.shape[1], -1), share[:, None]
    return mel.gather(2, take) * (1 - share) + mel.gather(2, take + 1) * share


def at_places(mel: Tensor, sources: Tensor) -> Tensor:
    """Each row's values at places between its bins, `[rows, bins]`, counted from 0."""
    low = sources.floor().clamp(max=mel.shape[2] - 2)
    return between_bins(mel, low.long(), sources - low)


def stretched(mel: Tensor, centres: Tensor, factors: Tensor) -> Tensor:
    """Features `[rows, frames, bins]` as of speakers whose formants are so many times higher.

    Vocal tract length perturbation (Jaitly and Hinton 2013): frequencies are multiplied by each
    row's factor, and above the knee a straight line leads to the highest one, which stays.
    """
    top = centres[-1]
    knee = top * 0.85 / factors.clamp(min=1)[:, None]
    # From where each bin takes its value: the inverse of the line with the knee.
    bent = knee * factors[:, None]
    above = knee + (centres - bent) * (top - knee) / (top - bent)
    sources = torch.where(centres < bent, centres / factors[:, None], above)
    right = torch.searchsorted(centres, sources.contiguous()).clamp(1, len(centres) - 1)
    low, high = centres[right - 1], centres[right]
    share = ((sources - low) / (high - low)).clamp(0, 1)
    return between_bins(mel, right - 1, share)


def bent(mel: Tensor, shifts: Tensor) -> Tensor:
    """Features `[rows, frames, bins]` whose frequency axis is bent, its ends where they were.

    `shifts` `[rows, waves]` is by how much of the axis half a wave, a whole, and so on move it.
    """
    bins = mel.shape[2]
    axis = torch.linspace(0, 1, bins, device=mel.device)
    waves = torch.arange(1, shifts.shape[1] + 1, device=mel.device)
    moved = (shifts[..., None] * torch.sin(torch.pi * waves[:, None] * axis)).sum(1)
    sources = (axis + moved).clamp(0, 1) * (bins - 1)
    return at_places(mel, sources)


def warped(mel: Tensor, shifts: Tensor, waves: Tensor, phases: Tensor) -> Tensor:
    """Features `[rows, frames, bins]` whose time is bent by waves, each `[rows, waves]`.

    `shifts` is how many frames a wave moves the sound at most, `waves` its length in frames, `phases`
    where it begins, in turns.
    """
    frames = mel.shape[1]
    axis = torch.arange(frames, device=mel.device)
    turns = axis / waves[..., None] + phases[..., None]
    moved = (shifts[..., None] * torch.sin(2 * torch.pi * turns)).sum(1)
    sources = (axis + moved).clamp(0, frames - 1)
    return at_places(mel.transpose(1, 2), sources).transpose(1, 2)


def pieced(mel: Tensor, joints: Tensor, curves: Tensor) -> Tensor:
    """Features `[rows, frames, bins]` whose spectrum jumps where `joints` `[rows, frames]` is true.

    `curves` `[rows, pieces, waves]` is how much of half a wave over the bins, of a whole, and so on
    each piece gets; there are as many pieces as frames at most.
    """
    piece = joints.cumsum(1).clamp(max=curves.shape[1] - 1)
    own = curves.gather(1, piece[..., None].expand(-1, -1, curves.shape[2]))
    axis = torch.linspace(0, torch.pi, mel.shape[2], device=mel.device)
    waves = torch.cos(torch.arange(curves.shape[2], device=mel.device)[:, None] * axis)
    return (mel + own @ waves).clamp(min=-1.5)


def changed_on_device(
    mel: Tensor, changes: Changes, draw: torch.Generator, heard: Tensor | None = None
) -> Tensor:
    """The changes of `changed_features` for all rows at once, `[rows, frames, bins]`.

    `heard`, samples `[rows, samples]`, is what the assistant says: where it does, its voice is
    heard in the room as well and nobody's vocal tract is changed.
    """
    rows, frames, bins = mel.shape
    device = mel.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=draw, device=device) * (high - low) + low

    is_alone = torch.ones(rows, dtype=torch.bool, device=device)
    if heard is not None:
        is_alone = ~heard.any(1)
    if changes.tract:
        is_changed = (uniform(0, 1, rows) < changes.tract) & is_alone
        factors = torch.where(is_changed, uniform(*changes.tracts, rows), 1.0)
        mel = stretched(mel, bin_centres(CAUSAL).to(device), factors)
    if changes.bend:
        is_changed = (uniform(0, 1, rows) < changes.bend) & is_alone
        # Short waves bend as steeply as long ones.
        most = changes.bends / torch.arange(1, 4, device=device)
        shifts = uniform(-1, 1, rows, 3) * most * is_changed[:, None]
        mel = bent(mel, shifts)
    if changes.warp:
        # From a sound to two syllables; slower than time runs, so that nothing is heard backwards.
        waves = uniform(12, 40, rows, 2)
        is_changed = uniform(0, 1, rows, 1) < changes.warp
        shifts = uniform(0, 1, rows, 2) * (waves / 15).clamp(max=changes.warps) * is_changed
        mel = warped(mel, shifts, waves, uniform(0, 1, rows, 2))
    if changes.joints:
        is_changed = (uniform(0, 1, rows) < changes.joints) & is_alone
        curves = uniform(-1, 1, rows, frames, 3) * changes.jumps / 2
        joints = uniform(0, 1, rows, frames) < 0.1
        mel = pieced(mel, joints, curves * is_changed[:, None, None])
    if changes.band:
        axis = torch.linspace(0, 1, bins, device=device)
        curve = uniform(-0.25, 0.25, rows, 1) * (axis - 0.5)
        for _ in range(2):
            centre, width = uniform(0, 1, rows, 1), uniform(0.1, 0.4, rows, 1)
            curve = curve + uniform(-0.15, 0.15, rows, 1) * torch.exp(-(((axis - centre) / width) ** 2))
        cut = ((axis - uniform(0.75, 0.95, rows, 1)) * 8).clamp(0, 1)
        curve = curve - cut * (uniform(0, 1, rows, 1) < 0.3)
        curve = curve * (uniform(0, 1, rows, 1) < changes.band)
        mel = (mel + curve[:, None]).clamp(min=-1.5)
    mean = mel.mean((1, 2), keepdim=True)
    for _ in range(changes.bin_masks):
        width = uniform(0, changes.bins + 1, rows, 1).floor()
        start = (uniform(0, 1, rows, 1) * (bins - width + 1)).floor()
        place = torch.arange(bins, device=device)
        mel = torch.where(((place >= start) & (place < start + width))[:, None], mean, mel)
    for _ in range(round(changes.frame_masks * frames / 300)):
        width = uniform(0, changes.frames + 1, rows, 1).floor()
        start = (uniform(0, 1, rows, 1) * frames).floor()
        place = torch.arange(frames, device=device)
        mel = torch.where(((place >= start) & (place < start + width))[..., None], mean, mel)
    return mel


def colour(bins: int, draw: np.random.Generator) -> Tensor:
    """A smooth change of the spectrum; 0.5 of a log-mel feature is 20 dB."""
    axis = np.linspace(0, 1, bins)
    curve = draw.uniform(-0.25, 0.25) * (axis - 0.5)
    for _ in range(2):
        centre, width = draw.uniform(0, 1), draw.uniform(0.1, 0.4)
        curve += draw.uniform(-0.15, 0.15) * np.exp(-(((axis - centre) / width) ** 2))
    if draw.random() < 0.3:  # a telephone, or an old loudspeaker
        curve -= np.clip((axis - draw.uniform(0.75, 0.95)) * 8, 0, 1)
    return torch.from_numpy(curve.astype(np.float32))
