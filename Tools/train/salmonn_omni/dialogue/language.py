"""The language model: a transformer of the Llama family, with the tensor names of Hugging Face.

It takes embeddings, because most of its positions are audio. `LanguageModel.forward` sees whole
sequences; `LanguageModel.step` goes on from a cache, as the Swift code does.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class LanguageConfig:
    """The shape."""

    vocabulary: int = 2048
    width: int = 320
    inner: int = 864
    layers: int = 6
    heads: int = 5
    epsilon: float = 1e-5
    rope_base: float = 10_000.0
    positions: int = 8192
    #: Whether the head is the embedding matrix; otherwise it has one of its own.
    tied: bool = True

    def hugging_face(self) -> dict[str, object]:
        """The `config.json` that the Swift code reads."""
        return {
            "model_type": "llama", "hidden_size": self.width, "intermediate_size": self.inner,
            "num_hidden_layers": self.layers, "num_attention_heads": self.heads,
            "num_key_value_heads": self.heads, "vocab_size": self.vocabulary,
            "max_position_embeddings": self.positions, "rms_norm_eps": self.epsilon,
            "rope_theta": self.rope_base, "tie_word_embeddings": self.tied, "hidden_act": "silu",
        }


class Cache:
    """Keys and values of the positions so far, each row of a batch with a length of its own."""

    def __init__(self, config: LanguageConfig, rows: int, capacity: int) -> None:
        shape = (config.layers, rows, config.heads, capacity, config.width // config.heads)
        self.keys, self.values = torch.zeros(shape), torch.zeros(shape)
        self.lengths = torch.zeros(rows, dtype=torch.long)


def rotation(config: LanguageConfig, positions: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines, `[..., head size]`, for the rotation of halves."""
    half = config.width // config.heads // 2
    device = positions.device
    exponents = torch.arange(half, dtype=torch.float32, device=device) / half
    angles = positions[..., None].float() * config.rope_base**-exponents
    return torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turns pairs (i, i + half) of `[batch, heads, time, head size]`."""
    first, second = x.chunk(2, dim=-1)
    return x * cosines.to(x.dtype) + torch.cat([-second, first], -1) * sines.to(x.dtype)


def causal_attention(queries: Tensor, keys: Tensor, values: Tensor, block: int = 192) -> Tensor:
    """Attention to the same and earlier positions, `[batch, heads, time, head size]`.

    Blocks of queries by all keys up to their end: in bfloat16 on CPUs half the time of the fused
    kernel, which has no fast products of it there.
    """
    if queries.device.type != "cpu" or queries.dtype == torch.float32:
        return F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    queries = queries / math.sqrt(queries.shape[-1])
    outputs = []
    for start in range(0, queries.shape[2], block):
        part = queries[:, :, start : start + block]
        end = start + part.shape[2]
        scores = part @ keys[:, :, :end].transpose(-1, -2)
        later = torch.full((part.shape[2], end), float("-inf"), dtype=scores.dtype).triu(start + 1)
        weights = F.softmax(scores + later, dim=-1)
        outputs.append(weights.to(values.dtype) @ values[:, :, :end])
    return torch.cat(outputs, dim=2)


class Attention(nn.Module):
    """Causal attention with as many key heads as query heads."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.heads = config.heads
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            setattr(self, name, nn.Linear(config.width, config.width, bias=False))

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], cache: Cache | None = None, layer: int = 0
    ) -> Tensor:
        """`[batch, time, width]` to the same; with a cache its positions come before."""
        split = [p(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
                 for p in (self.q_proj, self.k_proj, self.v_proj)]
        queries, keys, values = rotate(split[0], *turn), rotate(split[1], *turn), split[2]
        if cache is None:
            y = causal_attention(queries, keys, values)
        else:
            time = x.shape[1]
            rows = torch.arange(len(x))[:, None]
            places = cache.lengths[:, None] + torch.arange(time)
            cache.keys[layer][rows, :, places] = keys.transpose(1, 2).float()
            cache.values[layer][rows, :, places] = values.transpose(1, 2).float()
            end = int(places.max()) + 1
            seen = torch.arange(end) <= places[..., None]
            y = F.scaled_dot_product_attention(
                queries.float(), cache.keys[layer][:, :, :end], cache.values[layer][:, :, :end],
                attn_mask=seen[:, None],
            )
        return self.o_proj(y.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    """The gated feed-forward part."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.width, config.inner, bias=False)
        self.up_proj = nn.Linear(config.width, config.inner, bias=False)
        self.down_proj = nn.Linear(config.inner, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., width]` to the same."""
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    """Norm, attention, residual, norm, feed-forward, residual."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.input_layernorm = nn.RMSNorm(config.width, eps=config.epsilon)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = nn.RMSNorm(config.width, eps=config.epsilon)
        self.mlp = FeedForward(config)

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], cache: Cache | None = None, layer: int = 0
    ) -> Tensor:
        """`[batch, time, width]` to the same."""
        x = x + self.self_attn(self.input_layernorm(x), turn, cache, layer)
        return x + self.mlp(self.post_attention_layernorm(x))


class Transformer(nn.Module):
    """Embeddings, layers, last norm: what the names' prefix `model.` stands for."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=config.epsilon)


class LanguageModel(nn.Module):
    """Embeddings of positions in, hidden states out, and the head that scores tokens."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Transformer(config)
        if not config.tied:
            self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        nn.init.normal_(self.model.embed_tokens.weight, std=0.02 * math.sqrt(2))
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.normal_(parameter, std=0.03 / math.sqrt(2 * config.layers))
            elif parameter.dim() == 2 and "embed" not in name:
                nn.init.normal_(parameter, std=0.03)

    def embed(self, tokens: Tensor) -> Tensor:
        """The embeddings of tokens."""
        return self.model.embed_tokens(tokens)

    def logits(self, hidden: Tensor) -> Tensor:
        """The scores of all tokens after hidden states."""
        if not self.config.tied:
            return self.lm_head(hidden)
        return F.linear(hidden, self.model.embed_tokens.weight)

    def forward(self, x: Tensor, tap: int | None = None) -> Tensor | tuple[Tensor, Tensor]:
        """Hidden states after the last norm, `[batch, time, width]`, positions counted from 0.

        With `tap`, also the residual stream after so many layers; after all of them the value
        behind the last norm, as the Swift code counts.
        """
        turn = rotation(self.config, torch.arange(x.shape[1], device=x.device))
        tapped = x
        for index, layer in enumerate(self.model.layers):
            x = layer(x, turn)
            if index + 1 == tap:
                tapped = x
        x = self.model.norm(x)
        if tap is None:
            return x
        return x, x if tap == self.config.layers else tapped

    def step(self, x: Tensor, cache: Cache, going: Tensor | None = None) -> Tensor:
        """The same after the cache's positions; rows that are not `going` forget this step."""
        time = x.shape[1]
        positions = cache.lengths[:, None] + torch.arange(time)
        turn = tuple(t[:, None] for t in rotation(self.config, positions))
        for index, layer in enumerate(self.model.layers):
            x = layer(x, turn, cache, index)
        cache.lengths += time if going is None else time * going.long()
        return self.model.norm(x)
