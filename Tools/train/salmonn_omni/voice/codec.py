"""The speech tokenizer: mel frames to codes of 40 ms, and back, for training alone.

Finite scalar quantisation (Mentzer et al. 2023): every channel of a narrow bottleneck is rounded to
one of a few levels. Beside the mel, the phone that is spoken is to be told from the codes, so that
they hold what makes speech understandable (as the supervised tokens of CosyVoice 2 do).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from salmonn_omni.training import settings
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.trainer import Loss, go_on
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, CodecConfig, CodecStage
from salmonn_omni.voice.crops import SpeechBatch, crops_of, speech
from salmonn_omni.voice.data import Utterance, Voice
from salmonn_omni.voice.engines import PHONES

BINS = 80


class Quantizer(nn.Module):
    """Rounds every channel to its levels; the gradient passes as if it had not."""

    def __init__(self, levels: tuple[int, ...]) -> None:
        super().__init__()
        sizes = torch.tensor(levels, dtype=torch.float32)
        self.register_buffer("levels", sizes, persistent=False)
        strides = torch.cat([torch.ones(1), sizes[:-1]]).cumprod(0).long()
        self.register_buffer("strides", strides, persistent=False)

    @property
    def lowest(self) -> Tensor:
        """How far below zero each channel's lowest level lies."""
        return self.levels.div(2, rounding_mode="floor")

    def bounded(self, x: Tensor) -> Tensor:
        """[..., channels] to numbers within the levels, which lie at whole numbers."""
        half = (self.levels - 1) * 1.001 / 2
        offset = (self.levels % 2 == 0).to(x) * 0.5
        return torch.tanh(x + torch.atanh(offset / half)) * half - offset

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[..., channels] to rounded values of about -1 to 1, and to codes [...]."""
        bounded = self.bounded(x)
        rounded = bounded + (bounded.round() - bounded).detach()
        codes = ((rounded.detach() + self.lowest).long() * self.strides).sum(-1)
        return rounded / self.lowest, codes

    def values(self, codes: Tensor) -> Tensor:
        """The rounded values of codes."""
        digits = codes[..., None].div(self.strides, rounding_mode="floor") % self.levels.long()
        return (digits - self.lowest) / self.lowest


class Block(nn.Module):
    """A convolution over three positions and a feed-forward part, added."""

    def __init__(self, width: int, causal: bool = False) -> None:
        super().__init__()
        self.ends = (2, 0) if causal else (1, 1)
        self.norm = nn.LayerNorm(width)
        self.convolution = nn.Conv1d(width, 2 * width, 3)
        self.out = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        y = F.pad((self.norm(x) * inside).transpose(1, 2), self.ends)
        return x + self.out(F.gelu(self.convolution(y).transpose(1, 2)))


class Codec(nn.Module):
    """Mel frames to codes at 25 Hz, and to mel frames and phones again."""

    def __init__(self, config: CodecConfig) -> None:
        super().__init__()
        self.config = config
        width, stacked = config.width, FRAMES_PER_TOKEN * BINS
        self.into = nn.Linear(stacked, width)
        self.encoder = nn.ModuleList(Block(width) for _ in range(config.layers))
        self.narrow = nn.Linear(width, len(config.levels))
        self.quantizer = Quantizer(config.levels)
        self.widen = nn.Linear(len(config.levels), width)
        # The flow speaks chunk by chunk: what a frame needs must be in its code or before it.
        self.decoder = nn.ModuleList(
            Block(width, config.causal_decoder) for _ in range(config.layers)
        )
        self.mel = nn.Linear(width, stacked)
        self.phone = nn.Linear(width, FRAMES_PER_TOKEN * len(PHONES))

    def narrowed(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Mel [batch, frames, bins], lengths in tokens, to what is rounded."""
        x = self.into(mel.unflatten(1, (-1, FRAMES_PER_TOKEN)).flatten(2))
        inside = _inside(x, lengths)
        for block in self.encoder:
            x = block(x, inside)
        return self.narrow(x)

    def encode(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Mel [batch, frames, bins], lengths in tokens, to rounded values and codes."""
        return self.quantizer(self.narrowed(mel, lengths))

    def decode(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Rounded values to mel [batch, frames, bins] and phone logits [batch, frames, phones]."""
        x = self.widen(values)
        inside = _inside(x, lengths)
        for block in self.decoder:
            x = block(x, inside)
        parts = (FRAMES_PER_TOKEN, -1)
        return (
            self.mel(x).unflatten(2, parts).flatten(1, 2),
            self.phone(x).unflatten(2, parts).flatten(1, 2),
        )

    @torch.no_grad()
    def codes(self, utterance: Utterance) -> list[int]:
        """The codes of an utterance."""
        device = self.into.weight.device
        mel = torch.from_numpy(utterance.mel).float()[None].to(device)
        return self.encode(mel, torch.tensor([utterance.tokens], device=device))[1][0].tolist()

    @torch.no_grad()
    def codes_of(self, utterances: Sequence[Utterance], together: int = 128) -> list[list[int]]:
        """The codes of utterances, many at a time."""
        device = self.into.weight.device
        order = sorted(range(len(utterances)), key=lambda i: utterances[i].tokens)
        found: list[list[int]] = [[] for _ in utterances]
        for start in range(0, len(order), together):
            part = order[start : start + together]
            lengths = [utterances[i].tokens for i in part]
            mel = torch.zeros(len(part), max(lengths) * FRAMES_PER_TOKEN, BINS)
            for row, index in enumerate(part):
                frames = torch.from_numpy(utterances[index].mel).float()
                mel[row, : len(frames)] = frames[: mel.shape[1]]
            _, codes = self.encode(mel.to(device), torch.tensor(lengths, device=device))
            for row, index, length in zip(codes.tolist(), part, lengths):
                found[index] = row[:length]
        return found

    @staticmethod
    def load(run: str | Path) -> "Codec":
        """The model of a finished run."""
        folder = Path(run)
        stage = settings.from_json(CodecStage, json.loads((folder / "config.json").read_text()))
        model = Codec(stage.codec)
        model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
        return model.eval()


def _inside(x: Tensor, lengths: Tensor) -> Tensor:
    positions = torch.arange(x.shape[1], device=x.device)
    return (positions < lengths[:, None])[..., None].to(x.dtype)


@dataclass
class CodecTask:
    """Trains the speech tokenizer to give mel frames and phones back."""

    config: CodecStage
    processes: Processes
    terms = ("mel", "phone", "phone_accuracy")

    def __post_init__(self) -> None:
        self.voice = Voice.load(self.config.data)
        self.model = Codec(self.config.codec)
        go_on(self.model, self.config.initial)
        self.plan = crops_of(
            self.voice.training, self.config.batch, self.config.crop, self.config.trainer.seed
        )

    def batch(self, step: int, processes: Processes) -> SpeechBatch | None:
        """Stretches of speech."""
        return speech(self.voice.training, self.plan.at(step), processes)

    def losses(self, batch: SpeechBatch) -> dict[str, Loss]:
        """The absolute error of the mel, and the cross-entropy of the phones."""
        values, _ = self.model.encode(batch.mel, batch.lengths)
        mel, phones = self.model.decode(values, batch.lengths)
        inside = batch.frames
        entropy = F.cross_entropy(phones.transpose(1, 2), batch.phones, reduction="none")
        hits = (phones.argmax(-1) == batch.phones).to(inside)
        count = inside.sum()
        return {
            "mel": Loss(((mel - batch.mel).abs().mean(-1) * inside).sum(), count),
            "phone": Loss((entropy * inside).sum(), count, self.config.codec.phone_weight),
            "phone_accuracy": Loss((hits * inside).sum(), count, 0.0),
        }

    def evaluate(self) -> dict[str, float]:
        """The same on held-out lines, and how many codes are used how evenly."""
        plan = crops_of(self.voice.held_out, 64, self.config.crop, 0)
        batch = speech(self.voice.held_out, plan.at(0), Processes(0, 1, self.processes.device))
        assert batch is not None
        losses = self.losses(batch)
        _, codes = self.model.encode(batch.mel, batch.lengths)
        shares = torch.bincount(codes.flatten(), minlength=self.config.codec.codes).float()
        shares = shares / shares.sum()
        bits = -(shares * shares.clamp(min=1e-9).log2()).sum()
        found = {f"held_out_{n}": float(v.total / v.weight) for n, v in losses.items()}
        return found | {"codes_bits": float(bits)}
