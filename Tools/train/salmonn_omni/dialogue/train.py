"""Stages 1 and 2: from what is heard to what is answered, and when.

Stage 1 is trained on short recordings (writing down what is said, and answering one question),
stage 2 on whole conversations with pauses, interruptions, bystanders and echo. Both are this
program with other folders. Beside the tokens, a CTC loss pulls the embeddings of the environment
towards the embeddings of the words that are said in it.
"""

import json
import random
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from ..models.log_mel import LogMel
from ..training.batches import BatchPlan
from ..training.command import run_stage
from ..training.processes import Processes
from ..training.settings import from_json
from ..training.trainer import Loss, PreparedTask, TrainerConfig
from . import corpus, labels, mixing, sound
from .labels import THINK
from .model import BLOCK, DialogueModel, ModelConfig, Sequences, silence
from .pretrain import plain
from .text import TextBatch, TextBatches, questions, text_logits, token_losses


@dataclass(frozen=True)
class DialogueConfig:
    """What stages 1 and 2 learn from."""

    trainer: TrainerConfig
    tokenizer: str
    #: Folders of conversations; a folder that is named twice is seen twice as often.
    train: list[str]
    valid: list[str]
    #: Folders whose users' words are to be written down.
    transcribe: list[str] = field(default_factory=list)
    #: The answer, 1.1 s late, to questions of banks that break off, as to what was not understood;
    #: empty leaves them out.
    unfinished: str = ""
    #: The share of banks' answers that begin up to 640 ms late; scripts have their own.
    misses: float = 0.0
    #: Milliseconds from the end of a question of a bank to the end of the block of the shift, at least;
    #: scripts have their own.
    response: float = 80.0
    #: The share of banks' questions with a pause of 0.1 to 0.35 s inside.
    breaks: float = 0.0
    #: Weights to begin with; parts that a file does not have stay as they are.
    initial: list[str] = field(default_factory=list)
    model: ModelConfig = field(default_factory=ModelConfig)
    weights: labels.Weights = field(default_factory=labels.Weights)
    changes: sound.Changes = field(default_factory=sound.Changes)
    #: With banks here every conversation is mixed anew, on the device that trains.
    studio: mixing.StudioConfig = field(default_factory=mixing.StudioConfig)
    #: Seconds of sound in a batch.
    seconds: float = 120.0
    #: The longest part of a conversation that is used at once, in seconds.
    longest: float = 40.0
    #: The share of longer conversations of which a part from the middle is used.
    middle: float = 0.5
    #: The weight of the words beside the tokens.
    words: float = 0.3
    #: Files of questions and answers that are kept in training as text, the blocks of a batch, and
    #: their weight: what is heard has few of them.
    text: list[str] = field(default_factory=list)
    text_blocks: int = 4000
    text_weight: float = 0.5
    misheard: float = 0.05
    padded: float = 0.3
    #: The most held-out conversations of a folder in the quick measurement.
    measured: int = 48


@dataclass(frozen=True)
class Item:
    """A conversation and what is asked of the model."""

    conversation: corpus.Conversation
    transcribes: bool = False


@dataclass
class DialoguePlan:
    """A batch before it sounds: what a worker process lays out."""

    plan: mixing.Plan
    sequences: Sequences
    words: list[list[int]]
    frames: Tensor
    seed: int
    #: Whether features are changed.
    changes: bool
    text: TextBatch | None = None


@dataclass
class DialogueBatch:
    """Features of both streams, positions, and the words for CTC."""

    environment: Tensor
    assistant: Tensor | None
    sequences: Sequences
    words: list[list[int]]
    #: The blocks of each row that CTC reads; 0 where it reads none.
    frames: Tensor
    text: TextBatch | None = None


def load_parts(model: torch.nn.Module, paths: list[str]) -> None:
    """Takes the tensors of files that the model has, by name."""
    own = model.state_dict()
    for path in paths:
        state = torch.load(path, weights_only=True)
        if "tag.weight" in state:  # the text stage has no connector but its tags
            state["connector.tag.weight"] = state.pop("tag.weight")
        found = {n: v for n, v in state.items() if n in own and v.shape == own[n].shape}
        if not found:
            raise ValueError(f"{path} has no tensor of this model")
        model.load_state_dict(found, strict=False)


