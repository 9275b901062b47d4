"""Between stages 0 and 1: the language model learns the world from text alone.

A question's words stand where its sound will be: in the block in which a word ends, the
environment's embedding is that of the word's token, elsewhere that of `<think>`, the blank of the
CTC loss that later pulls the sound's embeddings to the same places.
"""

import random
import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F

from ..training.batches import BatchPlan
from ..training.command import run_stage
from ..training.processes import Processes
from ..training.trainer import Loss, PreparedTask, TrainerConfig
from . import corpus, labels
from .corpus import Turn
from .labels import SHIFT, THINK
from .language import LanguageConfig, LanguageModel
from .model import ModelConfig, Sequences
from .pretrain import plain


@dataclass(frozen=True)
class TextConfig:
    """What the language model reads."""

    trainer: TrainerConfig
    tokenizer: str
    #: Folders, or files of questions and answers.
    train: list[str]
    valid: list[str]
    model: ModelConfig = field(default_factory=ModelConfig)
    weights: labels.Weights = field(default_factory=labels.Weights)
    #: Blocks in a batch.
    blocks: int = 3000
    #: The share of words that sound like another.
    misheard: float = 0.03
    #: The share of questions with small words too many.
    padded: float = 0.0
    #: The `model.pt` of a run of this or a later stage to go on from; empty for a new model.
    initial: str = ""
    #: In so many steps at the start, words and answers stand without the time between them.
    compact: int = 0


@dataclass
class TextBatch:
    """The tokens that stand for the environment's embeddings, and the positions."""

    heard: Tensor
    sequences: Sequences

    def to(self, device: torch.device) -> "TextBatch":
        """The same on a device."""
        return TextBatch(self.heard.to(device), self.sequences.to(device))


def text_logits(
    language: LanguageModel, tags: Tensor, heard: Tensor, sequences: Sequences
) -> Tensor:
    """The logits at the positions that have a target, for words in the place of sound."""
    environment = language.embed(heard) + tags[0]
    assistant = language.embed(torch.full_like(heard, THINK)) + tags[1]
    audio = torch.cat([environment, assistant], dim=1)
    places = sequences.audio.clamp(min=0)[..., None].expand(-1, -1, audio.shape[-1])
    x = torch.where(
        sequences.audio[..., None] < 0, language.embed(sequences.token), audio.gather(1, places)
    )
    return language.logits(language(x)[sequences.target >= 0]).float()


