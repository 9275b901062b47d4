"""The text-speech language model of CosyVoice2's form: text embeddings in, speech codes out.

The sequences are those of CosyVoice 2 (Du et al., 2024), and of SALMONN-omni, which leaves out the
fill token. Tensor names are those of `llm.pt`.
"""

from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence
from transformers import Qwen2Config, Qwen2Model

IGNORED = -100

Mode = Literal["fill", "chunk"]
Source = Literal["start", "task", "text", "speech"]


@dataclass(frozen=True)
class SpeechTokenConfig:
    """The shape of the model and the rules of its sequence."""

    transformer: Qwen2Config
    codes: int = 6561
    text_chunk: int = 5
    speech_chunk: int = 15
    mode: Mode = "fill"

    @property
    def end(self) -> int:
        """The token that ends the speech."""
        return self.codes

    @property
    def fill(self) -> int:
        """The token that asks for more text; only ever a target."""
        return self.codes + 2

    @property
    def vocabulary(self) -> int:
        """The rows of the speech tables: codes, end, one unused, fill."""
        return self.codes + 3


@dataclass
class Sequence:
    """For each position where its embedding comes from, and the token that should follow.

    `inputs` holds pairs: a source, and the index of the text position or the speech token.
    """

    inputs: list[tuple[Source, int]] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)

    def add(self, source: Source, index: int, target: int = IGNORED) -> None:
        """Adds a position."""
        self.inputs.append((source, index))
        self.targets.append(target)


def one_shot(text: int, speech: Items[int], config: SpeechTokenConfig) -> Sequence:
    """Start, all text, task id, all speech; then the end."""
    sequence = Sequence()
    sequence.add("start", 0)
    _finish(sequence, range(text), speech, config)
    return sequence


def interleaved(text: int, speech: Items[int], config: SpeechTokenConfig) -> Sequence:
    """Chunks of text and speech in turn; what is left of the text, task id, what is left of speech.

    In the mode "fill", the fill token is to follow the last code of a chunk; in the mode "chunk"
    nothing is asked for there. Raises ValueError where the speech is too short for its text: such
    a pair can only be used in one shot.
    """
    chunks = text // config.text_chunk
    if len(speech) <= chunks * config.speech_chunk and chunks > 0:
        raise ValueError(f"{len(speech)} codes are too few for {text} text positions in chunks")
    sequence = Sequence()
    sequence.add("start", 0)
    for chunk in range(chunks):
        first = chunk * config.text_chunk
        codes = speech[chunk * config.speech_chunk : (chunk + 1) * config.speech_chunk]
        for position in range(first, first + config.text_chunk):
            sequence.add("text", position)
        sequence.targets[-1] = codes[0]
        last = config.fill if config.mode == "fill" else IGNORED
        for code, target in zip(codes, [*codes[1:], last], strict=True):
            sequence.add("speech", code, target)
    rest = range(chunks * config.text_chunk, text)
    _finish(sequence, rest, speech[chunks * config.speech_chunk :], config)
    return sequence


def _finish(
    sequence: Sequence, text: range, speech: Items[int], config: SpeechTokenConfig
) -> None:
    for position in text:
        sequence.add("text", position)
    targets = [*speech, config.end]
    sequence.add("task", 0, targets[0])
    for code, target in zip(speech, targets[1:], strict=True):
        sequence.add("speech", code, target)


class _Backbone(nn.Module):
    """Holds the transformer under the two names that the public checkpoint has around it."""

    def __init__(self, config: Qwen2Config, text_table: bool) -> None:
        super().__init__()
        self.model = nn.Module()
        self.model.model = Qwen2Model(config)
        if not text_table:
            self.model.model.embed_tokens = None


class SpeechTokenModel(nn.Module):
    """A Qwen2 transformer between text and speech embeddings and logits over speech tokens."""

    def __init__(self, config: SpeechTokenConfig, text_table: bool = True) -> None:
        super().__init__()
        self.config = config
        hidden = config.transformer.hidden_size
        self.llm = _Backbone(config.transformer, text_table)
        self.llm_embedding = nn.Embedding(2, hidden)
        self.speech_embedding = nn.Embedding(config.vocabulary, hidden)
        self.llm_decoder = nn.Linear(hidden, config.vocabulary)

    @property
    def transformer(self) -> Qwen2Model:
        """The transformer, which ends with its final norm."""
        return self.llm.model.model

    def text_embeddings(self, tokens: Tensor) -> Tensor:
        """The model's own embeddings of text tokens."""
        return self.transformer.embed_tokens(tokens)

    def inputs(self, sequence: Sequence, text: Tensor) -> Tensor:
        """The embeddings of a sequence, [positions, hidden], `text` being [text, hidden]."""
        sizes = {"start": 0, "task": 1, "text": 2, "speech": 2 + len(text)}
        table = torch.cat([self.llm_embedding.weight, text, self.speech_embedding.weight])
        rows = [sizes[source] + index for source, index in sequence.inputs]
        return table[torch.tensor(rows, device=table.device)]

    def forward(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits [batch, positions, vocabulary] of inputs [batch, positions, hidden]."""
        states = self.transformer(inputs_embeds=inputs, attention_mask=mask, use_cache=False)
        return self.llm_decoder(states.last_hidden_state)

    def loss(self, sequences: Items[Sequence], texts: Items[Tensor]) -> Tensor:
        """The mean cross-entropy over all positions of a batch that have a target."""
        rows = [self.inputs(s, t) for s, t in zip(sequences, texts, strict=True)]
        inputs = pad_sequence(rows, batch_first=True)
        mask = pad_sequence([torch.ones(len(row), device=row.device) for row in rows], True)
        targets = pad_sequence([torch.tensor(s.targets) for s in sequences], True, IGNORED)
        logits = self(inputs, mask)
        return functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten().to(logits.device), ignore_index=IGNORED
        )


class HiddenConnector(nn.Module):
    """Brings hidden states of the language model to the width of the speech-token model.

    Linear, ReLU, Linear, LayerNorm, as in ELLSA; with an RMSNorm before where asked for. With a
    vocabulary the embedding of the chosen token is added, as LLaMA-Omni 2 fuses both.
    """

    def __init__(
        self, inputs: int, inner: int, outputs: int, input_norm: bool = True, vocabulary: int = 0
    ) -> None:
        super().__init__()
        self.input_norm = nn.RMSNorm(inputs, eps=1e-5) if input_norm else None
        self.fc1 = nn.Linear(inputs, inner)
        self.fc2 = nn.Linear(inner, outputs)
        self.norm = nn.LayerNorm(outputs, eps=1e-5)
        self.words = nn.Embedding(vocabulary, outputs) if vocabulary else None

    def forward(self, states: Tensor, tokens: Tensor | None = None) -> Tensor:
        """[..., inputs], and the tokens [...] where there is a vocabulary, to [..., outputs]."""
        if self.input_norm is not None:
            states = self.input_norm(states)
        found = self.norm(self.fc2(functional.relu(self.fc1(states))))
        return found if self.words is None else found + self.words(tokens)
