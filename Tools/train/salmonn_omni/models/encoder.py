"""The streaming speech encoder and its connector, with the tensor names of our models.

Mamba-1 ("mamba") and Mamba-2 ("mamba2") blocks carry the names of the public checkpoints. The
layers here see whole sequences, for training; the Swift code runs the same weights step by step.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class MambaConfig:
    """Sizes of a stack of selective state-space blocks."""

    variant: str = "mamba2"
    width: int = 256
    layers: int = 6
    state_size: int = 64
    kernel: int = 4
    expansion: int = 2
    #: Mamba-1: the rank of the time steps; None is width / 16, rounded up.
    time_step_rank: int | None = None
    #: Mamba-2: the channels that share one decay.
    head_size: int = 64
    #: Mamba-2: the frames that are handled as one matrix product; does not change the result.
    chunk: int = 64
    use_bias: bool = False
    norm: str = "rms"
    epsilon: float = 1e-5
    #: The hidden width of the second half-layer; 0 is none.
    feed_forward: int = 0

    @property
    def inner(self) -> int:
        """The width inside a mixer."""
        return self.expansion * self.width

    @property
    def rank(self) -> int:
        """The rank of Mamba-1's time steps."""
        return self.time_step_rank or math.ceil(self.width / 16)


@dataclass(frozen=True)
class EncoderConfig:
    """Sizes of front end and stack."""

    bins: int = 80
    channels: int = 192
    kernel: int = 3
    strides: tuple[int, int] = (1, 2)
    #: Neighbouring frames that are joined before the projection to the stack's width.
    joined: int = 2
    mamba: MambaConfig = field(default_factory=MambaConfig)


@dataclass(frozen=True)
class ConnectorConfig:
    """Sizes of the map from encoder frames to language embeddings."""

    width: int = 256
    hidden: int = 320
    language_width: int = 320
    frames_per_block: int = 2
    embeddings_per_block: int = 1


def make_norm(config: MambaConfig, width: int) -> nn.Module:
    """RMS or layer normalisation."""
    if config.norm == "rms":
        return nn.RMSNorm(width, eps=config.epsilon)
    return nn.LayerNorm(width, eps=config.epsilon)


def initial_time_step_bias(count: int, low: float = 0.001, high: float = 0.1) -> Tensor:
    """Biases whose softplus is spread between two time steps, evenly in the logarithm."""
    steps = torch.exp(torch.rand(count) * math.log(high / low) + math.log(low)).clamp(min=1e-4)
    return steps + torch.log(-torch.expm1(-steps))


def causal_depthwise(x: Tensor, convolution: nn.Conv1d) -> Tensor:
    """silu of a depthwise convolution over time, `[batch, time, channels]`, nothing ahead."""
    padded = F.pad(x.transpose(1, 2), (convolution.kernel_size[0] - 1, 0))
    return F.silu(convolution(padded)).transpose(1, 2)