class TextModel(nn.Module):
    """The language model and the tags of the two streams, by their names in the whole model."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.language = LanguageModel(config)
        self.tag = nn.Embedding(2, config.width)
        nn.init.normal_(self.tag.weight, std=0.02)

    def forward(self, heard: Tensor, sequences: Sequences) -> Tensor:
        """The logits at the positions that have a target."""
        return text_logits(self.language, self.tag.weight, heard, sequences)


def questions(paths: list[str]) -> list[tuple[str, str]]:
    """Every question that is asked, with its answer.

    A path is a folder of conversations, a bank, or a file with a question, a tab and its answer
    on each line. What conversations ask is there once, a file's line as often as it stands there.
    """
    drawn: list[tuple[str, str]] = []
    for path in (p for p in paths if p.endswith(".tsv")):
        for line in Path(path).read_text().splitlines():
            question, answer = line.split("\t")
            drawn.append((question, answer))
    found: dict[tuple[str, str], None] = {}
    for conversation in corpus.read([p for p in paths if not p.endswith(".tsv")]):
        for turn in conversation.turns:
            about = conversation.user[turn.about]
            if turn.cause != "yield" and about.kind in ("question", "statement", "digits"):
                found[(about.text, turn.text)] = None
    return drawn + list(found)


DIGITS = "zero one two three four five six seven eight nine".split()
#: Words that a question may have more or fewer of and still ask the same.
SMALL = (
    "the of name please word number get when you do a is tell me what if i it now which know can in "
    "want to say so and okay"
).split()


class TextBatches:
    """Makes batches of questions and answers in which words stand for sound."""

    def __init__(
        self, tokenizer: Tokenizer, weights: labels.Weights, misheard: float, padded: float
    ) -> None:
        """`misheard` is the share of words, `padded` that of questions with words too many."""
        self.tokenizer, self.weights = tokenizer, weights
        self.misheard, self.padded = misheard, padded
        self.words = tokenizer.get_vocab_size()
        self.small = [tokenizer.encode(" " + word).ids[0] for word in SMALL]
        self.digits = {tokenizer.encode(" " + word).ids[0] for word in DIGITS}

    def question(self, text: str, draw: random.Random) -> list[int]:
        """The tokens of a question; now and then with small words put in, as nobody says it."""
        found = self.tokenizer.encode(" " + plain(text)).ids
        if draw.random() < self.padded and len(found) > 2:
            for _ in range(draw.randint(1, 2)):
                place = draw.randint(0, len(found))
                # A series of digits is to be said again as it is.
                if not self.digits & set(found[max(0, place - 1) : place + 1]):
                    found.insert(place, draw.choice(self.small))
        return found

    def heard_word(self, word: int, draw: random.Random) -> int:
        """A word, or what it is taken for."""
        if draw.random() >= self.misheard:
            return word
        return draw.choice([THINK, draw.randrange(2, self.words)])

    def make_compact(self, pairs: list[tuple[str, str]], seeds: list[int]) -> TextBatch:
        """Words and answers without time: a fifth of the positions, for the facts."""
        weights = self.weights
        heard, rows = [], []
        for (question, answer), seed in zip(pairs, seeds):
            draw = random.Random(seed)
            words = [self.heard_word(w, draw) for w in self.question(question, draw)]
            text = self.tokenizer.encode(answer).ids
            row = labels.Row()
            for place in range(len(words)):
                row.add(place, THINK, -100, 0, place)
            row.add(-1, THINK, SHIFT, weights.shift, len(words))
            for fed, token in zip([SHIFT, *text], [*text, THINK]):
                row.add(-1, fed, token, weights.think if token == THINK else weights.text, len(words))
            heard.append(words)
            rows.append(row)
        return self.placed(heard, rows)

    def placed(self, heard: list[list[int]], rows: list[labels.Row]) -> TextBatch:
        """A batch; what is heard is filled up with silence."""
        width = max(map(len, heard))
        padded = torch.tensor([row + [THINK] * (width - len(row)) for row in heard])
        return TextBatch(padded, labels.together(rows))

    def make(self, pairs: list[tuple[str, str]], seeds: list[int]) -> TextBatch:
        """Words in time, drawn from seeds."""
        heard: list[list[int]] = []
        tokens = []
        for (question, answer), seed in zip(pairs, seeds):
            draw = random.Random(seed)
            row = [THINK] * draw.randint(0, 3)
            for word in self.question(question, draw):
                row += [THINK] * draw.choice([0, 0, 1, 1, 2])
                row.append(self.heard_word(word, draw))
            text = self.tokenizer.encode(answer).ids
            shift = len(row) + draw.randint(1, 2) - 1
            back = shift + len(text) + draw.randint(1, 3)
            blocks = back + 2
            heard.append(row + [THINK] * (blocks - len(row)))
            tokens.append(labels.block_tokens((Turn(shift, answer, back, "end"),), [text], blocks))
        width = max(map(len, heard))
        rows = [labels.positions(t, 0, len(t.last), width, self.weights) for t in tokens]
        return self.placed(heard, rows)


class TextTask(PreparedTask):
    """Next-token prediction where words stand for sound."""

    terms = ("tokens", "text", "shift", "think", "correct text", "correct shift")

    def __init__(self, config: TextConfig, processes: Processes) -> None:
        self.config, self.processes = config, processes
        self.tokenizer = Tokenizer.from_file(config.tokenizer)
        self.train, self.valid = questions(config.train), questions(config.valid)
        known = set(self.train)
        self.valid = [pair for pair in dict.fromkeys(self.valid) if pair not in known]
        self.batches = TextBatches(
            self.tokenizer, config.weights, config.misheard, config.padded
        )
        self.plan = BatchPlan(
            tuple(len(q.split()) * 2 + len(a.split()) + 4 for q, a in self.train),
            config.blocks, config.trainer.seed,
        )
        self.model = TextModel(config.model.language)
        if config.initial:
            state = torch.load(config.initial, weights_only=True)
            if "connector.tag.weight" in state:  # of a stage with sound
                state["tag.weight"] = state["connector.tag.weight"]
            self.model.load_state_dict({n: state[n] for n in self.model.state_dict()})

    def prepare(self, step: int, processes: Processes) -> TextBatch | None:
        """The questions of a step."""
        mine = processes.share(self.plan.seeded(step))
        if not mine:
            return None
        batches = self.batches
        make = batches.make_compact if step < self.config.compact else batches.make
        return make([self.train[i] for i, _ in mine], [seed for _, seed in mine])

    def finish(self, batch: TextBatch) -> TextBatch:
        """A batch on the process's device."""
        return batch.to(self.processes.device)

    def losses(self, batch: TextBatch) -> dict[str, Loss]:
        """As in the stages with sound."""
        sequences = batch.sequences
        logits = self.model(batch.heard, sequences)
        return token_losses(logits, sequences)

    def evaluate(self) -> dict[str, float]:
        """Held-out questions: the share of tokens, and of whole answers, that are right."""
        correct, tokens, whole, count = 0.0, 0, 0, 0
        for start in range(0, min(len(self.valid), 512), 32):
            pairs = self.valid[start : start + 32]
            batch = self.finish(self.batches.make(pairs, list(range(start, start + len(pairs)))))
            target = batch.sequences.target
            logits = self.model(batch.heard, batch.sequences)
            right = torch.ones_like(target, dtype=torch.bool)
            right[target >= 0] = logits.argmax(-1) == target[target >= 0]
            text = target > SHIFT
            correct += float((right & text).sum())
            tokens += int(text.sum())
            whole += int((right | ~text).all(1).sum())
            count += len(pairs)
        return {"valid text": correct / max(tokens, 1), "valid answers": whole / max(count, 1)}


def token_losses(logits: Tensor, sequences: Sequences) -> dict[str, Loss]:
    """Cross-entropy of all tokens for each text token and shift, and its parts by kind.

    Going on with `<think>` is most of a conversation and soon no work: it adds to the sum, not to
    what it is divided by. The parts by kind are only recorded.
    """
    chosen = sequences.target >= 0
    target, weight = sequences.target[chosen], sequences.weight[chosen]
    each = F.cross_entropy(logits, target, reduction="none")
    right = (logits.argmax(-1) == target).float()
    kinds = {"shift": target == SHIFT, "think": target == THINK}
    kinds["text"] = ~(kinds["shift"] | kinds["think"])
    losses = {"tokens": Loss((each * weight).sum(), (weight * ~kinds["think"]).sum())}
    for name, kind in kinds.items():
        kind = (kind & (weight > 0)).float()
        losses[name] = Loss((each * kind).sum(), kind.sum(), 0.0)
        if name != "think":
            losses[f"correct {name}"] = Loss((right * kind).sum(), kind.sum(), 0.0)
    return losses


def main(arguments: list[str] | None = None) -> None:
    """Trains the language model on questions and answers in text."""
    run_stage(TextConfig, TextTask, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
