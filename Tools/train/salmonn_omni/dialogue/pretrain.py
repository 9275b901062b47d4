"""Stage 0: the encoder learns to tell words apart, with CTC on words and on sounds.

The sounds are espeak-ng's phonemes of each word, read off half way up the stack; the words are
the tokens of the language model, read off at its end.
"""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.encoder import EncoderConfig, SpeechEncoder
from ..models.log_mel import LogMel
from ..training.batches import BatchPlan
from ..training.command import run_stage
from ..training.processes import Processes
from ..training.trainer import Loss, PreparedTask, TrainerConfig, go_on
from . import corpus, mixing, sound
from .model import BLOCK, ModelConfig


#: The size of the head for sounds; espeak-ng's English has about sixty.
PHONEMES = 128


@dataclass(frozen=True)
class PretrainConfig:
    """What stage 0 learns from."""

    trainer: TrainerConfig
    #: Folders of shards; an utterance is everything that users say in a conversation.
    train: list[str]
    valid: list[str]
    tokenizer: str
    #: Folders of conversations of which every utterance that is not overlapped by another user's
    #: is an item of its own, with the echo of the assistant that falls into it.
    windows: list[str] = field(default_factory=list)
    #: The `model.pt` of a run of this stage to go on from, with other data.
    initial: str = ""
    model: ModelConfig = field(default_factory=ModelConfig)
    changes: sound.Changes = field(default_factory=sound.Changes)
    #: With banks here every recording is mixed anew, on the device that trains.
    studio: mixing.StudioConfig = field(default_factory=mixing.StudioConfig)
    #: Seconds of sound in a batch, silence between the rows' ends included.
    seconds: float = 160.0
    #: The longest conversation that is used, in seconds.
    longest: float = 12.0
    #: The weight of the sounds beside the words.
    phonemes: float = 0.5
    #: The most held-out conversations of a folder.
    measured: int = 200


class Lexicon:
    """Words as espeak-ng's phonemes, asked once for each word."""

    def __init__(self) -> None:
        self.symbols: dict[str, int] = {}
        self.words: dict[str, list[int]] = {}

    def add(self, words: set[str]) -> None:
        """Learns the phonemes of words."""
        new = sorted(words - self.words.keys())
        if not new:
            return
        command = ["espeak-ng", "-q", "-x", "--sep=_", "-v", "en-us"]
        spoken = subprocess.run(
            command, input=".\n".join(new) + ".\n", capture_output=True, text=True, check=True
        ).stdout.splitlines()
        lines = [line for line in spoken if line.strip()]
        if len(lines) != len(new):
            raise RuntimeError(f"espeak-ng spoke {len(lines)} lines for {len(new)} words")
        for word, line in zip(new, lines):
            sounds = line.replace("'", "").replace(",", "").replace("%", "").strip(" _:").split("_")
            self.words[word] = [
                self.symbols.setdefault(s, len(self.symbols) + 1) for s in sounds if s
            ]

    def phonemes(self, text: str) -> list[int]:
        """The sounds of a text, counted from 1."""
        return [symbol for word in text.split() for symbol in self.words[word]]


def plain(text: str) -> str:
    """A text without what is not said."""
    return " ".join(text.replace(",", " ").replace(".", " ").replace("?", " ").split())


@dataclass(frozen=True)
class Recording:
    """Some blocks of a conversation's environment, and what users say in them."""

    conversation: corpus.Conversation
    first: int
    last: int
    text: str


def whole(conversation: corpus.Conversation) -> Recording:
    """A conversation with everything that users say in it, in the order in which they begin."""
    texts = [plain(u.text) for u in sorted(conversation.user, key=lambda u: u.start)]
    return Recording(conversation, 0, conversation.blocks, " ".join(t for t in texts if t))


