"""HiFT vocoder: mel frames at 50 Hz to samples at 24 kHz, by a harmonic source and an iSTFT.

Li et al., "HiFTNet: A Fast High-Quality Neural Vocoder with Harmonic-plus-Noise Filter and Inverse
Short Time Fourier Transform" (2023), with the tensor names and shapes of CosyVoice2's `hift.pt`.
Two forms: `symmetric` looks as far ahead as back; `causal` pads to the left, and looks ahead by a
few frames in its first convolutions only, as CosyVoice3's.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import weight_norm


@dataclass
class VocoderConfig:
    """Sizes of a vocoder; the defaults are CosyVoice2's."""

    form: str = "symmetric"
    mel_bins: int = 80
    sample_rate: int = 24000
    upsample_rates: list[int] = field(default_factory=lambda: [8, 5, 3])
    upsample_kernels: list[int] = field(default_factory=lambda: [16, 11, 7])
    base_channels: int = 512
    residual_kernels: list[int] = field(default_factory=lambda: [3, 7, 11])
    residual_dilations: list[list[int]] = field(default_factory=lambda: [[1, 3, 5]] * 3)
    source_kernels: list[int] = field(default_factory=lambda: [7, 7, 11])
    source_dilations: list[list[int]] = field(default_factory=lambda: [[1, 3, 5]] * 3)
    fourier_size: int = 16
    fourier_hop: int = 4
    harmonics: int = 8
    sine_amplitude: float = 0.1
    noise_amplitude: float = 0.003
    voiced_threshold: float = 10.0
    pitch_channels: int = 512
    pitch_layers: int = 5
    pitch_kernel: int = 3
    pitch_lookahead: int = 1
    pre_kernel: int = 7
    pre_lookahead: int = 3
    post_kernel: int = 7
    slope: float = 0.1
    last_slope: float = 0.01
    magnitude_limit: float = 100.0
    audio_limit: float = 0.99
    phase: str = "interpolated"

    @staticmethod
    def causal(**changes: object) -> "VocoderConfig":
        """The causal form: 4 frames of look-ahead for the mel, 3 for the pitch."""
        causal = {
            "form": "causal", "pre_kernel": 5, "pre_lookahead": 4, "pitch_kernel": 4,
            "pitch_lookahead": 3, "phase": "held",
        }
        return VocoderConfig(**{**causal, **changes})

    @property
    def hop(self) -> int:
        """Samples per mel frame."""
        return math.prod(self.upsample_rates) * self.fourier_hop


class PaddedConvolution(nn.Conv1d):
    """A convolution over time, [batch, in, n], with zeros put before and after."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, left: int, right: int,
        dilation: int = 1, stride: int = 1,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride=stride, dilation=dilation)
        self.ends = (left, right)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(F.pad(x, self.ends))


class RepeatedConvolution(nn.Conv1d):
    """Causal upsampling: every row repeated `rate` times, then a left-padded convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int, rate: int) -> None:
        super().__init__(inputs, outputs, kernel)
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.repeat_interleave(self.rate, dim=2)
        return super().forward(F.pad(x, (self.kernel_size[0] - 1, 0)))


class Snake(nn.Module):
    """x + sin²(αx) / α, with an α per channel (Ziyin et al. 2020)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        alpha = self.alpha[:, None]
        return x + (x * alpha).sin() ** 2 / (alpha + 1e-9)


class ResidualBlock(nn.Module):
    """Dilated convolutions with Snake before each; x += conv(snake(dilated(snake(x))))."""

    def __init__(self, channels: int, kernel: int, dilations: list[int], causal: bool) -> None:
        super().__init__()

        def layer(dilation: int) -> nn.Module:
            span = (kernel - 1) * dilation
            left = span if causal else span // 2
            return weight_norm(
                PaddedConvolution(channels, channels, kernel, left, span - left, dilation)
            )

        self.convs1 = nn.ModuleList(layer(dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(layer(1) for _ in dilations)
        self.activations1 = nn.ModuleList(Snake(channels) for _ in dilations)
        self.activations2 = nn.ModuleList(Snake(channels) for _ in dilations)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        layers = zip(self.convs1, self.convs2, self.activations1, self.activations2, strict=True)
        for dilated, plain, first, second in layers:
            x = x + plain(second(dilated(first(x))))
        return x


class PitchPredictor(nn.Module):
    """Mel frames, [batch, bins, n], to the fundamental frequency in hertz, [batch, n]."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(config.pitch_layers):
            inputs = config.mel_bins if index == 0 else config.pitch_channels
            if config.form == "symmetric":
                kernel = config.pitch_kernel
                right = (kernel - 1) // 2
            else:
                kernel = config.pitch_kernel if index == 0 else 3
                right = config.pitch_lookahead if index == 0 else 0
            convolution = PaddedConvolution(
                inputs, config.pitch_channels, kernel, kernel - 1 - right, right
            )
            layers += [weight_norm(convolution), nn.ELU()]
        self.condnet = nn.Sequential(*layers)
        self.classifier = nn.Linear(config.pitch_channels, 1)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.condnet(mel).transpose(1, 2))[..., 0].abs()


