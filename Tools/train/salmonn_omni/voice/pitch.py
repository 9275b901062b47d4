"""The fundamental frequency of clean speech, by autocorrelation and a best path.

After Boersma, "Accurate short-term analysis of the fundamental frequency" (1993): the
autocorrelation of a windowed frame is divided by that of the window, and a path through all frames
weighs the heights of the peaks against jumps of pitch and changes of voicing.
"""

import numpy as np

LOWEST, HIGHEST = 80.0, 400.0
WINDOW_PERIODS = 3
UNVOICED = 0.45
SILENCE = 0.03
OCTAVE = 0.02
JUMP = 0.5
CHANGE = 0.2


def pitch_track(samples: np.ndarray, rate: int, hop: int) -> np.ndarray:
    """Hertz in the middle of every whole frame of `hop` samples; 0 where there is no voice."""
    frames = len(samples) // hop
    if frames == 0:
        return np.zeros(0, dtype=np.float32)
    lags = np.arange(int(rate / HIGHEST), int(rate / LOWEST) + 1)
    correlation, peaks = _correlation(samples.astype(np.float64), rate, hop, frames)
    heights = correlation[:, lags] - OCTAVE * np.log2(lags / lags[0])
    loudest = max(float(np.abs(samples).max()), 1e-9)
    unvoiced = UNVOICED + np.maximum(0, 1 - peaks / loudest / SILENCE)
    path = _best_path(heights, unvoiced, np.log2(lags))
    found = np.zeros(frames, dtype=np.float32)
    for frame in np.flatnonzero(path < len(lags)):
        lag = lags[path[frame]]
        before, at, after = correlation[frame, lag - 1 : lag + 2]
        bend = before - 2 * at + after
        shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
        found[frame] = rate / (lag + np.clip(shift, -0.5, 0.5))
    return found


def _correlation(
    x: np.ndarray, rate: int, hop: int, frames: int
) -> tuple[np.ndarray, np.ndarray]:
    """The normalised autocorrelation of every frame, and its largest absolute sample."""
    size = 2 * round(WINDOW_PERIODS * rate / LOWEST / 2)
    padded = np.pad(x, (size // 2, size))
    starts = hop * np.arange(frames) + hop // 2
    pieces = padded[starts[:, None] + np.arange(size)]
    peaks = np.abs(pieces[:, size // 2 - hop : size // 2 + hop]).max(1)
    pieces = pieces - pieces.mean(1, keepdims=True)
    window = np.hanning(size)

    def autocorrelation(y: np.ndarray) -> np.ndarray:
        power = np.abs(np.fft.rfft(y, 2 * size)) ** 2
        return np.fft.irfft(power)[..., : size // 2]

    result = autocorrelation(pieces * window)
    result /= np.maximum(result[:, :1], 1e-12)
    expected = autocorrelation(window)
    return result / (expected / expected[0]), peaks


def _best_path(heights: np.ndarray, unvoiced: np.ndarray, octaves: np.ndarray) -> np.ndarray:
    """The state of every frame: a lag, or the number of lags where there is no voice."""
    count = len(octaves)
    cost = np.full((count + 1, count + 1), CHANGE)
    cost[:count, :count] = JUMP * np.abs(octaves[:, None] - octaves)
    cost[count, count] = 0
    values = np.concatenate([heights, unvoiced[:, None]], 1)
    best = values[0]
    origins = np.zeros(values.shape, dtype=np.int64)
    for frame in range(1, len(values)):
        arriving = best[None] - cost
        origins[frame] = arriving.argmax(1)
        best = arriving.max(1) + values[frame]
    path = np.zeros(len(values), dtype=np.int64)
    path[-1] = best.argmax()
    for frame in range(len(values) - 1, 0, -1):
        path[frame - 1] = origins[frame, path[frame]]
    return path
