"""Text to speech tokens as the synthesizer makes them: chunks of text and of speech in turn."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from salmonn_omni.models.speech_tokens import SpeechTokenModel


@dataclass(frozen=True)
class Sampling:
    """The numbers of repetition-aware sampling, as in the bundle's manifest."""

    top_p: float = 0.8
    top_k: int = 25
    window: int = 10
    threshold: float = 0.1

    def draw(self, logits: Tensor, recent: list[int], generator: torch.Generator) -> int:
        """A token of logits, in which what must not come is minus infinity."""
        shares = logits.double().softmax(0)
        order = shares.argsort(descending=True, stable=True)
        before = shares[order].cumsum(0) - shares[order]
        kept = order[: self.top_k][before[: self.top_k] < self.top_p]
        chosen = kept[torch.multinomial(shares[kept], 1, generator=generator)]
        token = int(chosen)
        count = recent[-self.window :].count(token)
        if count >= self.window * self.threshold:
            others = shares.clone()
            others[token] = 0
            if others.sum() > 0:
                token = int(torch.multinomial(others, 1, generator=generator))
        return token


@torch.no_grad()
def generate(
    model: SpeechTokenModel, text: Tensor, sampling: Sampling, seed: int = 0,
    maximum_per_text: int = 15,
) -> list[int]:
    """The codes of text embeddings [positions, hidden], by the rules of the mode "chunk"."""
    config = model.config
    generator = torch.Generator().manual_seed(seed)
    specials = model.llm_embedding.weight
    chunks = len(text) // config.text_chunk
    produced: list[int] = []
    cache = None
    pending = specials[:1]

    def next_logits() -> Tensor:
        nonlocal cache, pending
        found = model.transformer(
            inputs_embeds=pending[None], past_key_values=cache, use_cache=True
        )
        cache = found.past_key_values
        return model.llm_decoder(found.last_hidden_state[0, -1]).float()

    def codes(count: int, ends: bool) -> Iterator[int]:
        nonlocal pending
        for _ in range(count):
            logits = next_logits()
            logits[config.codes + (1 if ends else 0) :] = -torch.inf
            token = sampling.draw(logits, produced, generator)
            if token == config.end:
                return
            pending = model.speech_embedding.weight[token : token + 1]
            yield token

    for chunk in range(chunks):
        start = chunk * config.text_chunk
        pending = torch.cat([pending, text[start : start + config.text_chunk]])
        for token in codes(config.speech_chunk, ends=False):
            produced.append(token)
    pending = torch.cat([pending, text[chunks * config.text_chunk :], specials[1:]])
    for token in codes(maximum_per_text * len(text) - len(produced), ends=True):
        produced.append(token)
    return produced


@torch.no_grad()
def greedy(
    model: SpeechTokenModel, texts: Tensor, maximum_per_text: int = 15
) -> list[list[int]]:
    """The most likely codes of text embeddings [rows, positions, hidden], of all rows in step.

    The same as `generate` with `top_k=1, threshold=2`, for many texts of one length.
    """
    config = model.config
    rows, length, _ = texts.shape
    chunks = length // config.text_chunk
    specials = model.llm_embedding.weight
    produced: list[list[int]] = [[] for _ in range(rows)]
    speaking = torch.ones(rows, dtype=torch.bool, device=texts.device)
    cache = None
    pending = specials[:1].expand(rows, 1, -1)

    def step(ends: bool) -> None:
        nonlocal cache, pending, speaking
        found = model.transformer(
            inputs_embeds=pending, past_key_values=cache, use_cache=True
        )
        cache = found.past_key_values
        logits = model.llm_decoder(found.last_hidden_state[:, -1]).float()
        tokens = logits[:, : config.codes + (1 if ends else 0)].argmax(-1)
        speaking = speaking & (tokens != config.end)
        for row in speaking.nonzero()[:, 0].tolist():
            produced[row].append(int(tokens[row]))
        pending = model.speech_embedding.weight[tokens][:, None]

    for chunk in range(chunks):
        start = chunk * config.text_chunk
        pending = torch.cat([pending, texts[:, start : start + config.text_chunk]], dim=1)
        for _ in range(config.speech_chunk):
            step(ends=False)
    rest = texts[:, chunks * config.text_chunk :]
    pending = torch.cat([pending, rest, specials[1:].expand(rows, 1, -1)], dim=1)
    for _ in range(maximum_per_text * length - chunks * config.speech_chunk):
        step(ends=True)
        if not speaking.any():
            break
    return produced
