"""Speech tokens to mel frames by flow matching: the flow module of CosyVoice 2.

Follows the published model (Du et al. 2024, "CosyVoice 2"; flow matching after Lipman et al.
2023, relative positions after Dai et al. 2019) and carries the names of its checkpoint `flow.pt`.
Activations are [batch, time, channels] throughout.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class FlowConfiguration:
    """Sizes of the flow module; the defaults are those of CosyVoice2-0.5B."""

    codes: int = 6561
    width: int = 512
    heads: int = 8
    feed_forward: int = 2048
    layers: int = 6
    upsampled_layers: int = 4
    lookahead: int = 3
    upsampling: int = 2
    chunk: int = 25
    channels: int = 256
    estimator_heads: int = 8
    head_width: int = 64
    estimator_feed_forward: int = 1024
    block_layers: int = 4
    mid_blocks: int = 12
    time_width: int = 1024
    mel_bins: int = 80
    speaker_width: int = 192
    steps: int = 10
    guidance: float = 0.7
    left_context: int | None = None
    noise_frames: int = 15000


def visible(
    length: int, chunk: int | None, left_context: int | None = None, prompt: int | Tensor = 0
) -> Tensor:
    """Which keys each query sees, [1, length, length], or [batch, ...] for prompts [batch].

    A query sees its own chunk and what lies before: all of it, or the last `left_context` chunks
    and the first `prompt` positions. Without a chunk everything is visible.
    """
    prompt = torch.as_tensor(prompt).reshape(-1, 1, 1)
    position = torch.arange(length, device=prompt.device)
    if chunk is None:
        return torch.ones(1, length, length, dtype=torch.bool, device=prompt.device)
    query, key = position[:, None] // chunk, position // chunk
    mask = (key <= query)[None]
    if left_context is not None:
        mask = mask & ((key >= query - left_context) | (position < prompt))
    return mask


class Embedding(nn.Module):
    """A linear map, a norm and a scale of sqrt(width)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.ModuleList([nn.Linear(width, width), nn.LayerNorm(width, eps=1e-5)])
        self.scale = math.sqrt(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out[1](self.out[0](x)) * self.scale


class PreLookahead(nn.Module):
    """Two convolutions: the first sees `lookahead` positions to the right, the second is causal."""

    def __init__(self, width: int, lookahead: int) -> None:
        super().__init__()
        self.lookahead = lookahead
        self.conv1 = nn.Conv1d(width, width, lookahead + 1)
        self.conv2 = nn.Conv1d(width, width, 3)

    def forward(self, x: Tensor, right: Tensor) -> Tensor:
        """`right` holds the `lookahead` positions after `x`."""
        y = torch.cat([x, right], dim=1).transpose(1, 2)
        y = F.leaky_relu(self.conv1(y))
        y = self.conv2(F.pad(y, (2, 0)))
        return y.transpose(1, 2) + x


class RelativeAttention(nn.Module):
    """Self-attention with a learned score of the distance between query and key."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.linear_q = nn.Linear(width, width)
        self.linear_k = nn.Linear(width, width)
        self.linear_v = nn.Linear(width, width)
        self.linear_out = nn.Linear(width, width)
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(torch.zeros(heads, width // heads))
        self.pos_bias_v = nn.Parameter(torch.zeros(heads, width // heads))
        nn.init.xavier_uniform_(self.pos_bias_u)
        nn.init.xavier_uniform_(self.pos_bias_v)
        self.heads = heads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """`mask` is [batch or 1, queries, keys], true where visible."""
        batch, length, width = x.shape
        head_width = width // self.heads

        def split(y: Tensor) -> Tensor:
            return y.unflatten(-1, (self.heads, head_width)).transpose(-3, -2)

        q, k, v = split(self.linear_q(x)), split(self.linear_k(x)), split(self.linear_v(x))
        distances = torch.arange(length - 1, -length, -1)
        positions = split(self.linear_pos(self.sinusoids(distances, width).to(x)))
        content = (q + self.pos_bias_u[:, None]) @ k.transpose(-2, -1)
        by_distance = (q + self.pos_bias_v[:, None]) @ positions.transpose(-2, -1)
        # Query i finds distance i - j at index length - 1 - (i - j).
        position = torch.arange(length, device=x.device)
        index = position[None, :] - position[:, None] + length - 1
        index = index.expand(batch, self.heads, length, length)
        scores = (content + by_distance.gather(-1, index)) / math.sqrt(head_width)
        scores = scores.masked_fill(~mask[:, None], -math.inf)
        # A padded query may see nothing at all.
        weights = torch.nan_to_num(scores.softmax(dim=-1))
        return self.linear_out((weights @ v).transpose(1, 2).reshape(batch, length, width))

    @staticmethod
    def sinusoids(distances: Tensor, width: int) -> Tensor:
        """The encodings of distances, sine and cosine by turns: [distances, width]."""
        omega = torch.exp(torch.arange(0, width, 2).double() * (-math.log(10000.0) / width))
        angle = distances.double()[:, None] * omega
        return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1).float()


class FeedForward(nn.Module):
    """Two linear maps with SiLU between."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.w_1 = nn.Linear(width, inner)
        self.w_2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.w_2(F.silu(self.w_1(x)))


class EncoderLayer(nn.Module):
    """Attention and feed-forward, each normed before and added."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.self_attn = RelativeAttention(width, heads)
        self.feed_forward = FeedForward(width, inner)
        self.norm_mha = nn.LayerNorm(width, eps=1e-12)
        self.norm_ff = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.self_attn(self.norm_mha(x), mask)
        return x + self.feed_forward(self.norm_ff(x))


class Upsampling(nn.Module):
    """Repeats every position and smooths with a causal convolution."""

    def __init__(self, width: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.conv = nn.Conv1d(width, width, 2 * factor + 1)

    def forward(self, x: Tensor) -> Tensor:
        y = x.repeat_interleave(self.factor, dim=1).transpose(1, 2)
        return self.conv(F.pad(y, (2 * self.factor, 0))).transpose(1, 2)


class Encoder(nn.Module):
    """Token embeddings at 25 Hz to hidden frames at 50 Hz."""

    def __init__(self, c: FlowConfiguration) -> None:
        super().__init__()
        self.configuration = c
        self.embed = Embedding(c.width)
        self.pre_lookahead_layer = PreLookahead(c.width, c.lookahead)
        self.encoders = nn.ModuleList(
            EncoderLayer(c.width, c.heads, c.feed_forward) for _ in range(c.layers)
        )
        self.up_layer = Upsampling(c.width, c.upsampling)
        self.up_embed = Embedding(c.width)
        self.up_encoders = nn.ModuleList(
            EncoderLayer(c.width, c.heads, c.feed_forward) for _ in range(c.upsampled_layers)
        )
        self.after_norm = nn.LayerNorm(c.width, eps=1e-5)

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        final: bool = True,
        streaming: bool = True,
        prompt: int | Tensor = 0,
    ) -> Tensor:
        """Embedded tokens [B, T, width] to [B, 2 T, width], or 2 (T - lookahead) unless final.

        `lengths` are those of padded sequences; `prompt` counts the tokens that stay visible
        where the left context is bounded.
        """
        c = self.configuration
        x = self.embed(x)
        if lengths is not None:
            x = x * before(x.shape[1], lengths)[..., None]
        if final:
            right = x.new_zeros(x.shape[0], c.lookahead, c.width)
        else:
            x, right = x[:, : -c.lookahead], x[:, -c.lookahead :]
        x = self.pre_lookahead_layer(x, right)
        mask = attention_mask(c, x.shape[1], 1, lengths, streaming, prompt).to(x.device)
        for layer in self.encoders:
            x = layer(x, mask)
        x = self.up_embed(self.up_layer(x))
        rate = c.upsampling
        mask = attention_mask(c, x.shape[1], rate, lengths, streaming, prompt).to(x.device)
        for layer in self.up_encoders:
            x = layer(x, mask)
        return self.after_norm(x)


def attention_mask(
    c: FlowConfiguration,
    length: int,
    rate: int,
    lengths: Tensor | None,
    streaming: bool,
    prompt: int | Tensor = 0,
) -> Tensor:
    """The mask of a sequence at `rate` positions a token; `lengths` and `prompt` are in tokens."""
    chunk = c.chunk * rate if streaming else None
    mask = visible(length, chunk, c.left_context, prompt * rate)
    if lengths is not None:
        mask = mask.to(lengths.device) & before(length, lengths * rate)[:, None]
    return mask


def before(length: int, end: Tensor) -> Tensor:
    """True at the positions before `end`: [batch, length] for [batch]."""
    return torch.arange(length, device=end.device) < end[:, None]


class TimeEmbedding(nn.Module):
    """The time of the flow, 0 to 1, as a vector."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(features, width)
        self.linear_2 = nn.Linear(width, width)
        self.features = features

    def forward(self, t: Tensor) -> Tensor:
        half = self.features // 2
        index = torch.arange(half, device=t.device).float()
        angle = 1000.0 * t[:, None] * torch.exp(index * (-math.log(10000.0) / (half - 1)))
        return self.linear_2(F.silu(self.linear_1(torch.cat([angle.sin(), angle.cos()], dim=-1))))


class CausalConvolution(nn.Conv1d):
    """A convolution of three frames, the last one being the present."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x.transpose(1, 2), (2, 0))).transpose(1, 2)


class ConvolutionBlock(nn.Module):
    """Causal convolution, norm over the channels, Mish."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.block = nn.ModuleDict(
            {"0": CausalConvolution(inputs, outputs), "2": nn.LayerNorm(outputs)}
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.mish(self.block["2"](self.block["0"](x)))


class ResidualBlock(nn.Module):
    """Two convolution blocks with the time added between, around a 1 x 1 convolution."""

    def __init__(self, inputs: int, outputs: int, time_width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Mish(), nn.Linear(time_width, outputs))
        self.block1 = ConvolutionBlock(inputs, outputs)
        self.block2 = ConvolutionBlock(outputs, outputs)
        self.res_conv = nn.Conv1d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        y = self.block2(self.block1(x) + self.mlp(time)[:, None])
        return y + self.res_conv(x.transpose(1, 2)).transpose(1, 2)


class Attention(nn.Module):
    """Plain multi-head self-attention under a mask."""

    def __init__(self, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        inner = heads * head_width
        self.to_q = nn.Linear(width, inner, bias=False)
        self.to_k = nn.Linear(width, inner, bias=False)
        self.to_v = nn.Linear(width, inner, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(inner, width)])
        self.heads = heads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        def split(y: Tensor) -> Tensor:
            return y.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        q, k, v = split(self.to_q(x)), split(self.to_k(x)), split(self.to_v(x))
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None])
        return self.to_out[0](y.transpose(1, 2).flatten(2))