def windows(conversation: corpus.Conversation, around: int = 6) -> list[Recording]:
    """Each utterance with some blocks around it, where nobody but the assistant speaks."""
    found = []
    for utterance in conversation.user:
        first = max(0, utterance.start // BLOCK - around)
        last = min(conversation.blocks, utterance.end // BLOCK + 1 + around)
        for other in conversation.user:
            if other is utterance:
                continue
            if other.end <= utterance.start:
                first = max(first, -(-other.end // BLOCK))
            elif other.start >= utterance.end:
                last = min(last, other.start // BLOCK)
            else:
                last = 0
        if first * BLOCK <= utterance.start and last * BLOCK >= utterance.end:
            found.append(Recording(conversation, first, last, plain(utterance.text)))
    return found


class CTCEncoder(nn.Module):
    """The encoder with two heads that only this stage has."""

    def __init__(self, config: EncoderConfig, words: int, phonemes: int) -> None:
        super().__init__()
        self.encoder = SpeechEncoder(config)
        width = config.mamba.width
        self.words = nn.Linear(width, words)
        self.phonemes = nn.Linear(width, phonemes)

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Scores of words and of phonemes, `[rows, frames, ...]`; 0 is the blank."""
        stack = self.encoder.mamba
        hidden = self.encoder.front_end(mel)
        half = len(stack.layers) // 2
        for layer in stack.layers[:half]:
            hidden = layer(hidden)
        phonemes = self.phonemes(F.rms_norm(hidden, hidden.shape[-1:]))
        for layer in stack.layers[half:]:
            hidden = layer(hidden)
        return self.words(stack.norm_f(hidden)), phonemes


@dataclass
class CTCPlan:
    """A batch before it sounds."""

    plan: mixing.Plan
    frames: Tensor
    words: list[list[int]]
    phonemes: list[list[int]]
    seed: int
    changes: bool


@dataclass
class CTCBatch:
    """Features and what is said in them."""

    mel: Tensor
    frames: Tensor
    words: list[list[int]]
    phonemes: list[list[int]]


def ctc(logits: Tensor, frames: Tensor, targets: list[list[int]]) -> Tensor:
    """The sum of the CTC losses of all rows."""
    return F.ctc_loss(
        F.log_softmax(logits.float(), -1).transpose(0, 1),
        torch.tensor([s for target in targets for s in target], device=logits.device), frames,
        torch.tensor([len(target) for target in targets]), reduction="sum", zero_infinity=True,
    )


def best_path(logits: Tensor, frames: Tensor) -> list[list[int]]:
    """The likeliest symbol of each frame, repetitions and blanks taken out."""
    found = []
    for row, count in zip(logits.argmax(-1).tolist(), frames.tolist()):
        path = [s for s, before in zip(row[:count], [0, *row]) if s != before]
        found.append([s for s in path if s])
    return found


def edits(found: list[int], expected: list[int]) -> int:
    """The least number of changes from one to the other."""
    costs = list(range(len(expected) + 1))
    for i, a in enumerate(found, 1):
        before, costs[0] = costs[0], i
        for j, b in enumerate(expected, 1):
            before, costs[j] = costs[j], min(costs[j] + 1, costs[j - 1] + 1, before + (a != b))
    return costs[-1]


class PretrainTask(PreparedTask):
    """CTC on everything that users say."""

    terms = ("words", "phonemes")

    def __init__(self, config: PretrainConfig, processes: Processes) -> None:
        self.config = config
        self.processes = processes
        self.tokenizer = Tokenizer.from_file(config.tokenizer)
        self.mel = LogMel()
        longest = int(config.longest * 12.5)
        self.train = [whole(c) for c in corpus.read(config.train, users=config.studio.users) if c.user and c.blocks <= longest]
        self.train += [w for c in corpus.read(config.windows, users=config.studio.users) for w in windows(c)]
        self.valid = {
            Path(f).name: [w for c in corpus.read([f], users=config.studio.users) for w in windows(c)][: config.measured]
            for f in config.valid
        }
        self.lexicon = Lexicon()
        # The tokenizer's words first: their sounds have the same numbers in every run.
        self.lexicon.add({w for t in self.tokenizer.get_vocab() if (w := t.lstrip("Ġ")).isalpha()})
        every = [*self.train, *(r for v in self.valid.values() for r in v)]
        self.lexicon.add({word for recording in every for word in recording.text.split()})
        self.plan = BatchPlan(
            tuple(r.last - r.first for r in self.train), int(config.seconds * 12.5), config.trainer.seed
        )
        self.studio: mixing.Studio | None = None
        if config.studio.users:
            self.studio = mixing.Studio(config.studio, config.trainer.seed, processes.device)
        self.mel.to(processes.device)
        self.model = CTCEncoder(
            config.model.encoder, config.model.language.vocabulary + 1, PHONEMES
        )
        go_on(self.model, config.initial)

    def spoken(self, text: str) -> tuple[list[int], list[int]]:
        """Words and sounds of a text; 0 is the blank."""
        words = [token + 1 for token in self.tokenizer.encode(" " + text).ids]
        return words, self.lexicon.phonemes(text)

    def make(
        self, recordings: list[Recording], seeds: list[int] | None = None
    ) -> CTCBatch:
        """Features and targets; with seeds, changed by them."""
        rows = []
        for index, recording in enumerate(recordings):
            samples, _ = recording.conversation.samples(recording.first, recording.last)
            samples = samples.astype(np.float32) / 32768
            if seeds is not None:
                changes = self.config.changes
                draw = np.random.default_rng(seeds[index])
                if draw.random() < changes.speed:
                    samples = sound.resampled(samples, draw.uniform(*changes.speeds))
                samples = sound.changed(samples, changes, draw)
            rows.append(samples)
        blocks = max(-(-len(row) // BLOCK) for row in rows)
        mel = sound.features(rows, self.mel, blocks)
        if seeds is not None:
            mel = sound.changed_features(mel, self.config.changes, [s ^ 1 for s in seeds])
        words, phonemes = zip(*(self.spoken(r.text) for r in recordings))
        frames = torch.tensor([min(2 * blocks, -(-len(row) // (BLOCK // 2))) for row in rows])
        return CTCBatch(mel.to(self.processes.device), frames, list(words), list(phonemes))

    def layout(self, recordings: list[Recording], seeds: list[int] | None = None) -> CTCPlan:
        """A batch of banks' utterances; with seeds, drawn by them."""
        width = -(-max(r.last - r.first for r in recordings) // 4) * 4
        words, phonemes = zip(*(self.spoken(r.text) for r in recordings))
        drawn = seeds or list(range(len(recordings)))
        assert self.studio is not None
        parts = [(r.conversation, r.first, r.last) for r in recordings]
        frames = torch.tensor([2 * (r.last - r.first) for r in recordings])
        plan = self.studio.plan(parts, width, drawn)
        return CTCPlan(plan, frames, list(words), list(phonemes), drawn[0], bool(seeds))

    def prepare(self, step: int, processes: Processes) -> CTCPlan | None:
        """The layout of a step's batch."""
        mine = processes.share(self.plan.seeded(step))
        if not mine:
            return None
        return self.layout([self.train[i] for i, _ in mine], [seed for _, seed in mine])

    def finish(self, planned: CTCPlan) -> CTCBatch:
        """The batch of a layout, on the device."""
        assert self.studio is not None
        mixed = self.studio.mixer.mix(planned.plan)
        mel = self.mel(mixed.environment)
        if planned.changes:
            draw = torch.Generator(mel.device).manual_seed((planned.seed ^ 1) % 2**63)
            mel = sound.changed_on_device(mel, self.config.changes, draw, mixed.heard)
        return CTCBatch(mel, planned.frames, planned.words, planned.phonemes)

    def batch(self, step: int, processes: Processes) -> CTCBatch | None:
        """The recordings of a step, changed by their seeds."""
        if self.studio is not None:
            return super().batch(step, processes)
        mine = processes.share(self.plan.seeded(step))
        if not mine:
            return None
        return self.make([self.train[i] for i, _ in mine], [seed for _, seed in mine])

    def losses(self, batch: CTCBatch) -> dict[str, Loss]:
        """Both losses, each for one symbol."""
        words, phonemes = self.model(batch.mel)
        sizes = [
            torch.tensor(float(sum(map(len, t))), device=words.device)
            for t in (batch.words, batch.phonemes)
        ]
        return {
            "words": Loss(ctc(words, batch.frames, batch.words), sizes[0]),
            "phonemes": Loss(
                ctc(phonemes, batch.frames, batch.phonemes), sizes[1], self.config.phonemes * 2
            ),
        }

    def evaluate(self) -> dict[str, float]:
        """Error rates of the best path, for each folder."""
        results = {}
        for name, recordings in self.valid.items():
            wrong, count = np.zeros(2), np.zeros(2)
            for start in range(0, len(recordings), 16):
                some = recordings[start : start + 16]
                batch = self.make(some) if self.studio is None else self.finish(self.layout(some))
                for index, (logits, expected) in enumerate(
                    zip(self.model(batch.mel), (batch.words, batch.phonemes))
                ):
                    for found, target in zip(best_path(logits, batch.frames), expected):
                        wrong[index] += edits(found, target)
                        count[index] += len(target)
            results[f"{name} wer"], results[f"{name} per"] = (wrong / np.maximum(count, 1)).tolist()
        return results


def main(arguments: list[str] | None = None) -> None:
    """Trains the encoder on what users say."""
    run_stage(PretrainConfig, PretrainTask, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
