"""The encoder block by block, with the state that the Swift code carries."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models.encoder import Mamba2Mixer, SpeechEncoder
from ..models.log_mel import LogMel, LogMelConfig


@dataclass
class MixerState:
    """The last inputs of the convolution, and the states of the heads."""

    window: Tensor
    state: Tensor


def mixer_step(mixer: Mamba2Mixer, hidden: Tensor, carried: MixerState) -> Tensor:
    """One frame of rows `[rows, width]`."""
    config = mixer.config
    inner, size = config.inner, config.state_size
    sizes = [inner, inner + 2 * size, inner // config.head_size]
    gate, mixed, step = mixer.in_proj(hidden).split(sizes, dim=-1)
    window = torch.cat([carried.window, mixed[:, :, None]], dim=-1)
    carried.window = window[:, :, 1:]
    mixed = F.silu((window * mixer.conv1d.weight[:, 0]).sum(-1) + mixer.conv1d.bias)
    x, b, c = mixed.split([inner, size, size], dim=-1)
    x = x.unflatten(-1, (-1, config.head_size))
    step = F.softplus(step + mixer.dt_bias)
    decay = torch.exp(step * -torch.exp(mixer.A_log))[..., None, None]
    carried.state = decay * carried.state + (step[..., None] * x)[..., None] * b[:, None, None]
    y = (carried.state * c[:, None, None]).sum(-1) + mixer.D[:, None] * x
    return mixer.out_proj(mixer.norm(y.flatten(-2) * F.silu(gate)))


class EncoderStream:
    """Some streams at once: samples of a block in, encoder frames out."""

    def __init__(self, encoder: SpeechEncoder, rows: int, mel: LogMelConfig = LogMelConfig()) -> None:
        config = encoder.config
        stack = config.mamba
        self.encoder = encoder
        # The state here holds what precedes the samples.
        self.mel = LogMel(replace(mel, lead_in=0))
        self.samples = torch.zeros(rows, mel.lead_in)
        self.first = torch.zeros(rows, config.bins, config.kernel - config.strides[0])
        self.second = torch.zeros(rows, config.channels, config.kernel - config.strides[1])
        mixed, heads = stack.inner + 2 * stack.state_size, stack.inner // stack.head_size
        self.states = [
            MixerState(
                torch.zeros(rows, mixed, stack.kernel - 1),
                torch.zeros(rows, heads, stack.head_size, stack.state_size),
            )
            for _ in range(stack.layers)
        ]

    def step(self, samples: Tensor) -> Tensor:
        """`[rows, 1280 n]` to `[rows, 2 n, width]`."""
        front = self.encoder.front_end
        joined = torch.cat([self.samples, samples], dim=1)
        self.samples = joined[:, -self.samples.shape[1] :]
        mel = self.mel(joined).transpose(1, 2)
        x, self.first = _convolved(front.conv1, mel, self.first)
        x, self.second = _convolved(front.conv2, x, self.second)
        x = x.transpose(1, 2)
        hidden = front.project(x.unflatten(1, (-1, front.config.joined)).flatten(2))
        frames = []
        for frame in hidden.unbind(1):
            for block, state in zip(self.encoder.mamba.layers, self.states):
                frame = frame + mixer_step(block.mixer, block.norm(frame), state)
            frames.append(self.encoder.mamba.norm_f(frame))
        return torch.stack(frames, dim=1)


def _convolved(convolution: nn.Conv1d, x: Tensor, carried: Tensor) -> tuple[Tensor, Tensor]:
    joined = torch.cat([carried, x], dim=2)
    return F.gelu(convolution(joined)), joined[:, :, joined.shape[2] - carried.shape[2] :]
