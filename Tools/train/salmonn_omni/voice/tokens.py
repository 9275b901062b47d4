"""Training of the text-speech model: text embeddings in chunks of 4, speech tokens in chunks of 12.

The dialogue model's hidden states come later (`connect.py`); until then a table of text embeddings
stands in their place. So that the model finds its way through the text early, a side head names at
a middle layer the text token that is being spoken.
"""

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor, nn

from salmonn_omni.models.speech_tokens import (
    IGNORED, SpeechTokenConfig, SpeechTokenModel, interleaved,
)
from salmonn_omni.training import settings
from salmonn_omni.training.batches import BatchPlan
from salmonn_omni.training.parallel import on_all_cores
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.trainer import Loss, PreparedTask, go_on
from salmonn_omni.voice.alignment import Lexicon, spoken_words, words_of
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, TokensStage
from salmonn_omni.voice.data import Utterance, Voice, read_spoken

SPECIALS = 2


@dataclass
class Item:
    """A sequence as rows of the joint table: specials, speech tokens, then the text's."""

    rows: np.ndarray
    targets: np.ndarray
    #: The text token that is spoken where a position predicts a code.
    spoken: np.ndarray


class TokensModel(nn.Module):
    """The model, and the side head that is thrown away after training."""

    def __init__(self, stage: TokensStage, codes: int) -> None:
        super().__init__()
        config = stage.model(codes)
        self.speech = SpeechTokenModel(config)
        self.layer = stage.alignment_layer
        self.naming = nn.Linear(config.transformer.hidden_size, config.transformer.vocab_size)

    def table(self) -> Tensor:
        """All embeddings in the order of `Item.rows`."""
        speech = self.speech
        return torch.cat([
            speech.llm_embedding.weight, speech.speech_embedding.weight,
            speech.transformer.embed_tokens.weight,
        ])

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of speech tokens, and of the text that is spoken, at every position.

        Padding comes last, and no position sees what comes after it: no mask is needed.
        """
        found = self.speech.transformer(
            inputs_embeds=inputs, use_cache=False, output_hidden_states=True
        )
        return (
            self.speech.llm_decoder(found.last_hidden_state),
            self.naming(found.hidden_states[self.layer]),
        )


@torch.no_grad()
def begin(model: SpeechTokenModel, codec: Codec, scale: float = 0.5) -> None:
    """Starts from tables in which codes that sound alike, as their levels tell, are alike."""
    levels = codec.quantizer.values(torch.arange(codec.config.codes))
    for table, size in ((model.speech_embedding.weight, scale), (model.llm_decoder.weight, 0.05)):
        rows = torch.zeros(codec.config.codes, table.shape[1])
        for channel in levels.T:
            found, digits = channel.unique(return_inverse=True)
            rows += torch.randn(len(found), table.shape[1])[digits]
        table[: codec.config.codes] = rows * size / len(levels.T) ** 0.5
        table[codec.config.codes :] = size * torch.randn(3, table.shape[1])
    model.llm_embedding.weight.mul_(scale)
    model.transformer.embed_tokens.weight.normal_(0, scale)


def load(run: str | Path) -> tuple[TokensStage, TokensModel]:
    """The configuration and the model of a finished run."""
    folder = Path(run)
    stage = settings.from_json(TokensStage, json.loads((folder / "config.json").read_text()))
    model = TokensModel(stage, Codec.load(stage.codec).config.codes)
    model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    return stage, model.eval()


def encode(tokenizer: Tokenizer, text: str) -> tuple[list[int], list[int]]:
    """The text tokens of a line, in lower case as the dialogue model writes it, and their words."""
    text = " ".join(text.lower().split())
    found = tokenizer.encode(text, add_special_tokens=False)
    # A token that begins with its space belongs to the word after it.
    words = [text[:end].rstrip().count(" ") for _, end in found.offsets]
    return found.ids, words


def make_item(
    utterance: Utterance, codes: Sequence[int], tokenizer: Tokenizer, lexicon: Lexicon,
    config: SpeechTokenConfig,
) -> Item | None:
    """The sequence of an utterance; None where it has too few codes for its text."""
    ids, words = encode(tokenizer, utterance.text)
    try:
        sequence = interleaved(len(ids), codes, config)
    except ValueError:
        return None
    text = SPECIALS + config.vocabulary
    starts = {"start": 0, "task": 1, "speech": SPECIALS}
    spoken = spoken_words(utterance.phones, words_of(utterance.text), lexicon)
    rows, named, seen, produced = [], [], 0, 0
    for (source, index), target in zip(sequence.inputs, sequence.targets, strict=True):
        rows.append(text + ids[index] if source == "text" else starts[source] + index)
        seen += source == "text"
        name = IGNORED
        if target != IGNORED and produced < len(codes):
            word = spoken[FRAMES_PER_TOKEN * produced]
            token = words.index(word) if word in words else len(ids)
            name = ids[token] if token < seen else IGNORED
            produced += 1
        named.append(name)
    return Item(np.array(rows), np.array(sequence.targets), np.array(named))


def make_items(
    utterances: Sequence[Utterance], codec: Codec, stage: TokensStage, model: SpeechTokenModel
) -> list[Item]:
    """The sequences of all utterances that can be cut into chunks."""
    tokenizer = Tokenizer.from_file(stage.tokenizer)
    lexicon = Lexicon.of(stage.data)
    lexicon.learn(word for u in utterances for word in words_of(u.text))
    known = read_spoken(stage.spoken, codec.config.codes) if stage.spoken else {}
    codes = [
        known[u.text] if len(known.get(u.text, ())) == u.tokens else found
        for u, found in zip(utterances, codec.codes_of(utterances), strict=True)
    ]
    work = functools.partial(made, tokenizer=tokenizer, lexicon=lexicon, config=model.config)
    items = on_all_cores(work, list(zip(utterances, codes, strict=True)))
    return [item for item in items if item is not None]


def made(said: tuple[Utterance, list[int]], **settings: Any) -> Item | None:
    """The sequence of an utterance and its codes."""
    return make_item(*said, **settings)


def corrupt(rows: np.ndarray, codes: int, share: float, seed: int) -> np.ndarray:
    """Replaces a share of the speech tokens by others, as mistakes of the model's own would."""
    draw = np.random.default_rng(seed)
    is_code = (rows >= SPECIALS) & (rows < SPECIALS + codes)
    hit = is_code & (draw.random(len(rows)) < share)
    return np.where(hit, SPECIALS + draw.integers(codes, size=len(rows)), rows)