class DialogueTask(PreparedTask):
    """Next-token prediction over blocks, and CTC on the connector's embeddings."""

    terms = ("tokens", "words", "pairs", "correct pairs", "text", "shift", "think", "correct text", "correct shift")

    def __init__(self, config: DialogueConfig, processes: Processes) -> None:
        self.config, self.processes = config, processes
        self.tokenizer = Tokenizer.from_file(config.tokenizer)
        self.mel = LogMel()
        self.model = DialogueModel(config.model)
        load_parts(self.model, config.initial)
        self.tokens: dict[tuple[int, bool], labels.BlockTokens] = {}
        users = config.studio.users
        self.items = self.asked(
            corpus.read(
                config.train, users=users, unfinished=config.unfinished, misses=config.misses,
                response=config.response, breaks=config.breaks,
            )
        )
        self.items += [Item(c, True) for c in corpus.read(config.transcribe, users=users) if c.user]
        self.valid = {
            Path(f).name: self.asked(corpus.read([f], users=users))[: config.measured]
            for f in config.valid
        }
        self.longest = int(config.longest * 12.5)
        self.plan = BatchPlan(
            tuple(min(self.length(i), self.longest) for i in self.items),
            int(config.seconds * 12.5), config.trainer.seed,
        )
        self.pairs = questions(config.text) if config.text else []
        if self.pairs:
            self.batches = TextBatches(
                self.tokenizer, config.weights, config.misheard, config.padded
            )
            self.text_plan = BatchPlan(
                tuple(len(q.split()) * 2 + len(a.split()) + 4 for q, a in self.pairs),
                config.text_blocks, config.trainer.seed,
            )
        self.studio: mixing.Studio | None = None
        if config.studio.users:
            self.studio = mixing.Studio(config.studio, config.trainer.seed, processes.device)
        self.mel.to(processes.device)

    def asked(self, found: list[corpus.Conversation]) -> list[Item]:
        """What is learnt from: conversations, and of banks what asks for an answer."""
        return [Item(c) for c in found if c.turns or c.kind != "bank"]

    def length(self, item: Item) -> int:
        """The blocks of an item; what is written down adds some."""
        return len(self.block_tokens(item).last) if item.transcribes else item.conversation.blocks

    def block_tokens(self, item: Item) -> labels.BlockTokens:
        """The tokens of an item's blocks, made once."""
        key = (id(item.conversation), item.transcribes)
        if key not in self.tokens:
            make = labels.transcript_tokens if item.transcribes else labels.conversation_tokens
            self.tokens[key] = make(item.conversation, self.tokenizer)
        return self.tokens[key]

    def part(self, item: Item, seed: int | None) -> tuple[int, int]:
        """The blocks of an item that are used."""
        blocks = len(self.block_tokens(item).last)
        if blocks <= self.longest or seed is None:
            return 0, min(blocks, self.longest)
        draw = random.Random(seed)
        first = draw.randrange(blocks - self.longest + 1) if draw.random() < self.config.middle else 0
        return first, first + self.longest

    def make(self, items: list[Item], seeds: list[int] | None = None) -> DialogueBatch:
        """A batch; with seeds, changed and cut by them."""
        parts = [self.part(i, seeds[n] if seeds else None) for n, i in enumerate(items)]
        width = max(last - first for first, last in parts)
        environments, assistants, rows, words = [], [], [], []
        frames = torch.zeros(len(items), dtype=torch.long)
        for index, (item, (first, last)) in enumerate(zip(items, parts)):
            conversation = item.conversation
            both = conversation.heard(first, min(last, conversation.blocks))
            environment, assistant = (x.astype(np.float32) / 32768 for x in both)
            if seeds is not None:
                draw = np.random.default_rng(seeds[index])
                environment = sound.changed(environment, self.config.changes, draw)
            environments.append(environment)
            assistants.append(assistant)
            rows.append(
                labels.positions(self.block_tokens(item), first, last, width, self.config.weights)
            )
            words.append(self.spoken(conversation) if first == 0 else [])
            frames[index] = last - first if words[-1] and last >= conversation.blocks else 0
        environment = sound.features(environments, self.mel, width)
        if seeds is not None:
            environment = sound.changed_features(
                environment, self.config.changes, [s ^ 1 for s in seeds]
            )
        heard = any(bool(x.any()) for x in assistants)
        assistant = sound.features(assistants, self.mel, width) if heard else None
        return self.moved(
            DialogueBatch(environment, assistant, labels.together(rows), words, frames)
        )

    def layout(self, items: list[Item], seeds: list[int] | None = None) -> DialoguePlan:
        """A batch of scripts and of banks' utterances; with seeds, drawn and cut by them."""
        parts = [self.part(i, seeds[n] if seeds else None) for n, i in enumerate(items)]
        # Few different lengths, so that the device's memory is used again.
        width = -(-max(last - first for first, last in parts) // 8) * 8
        laid, words = [], []
        frames = torch.zeros(len(items), dtype=torch.long)
        for index, (item, (first, last)) in enumerate(zip(items, parts)):
            laid.append(
                labels.positions(self.block_tokens(item), first, last, width, self.config.weights)
            )
            words.append(self.spoken(item.conversation) if first == 0 else [])
            is_whole = last >= item.conversation.blocks
            frames[index] = last - first if words[-1] and is_whole else 0
        drawn = seeds or list(range(len(items)))
        assert self.studio is not None
        plan = self.studio.plan([(i.conversation, *p) for i, p in zip(items, parts)], width, drawn)
        return DialoguePlan(plan, labels.together(laid), words, frames, drawn[0], bool(seeds))

    def made(self, items: list[Item], seeds: list[int] | None = None) -> DialogueBatch:
        """A batch of conversations that were mixed ahead, or are mixed here."""
        if self.studio is None:
            return self.make(items, seeds)
        return self.finish(self.layout(items, seeds))

    def prepare(self, step: int, processes: Processes) -> DialoguePlan | None:
        """The layout of a step's batch."""
        mine = processes.share(self.plan.seeded(step))
        if not mine:
            return None
        planned = self.layout([self.items[i] for i, _ in mine], [seed for _, seed in mine])
        share = processes.share(self.text_plan.seeded(step)) if self.pairs else []
        if share:
            pairs = [self.pairs[i] for i, _ in share]
            planned.text = self.batches.make(pairs, [seed for _, seed in share])
        return planned

    def finish(self, planned: DialoguePlan) -> DialogueBatch:
        """The batch of a layout, on the device."""
        assert self.studio is not None
        mixed = self.studio.mixer.mix(planned.plan)
        mel = self.changed(self.mel(mixed.environment), planned, mixed.heard)
        assistant = None if mixed.heard is None else self.mel(mixed.heard)
        return self.moved(
            DialogueBatch(
                mel, assistant, planned.sequences, planned.words, planned.frames, planned.text
            )
        )

    def changed(self, mel: Tensor, planned: DialoguePlan, assistant: Tensor | None) -> Tensor:
        """The environment's features, changed where the plan says so."""
        if not planned.changes:
            return mel
        draw = torch.Generator(mel.device).manual_seed(planned.seed ^ 1)
        return sound.changed_on_device(mel, self.config.changes, draw, assistant)

    def moved(self, batch: DialogueBatch) -> DialogueBatch:
        """The batch on the process's device."""
        device = self.processes.device
        assistant = None if batch.assistant is None else batch.assistant.to(device)
        return replace(
            batch, environment=batch.environment.to(device), assistant=assistant,
            sequences=batch.sequences.to(device),
            text=None if batch.text is None else batch.text.to(device),
        )

    def spoken(self, conversation: corpus.Conversation) -> list[int]:
        """The words of all users in the order in which they begin; none where echo adds others."""
        if conversation.conditions.get("echo") and self.studio is None:
            return []
        texts = [plain(u.text) for u in sorted(conversation.user, key=lambda u: u.start)]
        text = " ".join(text for text in texts if text)
        return self.tokenizer.encode(" " + text).ids if text else []

    def batch(self, step: int, processes: Processes) -> DialogueBatch | None:
        """The conversations of a step, changed by their seeds."""
        if self.studio is not None:
            return super().batch(step, processes)
        mine = processes.share(self.plan.seeded(step))
        if not mine:
            return None
        return self.make([self.items[i] for i, _ in mine], [seed for _, seed in mine])

    def losses(self, batch: DialogueBatch) -> dict[str, Loss]:
        """Cross-entropy of the tokens, CTC of the words."""
        model, sequences = self.model, batch.sequences
        audio = model.audio_embeddings(batch.environment, batch.assistant)
        hidden = model.language(model.positions(audio, sequences))
        logits = model.language.logits(hidden[sequences.target >= 0]).float()
        losses = token_losses(logits, sequences)
        if self.reads_words(batch):
            losses["words"] = self.word_loss(audio[:, : audio.shape[1] // 2], batch)
        if batch.text is not None:
            tags = model.connector.tag.weight
            scores = text_logits(model.language, tags, batch.text.heard, batch.text.sequences)
            found = token_losses(scores, batch.text.sequences)
            losses["pairs"] = replace(found["tokens"], factor=self.config.text_weight)
            losses["correct pairs"] = found["correct text"]
        return losses

    def reads_words(self, batch: DialogueBatch) -> bool:
        """Whether CTC reads any row of a batch: of a part of a conversation it does not."""
        return bool(self.config.words) and bool((batch.frames > 0).any())

    def word_loss(self, environment: Tensor, batch: DialogueBatch) -> Loss:
        """CTC of the users' words, scored with the tokens' embeddings; `<think>` is the blank."""
        rows = torch.nonzero(batch.frames).flatten()
        embeddings = environment[rows.to(environment.device)] - self.model.connector.tag.weight[0]
        scores = self.model.language.logits(embeddings).float() * 10
        targets = [batch.words[int(row)] for row in rows]
        lengths = torch.tensor([len(t) for t in targets])
        total = F.ctc_loss(
            F.log_softmax(scores, -1).transpose(0, 1),
            torch.tensor([t for target in targets for t in target], device=scores.device),
            batch.frames[rows], lengths, blank=THINK, reduction="sum", zero_infinity=True,
        )
        return Loss(total, lengths.sum().float().to(total.device), self.config.words)

    def evaluate(self) -> dict[str, float]:
        """Teacher-forced accuracy on held-out conversations, by kind of token."""
        results = {}
        for name, items in self.valid.items():
            sums = {term: np.zeros(2) for term in self.terms}
            for start in range(0, len(items), 8):
                some = items[start : start + 8]
                losses = self.losses(self.made(some))
                for term, loss in losses.items():
                    sums[term] += [float(loss.total.detach()), float(loss.weight)]
            for term in ("text", "shift", "correct text", "correct shift"):
                results[f"{name} {term}"] = sums[term][0] / max(sums[term][1], 1e-9)
        return results


def of_run(run: Path, **changes: Any) -> DialogueTask:
    """The task of a finished run with its weights, to be asked; `changes` are other settings."""
    values = json.loads((run / "config.json").read_text())
    known = {n: v for n, v in values.items() if n in DialogueConfig.__dataclass_fields__}
    own = {"valid": [], "transcribe": [], "text": [], "initial": [str(run / "model.pt")]}
    config = from_json(DialogueConfig, known | own | changes)
    task = DialogueTask(config, Processes.join(config.trainer.device))
    task.model.to(task.processes.device).eval()
    return task


def main(arguments: list[str] | None = None) -> None:
    """Trains the whole model on conversations."""
    run_stage(DialogueConfig, DialogueTask, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
