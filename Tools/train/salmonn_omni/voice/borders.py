"""Whether the borders of chunks can be heard or seen in a model's answers.

`omni evaluate --speech FOLDER` writes the answers as sound. The flow makes chunks of 240 ms; what could
show at a border is compared with the same 60, 120 and 180 ms later, where there is none: the change of
the spectrum from one 5 ms to the next, and the bend of the waveform. A ratio of 1 is a border that nobody
notices. Pictures show answers below the target voice.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from salmonn_omni.models.mel import log_mel
from salmonn_omni.training import settings
from salmonn_omni.voice.config import CodecStage
from salmonn_omni.voice.config import SAMPLE_RATE as RATE
from salmonn_omni.voice.data import LARGEST, say_all
from salmonn_omni.voice.evaluate import picture
from salmonn_omni.voice.heard import read_answers, read_sound

#: Samples of a chunk of the flow.
CHUNK = RATE * 240 // 1000
#: Samples after a border at which it is compared.
BESIDE = tuple(RATE * ms // 1000 for ms in (60, 120, 180))
#: The hop of the spectra, and how far from a border still belongs to it: 10 ms.
HOP, NEAR = RATE // 200, RATE // 100
#: What is under -50 dB of full scale is not compared.
QUIET = 0.003162


def spectral_change(samples: np.ndarray) -> np.ndarray:
    """The mean change of the log-mel bins to the next hop, `[samples / HOP - 1]`."""
    mel = log_mel(torch.from_numpy(samples), rate=RATE, size=4 * HOP, hop=HOP).numpy()
    return np.abs(np.diff(mel, axis=1)).mean(axis=0)


def bend(samples: np.ndarray) -> np.ndarray:
    """The second difference in size, over the level of the 20 ms around, `[samples - 2]`."""
    size = np.abs(np.diff(samples, n=2))
    around = np.ones(2 * NEAR) / (2 * NEAR)
    level = np.sqrt(np.convolve(samples**2, around, mode="same")[1:-1])
    return size / np.maximum(level, QUIET)


def ratios(answers: Sequence[np.ndarray]) -> dict[str, float]:
    """The means at borders over those beside them; each answer begins with its first chunk."""
    sums = {"spectral change": np.zeros(2), "bend": np.zeros(2)}
    borders = 0
    for samples in answers:
        found = {"spectral change": (spectral_change(samples), HOP), "bend": (bend(samples), 1)}
        for border in range(CHUNK, len(samples) - CHUNK, CHUNK):
            whole = samples[border - NEAR : border + BESIDE[-1] + NEAR]
            if np.abs(whole.reshape(-1, NEAR)).max(axis=1).min() < QUIET:
                continue
            borders += 1
            for name, (values, hop) in found.items():
                at, *beside = (
                    values[(border + b - NEAR) // hop : (border + b + NEAR) // hop].max()
                    for b in (0, *BESIDE)
                )
                sums[name] += at, np.mean(beside)
    shares = {name: float(at / max(beside, 1e-9)) for name, (at, beside) in sums.items()}
    return shares | {"borders": float(borders)}


def sound(samples: np.ndarray) -> np.ndarray:
    """An answer from its first sound on: playback is silent until the first chunk is there."""
    loud = np.flatnonzero(samples)
    return samples[loud[0] :] if len(loud) else samples[:0]


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Measures all answers of a folder and draws some of them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--answers", type=Path, required=True, help="what omni evaluate --speech wrote")
    parser.add_argument("--data", type=Path, help="the configuration of the stage codec: the voice")
    parser.add_argument("--pictures", type=int, default=4, help="answers that are drawn")
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    lines = read_answers(options.answers)
    answers = [sound(read_sound(options.answers, line)) for line in lines]
    found = ratios([samples for samples in answers if len(samples) > 2 * CHUNK])
    for name, value in found.items():
        print(f"{name:18} {value:8.3f}")
    (options.out / "borders.json").write_text(json.dumps(found, indent=1) + "\n")
    if options.data:
        data = settings.load(CodecStage, options.data).data
        # The longest show most borders.
        drawn = sorted(range(len(lines)), key=lambda i: -len(answers[i]))[: options.pictures]
        texts = [" ".join(lines[i]["answer"]["text"].split()) for i in drawn]
        voices = say_all(texts, data)
        for number, (index, text) in enumerate(zip(drawn, texts, strict=True)):
            target = voices[text].samples / LARGEST
            picture(options.out / f"{number}.png", {"target": target, "own": answers[index]}, text)
    return found


if __name__ == "__main__":
    main()