class ActivatedLinear(nn.Module):
    """A linear map followed by GELU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.proj = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.proj(x))


class EstimatorFeedForward(nn.Module):
    """Two linear maps with GELU between."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.net = nn.ModuleDict({"0": ActivatedLinear(width, inner), "2": nn.Linear(inner, width)})

    def forward(self, x: Tensor) -> Tensor:
        return self.net["2"](self.net["0"](x))


class TransformerLayer(nn.Module):
    """Attention and feed-forward, each normed before and added."""

    def __init__(self, c: FlowConfiguration) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(c.channels)
        self.attn1 = Attention(c.channels, c.estimator_heads, c.head_width)
        self.norm3 = nn.LayerNorm(c.channels)
        self.ff = EstimatorFeedForward(c.channels, c.estimator_feed_forward)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attn1(self.norm1(x), mask)
        return x + self.ff(self.norm3(x))


class Estimator(nn.Module):
    """The velocity of the flow at a point and a time, under conditions."""

    def __init__(self, c: FlowConfiguration) -> None:
        super().__init__()
        features = 4 * c.mel_bins

        def stage(inputs: int, convolution: bool) -> nn.ModuleList:
            layers = nn.ModuleList(TransformerLayer(c) for _ in range(c.block_layers))
            parts: list[nn.Module] = [ResidualBlock(inputs, c.channels, c.time_width), layers]
            return nn.ModuleList(
                parts + [CausalConvolution(c.channels, c.channels)] * int(convolution)
            )

        self.time_mlp = TimeEmbedding(features, c.time_width)
        self.down_blocks = nn.ModuleList([stage(features, True)])
        self.mid_blocks = nn.ModuleList(stage(c.channels, False) for _ in range(c.mid_blocks))
        self.up_blocks = nn.ModuleList([stage(2 * c.channels, True)])
        self.final_block = ConvolutionBlock(c.channels, c.channels)
        self.final_proj = nn.Conv1d(c.channels, c.mel_bins, 1)

    def forward(
        self, x: Tensor, mu: Tensor, speaker: Tensor, condition: Tensor, t: Tensor, mask: Tensor
    ) -> Tensor:
        """x, mu, condition [B, F, bins], speaker [B, bins], t [B], mask [B or 1, F, F]."""
        time = self.time_mlp(t)
        constant = speaker[:, None].expand(-1, x.shape[1], -1)
        y = torch.cat([x, mu, constant, condition], dim=-1)

        def run(stage: nn.ModuleList, y: Tensor) -> Tensor:
            y = stage[0](y, time)
            for layer in stage[1]:
                y = layer(y, mask)
            return y

        skip = run(self.down_blocks[0], y)
        y = self.down_blocks[0][2](skip)
        for stage in self.mid_blocks:
            y = run(stage, y)
        y = run(self.up_blocks[0], torch.cat([y, skip], dim=-1))
        y = self.final_block(self.up_blocks[0][2](y))
        return self.final_proj(y.transpose(1, 2)).transpose(1, 2)


