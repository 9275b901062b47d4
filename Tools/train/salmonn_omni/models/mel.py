"""Log-mel spectrogram of the synthesizer: 80 bins at 50 Hz, by default as CosyVoice2's at 24 kHz."""

import functools

import numpy as np
import torch
import torch.nn.functional as F

SAMPLE_RATE = 24000
FOURIER_SIZE = 1920
HOP = 480
BINS = 80
FLOOR = 1e-5


def slaney_mel(hertz: np.ndarray) -> np.ndarray:
    """Frequency to mel: linear below 1 kHz, logarithmic above."""
    low = 3 * hertz / 200
    return np.where(hertz < 1000, low, 15 + 27 * np.log(np.maximum(hertz, 1) / 1000) / np.log(6.4))


def slaney_hertz(mel: np.ndarray) -> np.ndarray:
    """Mel to frequency, the inverse of `slaney_mel`."""
    return np.where(mel < 15, 200 * mel / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


@functools.lru_cache(maxsize=8)
def filter_bank(
    bins: int = BINS, rate: int = SAMPLE_RATE, size: int = FOURIER_SIZE, top: float = 8000
) -> torch.Tensor:
    """Triangles in hertz with unit area, [bins, size / 2 + 1]."""
    points = slaney_hertz(np.linspace(0.0, float(slaney_mel(np.array(top))), bins + 2))
    frequencies = np.arange(size // 2 + 1) * rate / size
    left, centre, right = points[:-2, None], points[1:-1, None], points[2:, None]
    rising = (frequencies - left) / (centre - left)
    falling = (right - frequencies) / (right - centre)
    triangles = np.maximum(0, np.minimum(rising, falling)) * 2 / (right - left)
    return torch.from_numpy(triangles.astype(np.float32))


def log_mel(
    samples: torch.Tensor, top: float = 8000, rate: int = SAMPLE_RATE, size: int = FOURIER_SIZE,
    hop: int = HOP,
) -> torch.Tensor:
    """Samples, [..., n], to ln(mel magnitude), [..., 80, n // hop].

    Frame i is centred on the middle of samples hop i ..< hop (i + 1): (size - hop) / 2 reflected
    samples are put at each end.
    """
    shape = samples.shape[:-1]
    x = samples.reshape(-1, samples.shape[-1])
    pad = (size - hop) // 2
    x = F.pad(x[:, None], (pad, pad), mode="reflect")[:, 0]
    window = torch.hann_window(size, dtype=x.dtype, device=x.device)
    spectrum = torch.stft(
        x, size, hop, window=window, center=False, return_complex=True
    )
    magnitude = (spectrum.real**2 + spectrum.imag**2 + 1e-9).sqrt()
    mel = filter_bank(rate=rate, size=size, top=top).to(x) @ magnitude
    return mel.clamp(min=FLOOR).log().reshape(*shape, BINS, -1)
