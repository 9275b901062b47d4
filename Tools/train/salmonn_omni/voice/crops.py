"""Pieces of utterances as padded batches: which ones is a function of seed and step alone."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from salmonn_omni.training.processes import Processes
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, HOP
from salmonn_omni.voice.data import LARGEST, Utterance


@dataclass(frozen=True)
class Crop:
    """A stretch of an utterance, counted in tokens."""

    item: int
    start: int
    length: int


@dataclass(frozen=True)
class Crops:
    """Which stretches make up the batch of a step: by length, so that all speech counts alike."""

    lengths: tuple[int, ...]
    batch: int
    crop: int
    seed: int
    #: Stretches start at multiples of so many tokens.
    grid: int = 1

    def at(self, step: int) -> list[Crop]:
        """The stretches of a step."""
        draw = random.Random(f"{self.seed}/{step}")
        items = draw.choices(range(len(self.lengths)), self.lengths, k=self.batch)
        result = []
        for item in items:
            spare = max(0, self.lengths[item] - self.crop)
            start = draw.randint(0, spare // self.grid) * self.grid
            result.append(Crop(item, start, min(self.crop, self.lengths[item] - start)))
        return result


def crops_of(
    utterances: Sequence[Utterance], batch: int, crop: int, seed: int, grid: int = 1
) -> Crops:
    """The stretches of utterances."""
    return Crops(tuple(u.tokens for u in utterances), batch, crop, seed, grid)


@dataclass
class SpeechBatch:
    """Stretches of speech, padded with zeros; lengths are in tokens."""

    mel: Tensor
    pitch: Tensor
    phones: Tensor
    samples: Tensor
    lengths: Tensor
    crops: list[Crop]

    @property
    def frames(self) -> Tensor:
        """1 at the frames that are there, [batch, frames]."""
        steps = torch.arange(self.mel.shape[1], device=self.mel.device)
        return (steps < FRAMES_PER_TOKEN * self.lengths[:, None]).to(self.mel.dtype)


def speech(
    utterances: Sequence[Utterance], crops: list[Crop], processes: Processes
) -> SpeechBatch | None:
    """This process's share of the stretches; None where it has none.

    All shares are padded to the longest stretch of the whole batch, so that a process's share does
    not change what the others compute.
    """
    longest = max(crop.length for crop in crops)
    share = processes.share(crops)
    if not share:
        return None

    def padded(name: str, rate: int) -> Tensor:
        pieces = []
        for crop in share:
            values = getattr(utterances[crop.item], name)
            piece = values[rate * crop.start : rate * (crop.start + crop.length)]
            ends = [(0, rate * (longest - crop.length))] + [(0, 0)] * (piece.ndim - 1)
            pieces.append(np.pad(piece, ends))
        return torch.from_numpy(np.stack(pieces)).to(processes.device)

    return SpeechBatch(
        mel=padded("mel", FRAMES_PER_TOKEN).float(), pitch=padded("pitch", FRAMES_PER_TOKEN),
        phones=padded("phones", FRAMES_PER_TOKEN).long(),
        samples=padded("samples", FRAMES_PER_TOKEN * HOP) / LARGEST,
        lengths=torch.tensor([crop.length for crop in share], device=processes.device),
        crops=share,
    )


def codes_of(crops: Sequence[Crop], codes: Sequence[Sequence[int]], longest: int) -> Tensor:
    """The codes of stretches of lines, [crops, longest], zeros behind them."""
    found = torch.zeros(len(crops), longest, dtype=torch.long)
    for row, crop in enumerate(crops):
        piece = codes[crop.item][crop.start : crop.start + crop.length]
        found[row, : len(piece)] = torch.tensor(piece)
    return found