class Decoder(nn.Module):
    """The estimator, under the name that the checkpoint gives it."""

    def __init__(self, c: FlowConfiguration) -> None:
        super().__init__()
        self.estimator = Estimator(c)


class Flow(nn.Module):
    """Speech tokens to mel frames in the voice of a prompt."""

    def __init__(self, configuration: FlowConfiguration | None = None) -> None:
        super().__init__()
        c = configuration or FlowConfiguration()
        self.configuration = c
        self.input_embedding = nn.Embedding(c.codes, c.width)
        self.spk_embed_affine_layer = nn.Linear(c.speaker_width, c.mel_bins)
        self.encoder = Encoder(c)
        self.encoder_proj = nn.Linear(c.width, c.mel_bins)
        self.decoder = Decoder(c)

    def speaker(self, vector: Tensor) -> Tensor:
        """The speaker condition [B, bins] of speaker vectors [B, 192] of any length."""
        return self.spk_embed_affine_layer(F.normalize(vector, dim=-1))

    def noise(self, seed: int = 0) -> Tensor:
        """The noise that the sampler starts from, [noise_frames, bins]: always the same."""
        c = self.configuration
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(c.mel_bins, c.noise_frames, generator=generator).T

    def times(self) -> Tensor:
        """The times of the Euler steps, both ends included: dense at the start."""
        steps = self.configuration.steps
        return 1 - torch.cos(torch.arange(steps + 1).double() * (0.5 * math.pi / steps))

    @torch.no_grad()
    def sample(
        self,
        tokens: Tensor,
        prompt_tokens: Tensor,
        prompt_mel: Tensor,
        speaker: Tensor,
        final: bool = True,
        streaming: bool = True,
    ) -> Tensor:
        """Mel frames [F, bins] of tokens [T], after prompt tokens [P] with mel [2 P, bins]."""
        c = self.configuration
        prompt, prompt_frames = len(prompt_tokens), len(prompt_mel)
        embedded = self.input_embedding(torch.cat([prompt_tokens, tokens]).clamp(min=0))[None]
        hidden = self.encoder(embedded, final=final, streaming=streaming, prompt=prompt)
        mu = self.encoder_proj(hidden)
        frames = mu.shape[1]
        condition = torch.zeros_like(mu)
        condition[:, :prompt_frames] = prompt_mel
        spk = self.speaker(speaker[None])
        mask = attention_mask(c, frames, c.upsampling, None, streaming, prompt).to(mu.device)
        return self.solved(mu, spk, condition, mask)[0, prompt_frames:]

    def solved(self, mu: Tensor, speaker: Tensor, condition: Tensor, mask: Tensor) -> Tensor:
        """Mel frames [B, F, bins] by Euler steps from the noise that is always the same."""
        guidance = self.configuration.guidance
        noise = self.noise().to(mu)
        x = noise[torch.arange(mu.shape[1]) % len(noise)].expand(len(mu), -1, -1)
        rows = [mu, speaker, condition]
        if guidance:
            rows = [torch.cat([y, torch.zeros_like(y)]) for y in rows]
            mask = torch.cat([mask, mask])
        times = self.times()
        for t, dt in zip(times[:-1].tolist(), times.diff().tolist()):
            if guidance == 0:
                x = x + dt * self.velocity(x, *rows, t, mask)
                continue
            given, free = self.velocity(torch.cat([x, x]), *rows, t, mask).chunk(2)
            x = x + dt * ((1 + guidance) * given - guidance * free)
        return x

    def velocity(
        self, x: Tensor, mu: Tensor, speaker: Tensor, condition: Tensor, t: float, mask: Tensor
    ) -> Tensor:
        """The estimator at one time for all rows."""
        time = x.new_full((len(x),), t)
        return self.decoder.estimator(x, mu, speaker, condition, time, mask)

    def loss(
        self,
        tokens: Tensor,
        lengths: Tensor,
        mel: Tensor,
        speaker: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """The flow-matching loss of tokens [B, T] with mel [B, 2 T, bins], lengths in tokens.

        Half of the calls use the streaming mask; half of the samples get a prefix of up to 30 %
        of their mel as the prompt, and a fifth of them no condition at all.
        """
        c = self.configuration
        batch, frames = len(tokens), mel.shape[1]

        def draw(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator).to(mel.device)

        streaming = draw(1).item() < 0.5
        prompt = (draw(batch) * 0.3 * lengths).long() * (draw(batch) < 0.5)
        t, kept = draw(batch), (draw(batch) >= 0.2).float()
        noise = torch.randn(mel.shape, generator=generator).to(mel.device)

        embedded = self.input_embedding(tokens.clamp(min=0))
        hidden = self.encoder(embedded, lengths, streaming=streaming, prompt=prompt)
        condition = mel * before(frames, prompt * c.upsampling)[..., None]
        conditions = [self.encoder_proj(hidden), self.speaker(speaker)[:, None], condition]
        mu, spk, condition = (y * kept[:, None, None] for y in conditions)
        mask = attention_mask(c, frames, c.upsampling, lengths, streaming, prompt)
        point = t[:, None, None]
        x = (1 - (1 - 1e-6) * point) * noise + point * mel
        found = self.decoder.estimator(x, mu, spk[:, 0], condition, t, mask)
        inside = before(frames, lengths * c.upsampling)[..., None]
        error = (found - (mel - (1 - 1e-6) * noise)) ** 2 * inside
        return error.sum() / (inside.sum() * c.mel_bins)
