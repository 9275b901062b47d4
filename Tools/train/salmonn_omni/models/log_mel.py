"""Log-mel features of 16 kHz speech in the forms that public encoders use."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LogMelConfig:
    """What a log-mel front end computes; `Sources/SpeechModel/Encoder` has the same fields."""

    bins: int = 80
    window_length: int = 400
    hop: int = 160
    #: Zeros before the first sample: frame i covers samples [i hop - lead_in, ... + window).
    lead_in: int = 240
    transform_length: int = 400
    #: "hann" is periodic; "povey" is the symmetric one to the power 0.85.
    window: str = "hann"
    removes_mean: bool = False
    pre_emphasis: float = 0.0
    #: "slaney": triangles in Hz with area norm; "kaldi": triangles in mel with peak 1.
    scale: str = "slaney"
    low: float = 0.0
    high: float = 8000.0
    #: "whisper": (log10(max(e, 1e-10)) + 4) / 4; "natural": ln(max(e, 1.1920929e-7)).
    logarithm: str = "whisper"
    sample_rate: int = 16000


#: Frame i ends with sample 160 (i + 1): a block of 1280 samples gives 8 frames, no look-ahead.
CAUSAL = LogMelConfig()
#: Frame i is centred on sample 160 i.
WHISPER = replace(CAUSAL, lead_in=200)
#: Frame i starts at sample 160 i ("snip edges").
KALDI = replace(
    CAUSAL, lead_in=0, transform_length=512, window="povey", removes_mean=True,
    pre_emphasis=0.97, scale="kaldi", low=20.0, logarithm="natural",
)


def mel_points(config: LogMelConfig) -> tuple[Tensor, Tensor]:
    """The corners of the triangles and the frequencies of the transform's bins.

    Both on the axis on which the triangles are straight: Hz for Slaney's, mel for Kaldi's.
    """
    count = config.transform_length // 2 + 1
    hertz = torch.arange(count, dtype=torch.float64) * config.sample_rate / config.transform_length
    ends = torch.tensor([config.low, config.high], dtype=torch.float64)
    if config.scale == "kaldi":
        mel = 1127 * torch.log1p(ends / 700)
        steps = torch.linspace(float(mel[0]), float(mel[1]), config.bins + 2, dtype=torch.float64)
        return steps, 1127 * torch.log1p(hertz / 700)
    knee = 27 / torch.log(torch.tensor(6.4, dtype=torch.float64))
    mel = torch.where(
        ends < 1000, 3 * ends / 200, 15 + knee * torch.log(ends.clamp(min=1) / 1000)
    )
    steps = torch.linspace(float(mel[0]), float(mel[1]), config.bins + 2, dtype=torch.float64)
    corners = torch.where(steps < 15, 200 * steps / 3, 1000 * torch.exp((steps - 15) / knee))
    return corners, hertz


def mel_filters(config: LogMelConfig) -> Tensor:
    """The filter bank, `[bins, transform_length / 2 + 1]`, double precision."""
    corners, axis = mel_points(config)
    left, centre, right = (corners[i : i + config.bins, None] for i in range(3))
    rising = (axis - left) / (centre - left)
    falling = (right - axis) / (right - centre)
    filters = torch.minimum(rising, falling).clamp(min=0)
    if config.scale == "slaney":
        return filters * 2 / (right - left)
    filters[:, -1] = 0  # Kaldi leaves the Nyquist bin out.
    return filters


def analysis_window(config: LogMelConfig) -> Tensor:
    """The window's values, double precision."""
    n = config.window_length
    if config.window == "hann":
        return torch.hann_window(n, dtype=torch.float64)
    return torch.hann_window(n, periodic=False, dtype=torch.float64) ** 0.85


class LogMel(nn.Module):
    """Samples `[..., n]` to log-mel frames `[..., frames, bins]`; no parameters."""

    def __init__(self, config: LogMelConfig = CAUSAL) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", analysis_window(config).float(), persistent=False)
        self.register_buffer("filters", mel_filters(config).float(), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """The frames whose windows the samples fill."""
        config = self.config
        padded = nn.functional.pad(samples, (config.lead_in, 0))
        frames = padded.unfold(-1, config.window_length, config.hop)
        if config.removes_mean:
            frames = frames - frames.mean(-1, keepdim=True)
        if config.pre_emphasis:
            before = torch.cat([frames[..., :1], frames[..., :-1]], dim=-1)
            frames = frames - config.pre_emphasis * before
        spectrum = torch.fft.rfft(frames * self.window, n=config.transform_length)
        energies = spectrum.abs().square() @ self.filters.T
        if config.logarithm == "whisper":
            return (energies.clamp(min=1e-10).log10() + 4) / 4
        return energies.clamp(min=1.1920929e-7).log()