@dataclass
class TokensBatch:
    """Padded sequences."""

    rows: Tensor
    targets: Tensor
    spoken: Tensor

    def to(self, device: torch.device) -> "TokensBatch":
        """The same on a device."""
        return TokensBatch(*(x.to(device) for x in (self.rows, self.targets, self.spoken)))


@dataclass
class TokensTask(PreparedTask):
    """Trains the text-speech model on a table of text embeddings."""

    config: TokensStage
    processes: Processes
    terms = ("speech", "accuracy", "naming", "named")

    def __post_init__(self) -> None:
        config = self.config
        voice = Voice.load(config.data)
        codec = Codec.load(config.codec)
        self.codes = codec.config.codes
        self.model = TokensModel(config, self.codes)
        speech = self.model.speech
        begin(speech, codec)
        go_on(self.model, config.initial)
        codec.to(self.processes.device)
        self.items = make_items(voice.training, codec, config, speech)
        self.held_out = make_items(voice.held_out, codec, config, speech)
        lengths = tuple(len(item.rows) for item in self.items)
        self.plan = BatchPlan(lengths, config.budget, config.trainer.seed)

    def prepare(self, step: int, processes: Processes) -> TokensBatch | None:
        """Whole sequences."""
        chosen = self.plan.seeded(step)
        longest = max(len(self.items[i].rows) for i, _ in chosen)
        share = [self._changed(self.items[i], seed) for i, seed in processes.share(chosen)]
        return collate(share, longest, torch.device("cpu")) if share else None

    def finish(self, batch: TokensBatch) -> TokensBatch:
        """The sequences on the process's device."""
        return batch.to(self.processes.device)

    def _changed(self, item: Item, seed: int) -> Item:
        rows = corrupt(item.rows, self.codes, self.config.corrupted, seed)
        return Item(rows, item.targets, item.spoken)

    def losses(self, batch: TokensBatch) -> dict[str, Loss]:
        """Cross-entropies of the speech tokens and of the text that is spoken."""
        inputs = self.model.table()[batch.rows]
        return losses_of(self.model, inputs, batch, self.config.alignment_weight)

    def evaluate(self) -> dict[str, float]:
        """The same on held-out lines."""
        device = self.processes.device
        totals: dict[str, list[float]] = {}
        for start in range(0, len(self.held_out), 20):
            some = self.held_out[start : start + 20]
            batch = collate(some, max(len(item.rows) for item in some), device)
            for name, loss in self.losses(batch).items():
                totals.setdefault(name, []).append((float(loss.total), float(loss.weight)))
        return {
            f"held_out_{n}": sum(t for t, _ in v) / max(sum(w for _, w in v), 1)
            for n, v in totals.items()
        }


def collate(items: Sequence[Item], longest: int, device: torch.device) -> TokensBatch:
    """Sequences with padding behind them."""

    def padded(name: str, value: int) -> Tensor:
        result = torch.full((len(items), longest), value, dtype=torch.long)
        for row, item in enumerate(items):
            values = getattr(item, name)
            result[row, : len(values)] = torch.from_numpy(values)
        return result.to(device)

    return TokensBatch(padded("rows", 0), padded("targets", IGNORED), padded("spoken", IGNORED))


def losses_of(
    model: TokensModel, inputs: Tensor, batch: TokensBatch, alignment_weight: float
) -> dict[str, Loss]:
    """Cross-entropies of the speech tokens and of the text that is spoken, for embeddings."""
    logits, names = model(inputs)
    return {
        **_entropy("speech", "accuracy", logits, batch.targets, 1.0),
        **_entropy("naming", "named", names, batch.spoken, alignment_weight),
    }


def _entropy(
    name: str, accuracy: str, logits: Tensor, targets: Tensor, factor: float
) -> dict[str, Loss]:
    flat, wanted = logits.flatten(0, 1).float(), targets.flatten()
    count = (wanted != IGNORED).sum()
    total = F.cross_entropy(flat, wanted, ignore_index=IGNORED, reduction="sum")
    hits = (flat.argmax(-1) == wanted).sum()
    return {name: Loss(total, count, factor), accuracy: Loss(hits, count, 0.0)}