class HarmonicSource(nn.Module):
    """Pitch per frame to the excitation: sines of all harmonics, and noise, merged into one."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        self.l_linear = nn.Linear(config.harmonics + 1, 1)

    def turns(self, pitch: torch.Tensor) -> torch.Tensor:
        """Phase in turns, modulo 1, of every harmonic at every sample: [batch, n, harmonics]."""
        config, hop = self.config, self.config.hop
        order = torch.arange(1, config.harmonics + 2, dtype=torch.float64, device=pitch.device)
        growth = pitch.double()[..., None] * order / config.sample_rate % 1 * hop
        ends = growth.cumsum(1)
        frames = pitch.shape[1]
        sample = torch.arange(frames * hop, device=pitch.device)
        if config.phase == "held":
            return ends.repeat_interleave(hop, 1) % 1
        if config.phase == "accumulated":
            share = ((sample % hop + 1) / hop).double()[:, None]
            turns = (ends - growth).repeat_interleave(hop, 1)
            return (turns + growth.repeat_interleave(hop, 1) * share) % 1
        position = ((sample + 0.5).double() / hop - 0.5).clamp(0, frames - 1)
        before = position.floor().long().clamp(max=max(frames - 2, 0))
        after = (before + 1).clamp(max=frames - 1)
        share = (position - before)[:, None]
        return (ends[:, before] + (ends[:, after] - ends[:, before]) * share) % 1

    def forward(self, pitch: torch.Tensor, noise: torch.Tensor | None = None) -> torch.Tensor:
        """`noise`, [batch, n hop, harmonics + 1], is unit normal; none means without noise."""
        config = self.config
        with torch.no_grad():
            sine = config.sine_amplitude * (2 * math.pi * self.turns(pitch)).sin().to(pitch.dtype)
            voiced = (pitch > config.voiced_threshold).to(pitch.dtype)
            voiced = voiced.repeat_interleave(config.hop, 1)[..., None]
            waves = sine * voiced
            if noise is not None:
                level = voiced * config.noise_amplitude
                waves = waves + noise * (level + (1 - voiced) * config.sine_amplitude / 3)
        return self.l_linear(waves)[..., 0].tanh()


class Vocoder(nn.Module):
    """Mel frames, [batch, bins, n], to samples, [batch, n hop]."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.config = config
        causal = config.form == "causal"
        spectrum = config.fourier_size + 2
        self.register_buffer("window", torch.hann_window(config.fourier_size), persistent=False)
        self.m_source = HarmonicSource(config)
        self.f0_predictor = PitchPredictor(config)
        right = config.pre_lookahead if causal else (config.pre_kernel - 1) // 2
        self.conv_pre = weight_norm(PaddedConvolution(
            config.mel_bins, config.base_channels, config.pre_kernel,
            config.pre_kernel - 1 - right, right,
        ))
        self.ups = nn.ModuleList()
        self.source_downs = nn.ModuleList()
        self.source_resblocks = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        for index, rate in enumerate(config.upsample_rates):
            inputs = config.base_channels >> index
            kernel = config.upsample_kernels[index]
            outputs = inputs // 2
            self.ups.append(weight_norm(
                RepeatedConvolution(inputs, outputs, kernel, rate) if causal
                else nn.ConvTranspose1d(inputs, outputs, kernel, rate, (kernel - rate) // 2)
            ))
            stride = math.prod(config.upsample_rates[index + 1:])
            left, right = (stride - 1, 0) if causal else (stride // 2, stride // 2)
            down = (2 * stride, left, right) if stride > 1 else (1, 0, 0)
            self.source_downs.append(PaddedConvolution(spectrum, outputs, *down, stride=stride))
            self.source_resblocks.append(ResidualBlock(
                outputs, config.source_kernels[index], config.source_dilations[index], causal
            ))
            for kernel, dilations in zip(
                config.residual_kernels, config.residual_dilations, strict=True
            ):
                self.resblocks.append(ResidualBlock(outputs, kernel, dilations, causal))
        span = config.post_kernel - 1
        left = span if causal else span // 2
        self.conv_post = weight_norm(
            PaddedConvolution(outputs, spectrum, config.post_kernel, left, span - left)
        )

    def forward(
        self, mel: torch.Tensor, pitch: torch.Tensor | None = None,
        noise: torch.Tensor | None = None, source: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Speaks; `pitch` replaces the predicted one, `source`, [batch, n hop], the excitation."""
        if source is None:
            pitch = self.f0_predictor(mel) if pitch is None else pitch
            source = self.m_source(pitch, noise)
        return self.decode(mel, source)

    def decode(self, mel: torch.Tensor, source: torch.Tensor) -> torch.Tensor:
        """Filters the excitation by the mel frames."""
        config = self.config
        spectrum = self.analyse(source)
        blocks = len(config.residual_kernels)
        x = self.conv_pre(mel)
        for index, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, config.slope))
            if index == len(self.ups) - 1:
                x = F.pad(x, (1, 0), mode="reflect")
            x = x + self.source_resblocks[index](self.source_downs[index](spectrum))
            mean = self.resblocks[index * blocks](x)
            for block in range(1, blocks):
                mean = mean + self.resblocks[index * blocks + block](x)
            x = mean / blocks
        x = self.conv_post(F.leaky_relu(x, config.last_slope))
        magnitude, phase = x.split(config.fourier_size // 2 + 1, 1)
        magnitude = magnitude.exp().clamp(max=config.magnitude_limit)
        phase = phase.sin()
        samples = self.synthesise(magnitude * phase.cos(), magnitude * phase.sin())
        return samples.clamp(-config.audio_limit, config.audio_limit)

    def analyse(self, samples: torch.Tensor) -> torch.Tensor:
        """Samples to real and, below them, imaginary parts: [batch, size + 2, n / hop + 1]."""
        config = self.config
        spectrum = torch.stft(
            samples, config.fourier_size, config.fourier_hop, window=self.window,
            center=True, pad_mode="reflect", return_complex=True,
        )
        return torch.cat([spectrum.real, spectrum.imag], 1)

    def synthesise(self, real: torch.Tensor, imaginary: torch.Tensor) -> torch.Tensor:
        """Inverse of `analyse`."""
        config = self.config
        return torch.istft(
            torch.complex(real, imaginary), config.fourier_size, config.fourier_hop,
            window=self.window, center=True,
        )
