"""The assistant's voice: lines said by a synthesizer, with mel frames, pitch and phones, in one file.

`python -m salmonn_omni.voice.data --config CONFIG` makes the file of a stage ahead of it.
"""

import argparse
import functools
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from salmonn_omni.models.mel import log_mel
from salmonn_omni.training import settings
from salmonn_omni.training.parallel import on_all_cores
from salmonn_omni.voice import lines
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, HOP, SAMPLE_RATE, TOKEN, DataConfig
from salmonn_omni.voice.engines import PAUSE, PHONES, say
from salmonn_omni.voice.pitch import pitch_track

#: The largest sample of 16 bits.
LARGEST = 32767

@dataclass
class Utterance:
    """A line and what is known of its speech; frames are 20 ms, a token is two of them."""

    text: str
    #: 16 bits.
    samples: np.ndarray
    #: Normalised, half precision.
    mel: np.ndarray
    pitch: np.ndarray
    phones: np.ndarray

    @property
    def tokens(self) -> int:
        """The number of speech tokens."""
        return len(self.pitch) // FRAMES_PER_TOKEN

    def beginning(self, tokens: int) -> "Utterance":
        """The first speech tokens of it, with the whole text."""
        frames = FRAMES_PER_TOKEN * tokens
        return Utterance(
            self.text, self.samples[: HOP * frames], self.mel[:frames], self.pitch[:frames],
            self.phones[:frames],
        )


def mel_of(samples: Tensor, config: DataConfig) -> Tensor:
    """Samples [..., n] to normalised mel frames, [..., n / hop, bins]."""
    mel = log_mel(samples, rate=SAMPLE_RATE, size=config.fourier_size, hop=HOP)
    return (mel.transpose(-2, -1) - config.mel_mean) / config.mel_deviation


def utterance(text: str, config: DataConfig) -> Utterance:
    """A line as the voice says it, with little silence before it."""
    said = say(config.engine, text, config.voice)
    samples, segments = said.samples, said.segments
    # The voice begins with a pause of a fifth of a second, for which every answer would wait.
    first = segments[0][1] if segments and segments[0][0] == PAUSE else 0.0
    skipped = max(0, round((first - config.lead) * SAMPLE_RATE))
    samples = samples[skipped:] * np.float32(config.gain)
    samples = np.pad(samples, (0, -len(samples) % TOKEN))
    mel = mel_of(torch.from_numpy(samples), config).numpy()
    phones = np.zeros(len(mel), dtype=np.uint8)
    start = 0
    for phone, end in segments:
        stop = round((end * SAMPLE_RATE - skipped) / HOP)
        phones[max(start, 0) : max(stop, 0)] = PHONES.index(phone) if phone in PHONES else 0
        start = stop
    pitch = np.zeros(len(mel), dtype=np.float32)
    if config.pitch:
        pitch = pitch_track(samples, SAMPLE_RATE, HOP)
    whole = np.rint(samples * LARGEST).astype(np.int16)
    return Utterance(text, whole, mel.astype(np.float16), pitch, phones)


def say_all(texts: Sequence[str], config: DataConfig) -> dict[str, Utterance]:
    """Utterances of lines."""
    made = on_all_cores(functools.partial(utterance, config=config), texts)
    return dict(zip(texts, made, strict=True))


def read_spoken(path: str | Path, codes: int) -> dict[str, list[int]]:
    """The codes of lines by their texts, as `voice.spoken` writes them.

    Raises ValueError for a code that is not below `codes`.
    """
    found: dict[str, list[int]] = json.loads(Path(path).read_text())
    highest = max((max(line) for line in found.values() if line), default=-1)
    if highest >= codes:
        raise ValueError(f"{path} has code {highest}, expected codes below {codes}")
    return found


class Voice:
    """All utterances, those kept out of training last."""

    def __init__(self, utterances: Sequence[Utterance], held_out: int) -> None:
        self.utterances = list(utterances)
        self.training = self.utterances[: len(self.utterances) - held_out]
        self.held_out = self.utterances[len(self.utterances) - held_out :]

    def only(self, tokens: Mapping[str, int]) -> "Voice":
        """The utterances of these texts, up to so many tokens; those kept out stay apart."""
        held_out = [u.beginning(tokens[u.text]) for u in self.held_out if u.text in tokens]
        training = [u.beginning(tokens[u.text]) for u in self.training if u.text in tokens]
        return Voice([*training, *held_out], len(held_out))

    @staticmethod
    def load(config: DataConfig) -> "Voice":
        """Reads the utterances of a configuration from its folder; makes them the first time."""
        folder = Path(config.folder)
        folder.mkdir(parents=True, exist_ok=True)
        texts = _texts(config)
        # The texts stand for the settings that chose them.
        apart = {"corpora", "lines", "composed", "seed", "held_out", "folder"}
        used = {name: value for name, value in asdict(config).items() if name not in apart}
        kept = json.dumps([texts, used], sort_keys=True)
        key = hashlib.sha256(kept.encode()).hexdigest()[:12]
        path = folder / f"voice-{key}.npz"
        if not path.exists():
            _write(path, list(say_all(texts, config).values()))
        said = [u for u in _read(path) if len(u.samples) <= config.maximum_seconds * SAMPLE_RATE]
        return Voice(said, config.held_out)


def _texts(config: DataConfig) -> list[str]:
    if not config.corpora:
        return lines.lines(config.lines, config.seed)
    found: dict[str, None] = {}
    for path, most in config.corpora.items():
        fresh = [line for line in lines.read(Path(path)) if line not in found]
        long = [line for line in fresh if len(line.split()) > lines.LONG]
        found |= dict.fromkeys([*long, *(line for line in fresh if line not in long)][:most])
    texts = list(found)
    long = [line for line in texts if len(line.split()) > lines.LONG]
    short = [line for line in texts if line not in long]
    np.random.default_rng(config.seed).shuffle(short)
    # Long answers are few: all are kept, and in training.
    return [*long, *lines.composed(texts, config.composed, config.seed), *short]


def _write(path: Path, utterances: Sequence[Utterance]) -> None:
    # Written beside and renamed: a run that is cut off leaves no half file.
    beside = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(
        beside,
        texts=np.array(json.dumps([u.text for u in utterances])),
        frames=np.array([len(u.pitch) for u in utterances]),
        samples=np.concatenate([u.samples for u in utterances]),
        mel=np.concatenate([u.mel for u in utterances]),
        pitch=np.concatenate([u.pitch for u in utterances]),
        phones=np.concatenate([u.phones for u in utterances]),
    )
    beside.rename(path)


def _read(path: Path) -> list[Utterance]:
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    texts = json.loads(str(arrays["texts"]))
    ends = np.cumsum(arrays["frames"])
    return [
        Utterance(
            text, arrays["samples"][HOP * start : HOP * end], arrays["mel"][start:end],
            arrays["pitch"][start:end], arrays["phones"][start:end],
        )
        for text, start, end in zip(texts, ends - arrays["frames"], ends, strict=True)
    ]


def main(arguments: list[str] | None = None) -> None:
    """Makes the speech that a stage's configuration names."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True, help="a stage's configuration")
    options = parser.parse_args(arguments)
    data = settings.from_json(DataConfig, json.loads(options.config.read_text()).get("data", {}))
    torch.set_num_threads(1)
    voice = Voice.load(data)
    seconds = sum(len(u.samples) for u in voice.utterances) / SAMPLE_RATE
    print(f"{len(voice.utterances)} lines, {seconds:.0f} s")


if __name__ == "__main__":
    main()