def selective_scan(x: Tensor, step: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Mamba-1's recurrence, frame by frame.

    x, step `[batch, time, inner]`, a `[inner, state]`, b, c `[batch, time, state]`.
    """
    state = x.new_zeros(x.shape[0], x.shape[2], a.shape[1])
    decay = torch.exp(step[..., None] * a)
    inflow = (step * x)[..., None] * b[:, :, None, :]
    outputs = []
    for t in range(x.shape[1]):
        state = decay[:, t] * state + inflow[:, t]
        outputs.append((state * c[:, t, None, :]).sum(-1))
    return torch.stack(outputs, dim=1)


def head_scan(x: Tensor, step: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Mamba-2's recurrence, frame by frame: what `chunked_scan` must equal.

    x `[batch, time, heads, p]`, step `[batch, time, heads]`, a `[heads]`,
    b, c `[batch, time, state]`.
    """
    state = x.new_zeros(*x.shape[:1], *x.shape[2:], b.shape[-1])
    outputs = []
    for t in range(x.shape[1]):
        inflow = (step[:, t, :, None] * x[:, t])[..., None] * b[:, t, None, None, :]
        state = torch.exp(step[:, t] * a)[..., None, None] * state + inflow
        outputs.append((state * c[:, t, None, None, :]).sum(-1))
    return torch.stack(outputs, dim=1)


def entering_states(total: Tensor, gained: Tensor) -> Tensor:
    """The state that each chunk begins with, `[batch, heads, chunks, p, state]`.

    total `[batch, heads, chunks]` is the logarithm of a chunk's decay, gained what it adds.
    """
    batch, heads, count = total.shape
    after = total.cumsum(-1)
    # From the end of chunk i to the beginning of chunk j: the chunks between them.
    exponent = F.pad(after, (1, -1))[..., :, None] - after[..., None, :]
    later = torch.ones(count, count, dtype=torch.bool, device=total.device).triu()
    decays = torch.exp(exponent.masked_fill(later, float("-inf")))
    # In full precision: what is rounded here stays in the state.
    with torch.autocast(total.device.type, enabled=False):
        states = decays.to(total.dtype) @ gained.to(total.dtype).flatten(3)
    return states.view(gained.shape)


def chunked_scan(x: Tensor, step: Tensor, a: Tensor, b: Tensor, c: Tensor, chunk: int) -> Tensor:
    """Mamba-2's recurrence as matrix products (state space duality, Dao and Gu 2024).

    Shapes as in `head_scan`. Within a chunk every frame reads every earlier one through a matrix
    of decays; from chunk to chunk only the state goes on.
    """
    time = x.shape[1]
    missing = -time % chunk
    if missing:
        x, step, b, c = (F.pad(v, (0, 0) * (v.dim() - 2) + (0, missing)) for v in (x, step, b, c))
    batch, padded, heads, p = x.shape
    count, state_size = padded // chunk, b.shape[-1]
    # [batch, heads, chunks, frames, ...]
    inflow = (step[..., None] * x).view(batch, count, chunk, heads, p).permute(0, 3, 1, 2, 4)
    total = (step * a).view(batch, count, chunk, heads).permute(0, 3, 1, 2).cumsum(-1)
    b = b.view(batch, 1, count, chunk, state_size)
    c = c.view(batch, 1, count, chunk, state_size)
    future = torch.ones(chunk, chunk, dtype=torch.bool, device=x.device).triu(1)
    exponent = total[..., :, None] - total[..., None, :]
    decays = torch.exp(exponent.masked_fill(future, float("-inf")))
    within = (c @ b.transpose(-1, -2) * decays) @ inflow
    kept = torch.exp(total[..., -1:] - total)[..., None]
    gained = (kept * inflow).transpose(-1, -2) @ b
    entering = entering_states(total[..., -1], gained)
    carried = c @ entering.transpose(-1, -2) * torch.exp(total)[..., None]
    y = (within + carried).permute(0, 2, 3, 1, 4).reshape(batch, padded, heads, p)
    return y[:, :time]


class MambaMixer(nn.Module):
    """Mamba-1 (Gu and Dao 2023), names and values as transformers' `MambaMixer`."""

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        inner, state = config.inner, config.state_size
        self.config = config
        self.in_proj = nn.Linear(config.width, 2 * inner, bias=config.use_bias)
        self.conv1d = nn.Conv1d(inner, inner, config.kernel, groups=inner)
        self.x_proj = nn.Linear(inner, config.rank + 2 * state, bias=False)
        self.dt_proj = nn.Linear(config.rank, inner)
        self.A_log = nn.Parameter(torch.arange(1.0, state + 1).log().repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, config.width, bias=config.use_bias)
        nn.init.uniform_(self.dt_proj.weight, -(config.rank**-0.5), config.rank**-0.5)
        with torch.no_grad():
            self.dt_proj.bias.copy_(initial_time_step_bias(inner))

    def forward(self, hidden: Tensor) -> Tensor:
        """`[batch, time, width]` to the same."""
        sizes = [self.config.rank, self.config.state_size, self.config.state_size]
        x, gate = self.in_proj(hidden).chunk(2, dim=-1)
        x = causal_depthwise(x, self.conv1d)
        step, b, c = self.x_proj(x).split(sizes, dim=-1)
        step = F.softplus(self.dt_proj(step))
        y = selective_scan(x, step, -torch.exp(self.A_log), b, c) + self.D * x
        return self.out_proj(y * F.silu(gate))


class Mamba2Mixer(nn.Module):
    """Mamba-2 (Dao and Gu 2024) with one group, names as transformers' `Mamba2Mixer`."""

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        inner, state = config.inner, config.state_size
        if inner % config.head_size:
            raise ValueError(f"width {inner} is no multiple of the head size {config.head_size}")
        heads, mixed = inner // config.head_size, inner + 2 * state
        self.config = config
        self.in_proj = nn.Linear(config.width, inner + mixed + heads, bias=config.use_bias)
        self.conv1d = nn.Conv1d(mixed, mixed, config.kernel, groups=mixed)
        self.dt_bias = nn.Parameter(initial_time_step_bias(heads))
        self.A_log = nn.Parameter(torch.empty(heads).uniform_(1, 16).log())
        self.D = nn.Parameter(torch.ones(heads))
        self.norm = nn.RMSNorm(inner, eps=config.epsilon)
        self.out_proj = nn.Linear(inner, config.width, bias=config.use_bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """`[batch, time, width]` to the same."""
        config = self.config
        inner, state = config.inner, config.state_size
        sizes = [inner, inner + 2 * state, inner // config.head_size]
        gate, mixed, step = self.in_proj(hidden).split(sizes, dim=-1)
        mixed = causal_depthwise(mixed, self.conv1d)
        x, b, c = mixed.split([inner, state, state], dim=-1)
        x = x.unflatten(-1, (-1, config.head_size))
        step = F.softplus(step + self.dt_bias)
        y = chunked_scan(x, step, -torch.exp(self.A_log), b, c, config.chunk)
        y = (y + self.D[:, None] * x).flatten(-2)
        return self.out_proj(self.norm(y * F.silu(gate)))


class GatedMLP(nn.Module):
    """The second half-layer: value half first, gate half second."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 2 * hidden, bias=False)
        self.fc2 = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., width]` to the same."""
        value, gate = self.fc1(x).chunk(2, dim=-1)
        return self.fc2(value * F.silu(gate))


class MambaBlock(nn.Module):
    """Norm, mixer, residual; then, where configured, norm, gated MLP, residual."""

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        self.norm = make_norm(config, config.width)
        mixers = {"mamba": MambaMixer, "mamba2": Mamba2Mixer}
        self.mixer = mixers[config.variant](config)
        if config.feed_forward:
            self.norm2 = make_norm(config, config.width)
            self.mlp = GatedMLP(config.width, config.feed_forward)

    def forward(self, hidden: Tensor) -> Tensor:
        """`[batch, time, width]` to the same."""
        hidden = hidden + self.mixer(self.norm(hidden))
        if hasattr(self, "mlp"):
            hidden = hidden + self.mlp(self.norm2(hidden))
        return hidden


class MambaStack(nn.Module):
    """The blocks and the last norm."""

    def __init__(self, config: MambaConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(MambaBlock(config) for _ in range(config.layers))
        self.norm_f = make_norm(config, config.width)
        # The sum of the blocks' outputs keeps its size, however deep the stack.
        depth = config.layers * (2 if config.feed_forward else 1)
        with torch.no_grad():
            for layer in self.layers:
                layer.mixer.out_proj.weight.div_(math.sqrt(depth))
                if config.feed_forward:
                    layer.mlp.fc2.weight.div_(math.sqrt(depth))

    def forward(self, hidden: Tensor) -> Tensor:
        """`[batch, time, width]` to the same."""
        for layer in self.layers:
            hidden = layer(hidden)
        return self.norm_f(hidden)


class ConvolutionFrontEnd(nn.Module):
    """Two causal convolutions over log-mel frames (100 Hz to 50 Hz), then joined pairs (25 Hz)."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        first, second = config.strides
        self.config = config
        self.conv1 = nn.Conv1d(config.bins, config.channels, config.kernel, stride=first)
        self.conv2 = nn.Conv1d(config.channels, config.channels, config.kernel, stride=second)
        self.project = nn.Linear(config.joined * config.channels, config.mamba.width)

    def forward(self, mel: Tensor) -> Tensor:
        """`[batch, time, bins]` to `[batch, time / 4, width]`.

        With kernel - stride zeros on the left, output j ends with input stride (j + 1) - 1.
        """
        x = mel.transpose(1, 2)
        for convolution in (self.conv1, self.conv2):
            left = convolution.kernel_size[0] - convolution.stride[0]
            x = F.gelu(convolution(F.pad(x, (left, 0))))
        x = x.transpose(1, 2)
        whole = x.shape[1] // self.config.joined * self.config.joined
        return self.project(x[:, :whole].unflatten(1, (-1, self.config.joined)).flatten(2))


class SpeechEncoder(nn.Module):
    """Log-mel frames at 100 Hz to encoder frames at 25 Hz."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.front_end = ConvolutionFrontEnd(config)
        self.mamba = MambaStack(config.mamba)

    def forward(self, mel: Tensor) -> Tensor:
        """`[batch, time, bins]` to `[batch, time / 4, width]`."""
        return self.mamba(self.front_end(mel))


class Connector(nn.Module):
    """Encoder frames of a block, joined, to language embeddings with the stream's tag."""

    def __init__(self, config: ConnectorConfig) -> None:
        super().__init__()
        if config.frames_per_block % config.embeddings_per_block:
            raise ValueError(f"{config.embeddings_per_block} embeddings do not divide the frames")
        self.joined = config.frames_per_block // config.embeddings_per_block
        self.linear1 = nn.Linear(self.joined * config.width, config.hidden)
        self.linear2 = nn.Linear(config.hidden, config.language_width)
        self.tag = nn.Embedding(2, config.language_width)
        nn.init.normal_(self.tag.weight, std=0.02)

    def forward(self, frames: Tensor, stream: int | Tensor) -> Tensor:
        """`[batch, time, width]` to `[batch, time / joined, language width]`.

        `stream` is 0 for the environment and 1 for the assistant; one number, or one per row.
        """
        index = torch.as_tensor(stream, device=frames.device)
        x = frames.unflatten(1, (-1, self.joined)).flatten(2)
        tag = self.tag(index)
        return self.linear2(F.relu(self.linear1(x))) + (tag[:, None] if index.dim() else tag)
