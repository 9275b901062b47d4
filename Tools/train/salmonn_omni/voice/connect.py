"""Puts the dialogue model's hidden states in the place of the text embeddings.

A safetensors file holds, for answers one after the other, `hidden` [positions, width], the tapped
layer's state at the position that predicts each text token; `tokens` [positions], those tokens; and
`counts` [answers], the text tokens of each answer. The speech comes from the texts: the assistant's
voice says them. `write_hidden` writes such a file.

The connector first learns to repeat the text-speech model's own text embeddings; then both learn
together to give the right speech tokens. With `words` it begins with those embeddings, by the chosen
token, and learns what the states add to them.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from salmonn_omni.models.speech_tokens import HiddenConnector
from salmonn_omni.training import settings
from salmonn_omni.training.batches import BatchPlan
from salmonn_omni.training.parallel import on_all_cores
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.trainer import Loss, PreparedTask, go_on
from salmonn_omni.voice import tokens as token_models
from salmonn_omni.voice.alignment import Lexicon, words_of
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import ConnectStage
from salmonn_omni.voice.data import Voice, say_all
from salmonn_omni.voice.tokens import SPECIALS, Item, TokensBatch, TokensModel


@dataclass
class Answer:
    """The text tokens of an answer, and the hidden states that predicted them."""

    tokens: list[int]
    hidden: Tensor


def write_hidden(path: str | Path, answers: Sequence[Answer]) -> None:
    """Writes the file that this stage reads."""
    save_file({
        "hidden": torch.cat([answer.hidden for answer in answers]).half().contiguous(),
        "tokens": torch.tensor([token for answer in answers for token in answer.tokens]),
        "counts": torch.tensor([len(answer.tokens) for answer in answers]),
    }, Path(path))


def read_hidden(path: str | Path) -> list[Answer]:
    """Reads the file that `write_hidden` writes."""
    file = load_file(Path(path))
    counts = file["counts"].tolist()
    if sum(counts) != len(file["hidden"]) or sum(counts) != len(file["tokens"]):
        raise ValueError(f"{path}: counts sum to {sum(counts)}, expected {len(file['hidden'])}")
    pieces = zip(file["tokens"].split(counts), file["hidden"].float().split(counts), strict=True)
    return [Answer(tokens.tolist(), hidden) for tokens, hidden in pieces]


class ConnectModel(nn.Module):
    """The connector and the text-speech model behind it."""

    def __init__(self, width: int, inner: int, tokens: TokensModel, words: bool) -> None:
        super().__init__()
        table = tokens.speech.transformer.embed_tokens.weight
        vocabulary = len(table) if words else 0
        self.connector = HiddenConnector(width, inner, table.shape[1], vocabulary=vocabulary)
        self.tokens = tokens
        with torch.no_grad():
            if self.connector.words is not None:
                self.connector.words.weight.copy_(table)
                self.connector.norm.weight.zero_()
                return
            self.connector.norm.weight.fill_(float(table.std()))
            self.connector.norm.bias.copy_(table.mean(0))

    @torch.no_grad()
    def take(self, tokens: TokensModel) -> None:
        """Puts another text-speech model behind; the words become its text table.

        Raises ValueError for a connector without words, which would have to learn it.
        """
        if self.connector.words is None:
            raise ValueError("the connector has no words: it has to learn another text table")
        self.connector.words.weight.copy_(tokens.speech.transformer.embed_tokens.weight)
        self.tokens = tokens


def load(run: str | Path) -> tuple[ConnectStage, ConnectModel]:
    """The configuration and the models of a finished run."""
    folder = Path(run)
    stage = settings.from_json(ConnectStage, json.loads((folder / "config.json").read_text()))
    weights = torch.load(folder / "model.pt", weights_only=True)
    _, tokens = token_models.load(stage.tokens)
    width = weights["connector.fc1.weight"].shape[1]
    model = ConnectModel(width, stage.inner, tokens, stage.words)
    model.load_state_dict(weights)
    return stage, model.eval()


@dataclass
class ConnectBatch:
    """Sequences whose text rows are replaced by connected hidden states."""

    sequences: TokensBatch
    #: Where text stands, [batch, positions].
    text: Tensor
    #: The hidden states at those places, [texts, width].
    hidden: Tensor
    #: The tokens that stand there, [texts].
    tokens: Tensor
    imitates: bool


@dataclass
class ConnectTask(PreparedTask):
    """Trains the connector, and the text-speech model with it."""

    config: ConnectStage
    processes: Processes
    terms = ("speech", "accuracy", "naming", "named", "imitation")

    def __post_init__(self) -> None:
        config = self.config
        stage, tokens = token_models.load(config.tokens)
        answers = [answer for path in config.hidden for answer in read_hidden(path)]
        width = answers[0].hidden.shape[1]
        self.model = ConnectModel(width, config.inner, tokens, config.words)
        go_on(self.model, config.initial)
        self.codes = tokens.speech.config.codes
        self.weight = stage.alignment_weight
        self.corrupted = stage.corrupted
        self.items = self._items(answers, stage)
        if len(self.items) <= config.held_out:
            raise ValueError(f"{len(self.items)} answers in {config.hidden}: too few to hold out "
                             f"{config.held_out}")
        training = self.items[: len(self.items) - config.held_out]
        self.plan = BatchPlan(
            tuple(len(item.rows) for item, _ in training), config.budget, config.trainer.seed
        )

    def _items(
        self, answers: Sequence[Answer], stage: token_models.TokensStage
    ) -> list[tuple[Item, Tensor]]:
        tokenizer = Tokenizer.from_file(stage.tokenizer)
        texts = [tokenizer.decode(answer.tokens).strip() for answer in answers]
        known = {u.text: u for u in Voice.load(stage.data).utterances}
        known |= say_all(sorted(set(texts) - known.keys()), stage.data)
        codec = Codec.load(stage.codec).to(self.processes.device)
        lexicon = Lexicon.of(stage.data)
        lexicon.learn(word for text in texts for word in words_of(text))
        said = [known[text] for text in dict.fromkeys(texts)]
        work = functools.partial(
            token_models.made, tokenizer=tokenizer, lexicon=lexicon,
            config=self.model.tokens.speech.config,
        )
        made = on_all_cores(work, list(zip(said, codec.codes_of(said), strict=True)))
        lines = {u.text: item for u, item in zip(said, made, strict=True)}
        items = []
        for text, answer in zip(texts, answers, strict=True):
            item = lines[text]
            if item is not None and token_models.encode(tokenizer, text)[0] == answer.tokens:
                items.append((item, answer.hidden))
        return items

    def prepare(self, step: int, processes: Processes) -> ConnectBatch | None:
        """Whole answers."""
        chosen = self.plan.seeded(step)
        longest = max(len(self.items[i][0].rows) for i, _ in chosen)
        share = processes.share(chosen)
        changed = []
        for index, seed in share:
            item, hidden = self.items[index]
            rows = token_models.corrupt(item.rows, self.codes, self.corrupted, seed)
            changed.append((Item(rows, item.targets, item.spoken), hidden))
        return self._collate(changed, longest, step < self.config.imitation) if share else None

    def finish(self, batch: ConnectBatch) -> ConnectBatch:
        """The answers on the process's device."""
        device = self.processes.device
        return replace(
            batch, sequences=batch.sequences.to(device), text=batch.text.to(device),
            hidden=batch.hidden.to(device), tokens=batch.tokens.to(device),
        )

    def _collate(
        self, pairs: Sequence[tuple[Item, Tensor]], longest: int, imitates: bool
    ) -> ConnectBatch:
        sequences = token_models.collate(
            [item for item, _ in pairs], longest, torch.device("cpu")
        )
        first = SPECIALS + self.model.tokens.speech.config.vocabulary
        text = sequences.rows >= first
        hidden = torch.cat([hidden for _, hidden in pairs]).float()
        return ConnectBatch(sequences, text, hidden, sequences.rows[text] - first, imitates)

    def losses(self, batch: ConnectBatch) -> dict[str, Loss]:
        """The text-speech model's losses, and the distance from its own text embeddings."""
        table = self.model.tokens.table()
        own = table[batch.sequences.rows]
        connected = self.model.connector(batch.hidden, batch.tokens)
        wanted = own[batch.text].detach()
        error = (connected - wanted).square().mean(-1) / table.detach().var()
        count = torch.tensor(float(len(error)), device=error.device)
        if batch.imitates:
            # The model behind is not to follow what the connector does not know yet; it is not
            # even asked, which makes these steps cheap.
            return {"imitation": Loss(error.sum(), count)}
        inputs = own.masked_scatter(batch.text[..., None], connected.to(own.dtype))
        losses = token_models.losses_of(
            self.model.tokens, inputs, batch.sequences, self.weight
        )
        losses["imitation"] = Loss(error.sum(), count, 0.1)
        return losses

    def evaluate(self) -> dict[str, float]:
        """The same on answers that are kept out."""
        totals: dict[str, list[tuple[float, float]]] = {}
        held_out = self.items[len(self.items) - self.config.held_out :]
        for start in range(0, len(held_out), 20):
            some = held_out[start : start + 20]
            longest = max(len(item.rows) for item, _ in some)
            for name, loss in self.losses(
                self.finish(self._collate(some, longest, False))
            ).items():
                totals.setdefault(name, []).append((float(loss.total), float(loss.weight)))
        return {
            f"held_out_{n}": sum(t for t, _ in v) / max(sum(w for _, w in v), 1)
            for n, v in totals.items()
        }


