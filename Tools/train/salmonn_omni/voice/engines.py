"""The synthesizers that the assistant's voice may be learnt from: speech, and which phone sounds when."""

import functools
import subprocess
import tempfile
import wave
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from salmonn_omni.voice.config import SAMPLE_RATE

PHONES = (
    "pau aa ae ah ao aw ax axr ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p r s sh t "
    "th uh uw v w y z zh"
).split()
PAUSE = "pau"
#: hibari's letters of a phone (those of misaki, American English) as flite names it.
LETTERS = dict(zip(
    "ɑ æ ʌ ɔ W ə ᵊ ɐ ɚ I b ʧ d ð ɛ ɜ A f ɡ h ɪ ᵻ i ʤ k l m n ŋ O Y p ɹ s ʃ t T ɾ ʔ θ ʊ u v w j z ʒ".split(),
    "aa ae ah ao aw ax ax ax axr ay b ch d dh eh er ey f g hh ih ih iy jh k l m n ng ow oy p r s sh t "
    "t t t th uh uw v w y z zh".split(),
    strict=True,
))
#: Marks that belong to the phone behind them.
STRESS = "ˈˌ"
#: Between words hibari may hold a phone for so many of its 25 ms without a pause.
GLIDE = 3
#: Seconds of a unit of its durations, and how long its last pause may be.
UNIT, TAIL = 0.025, 0.2


@dataclass(frozen=True)
class Said:
    """Speech at 16 kHz, -1 to 1, and every phone with the second at which it ends."""

    samples: np.ndarray
    segments: list[tuple[str, float]]


def say(engine: str, text: str, voice: str) -> Said:
    """A line as a voice of an engine says it.

    Raises ValueError for an engine that is not known.
    """
    if engine == "flite":
        return _flite(text, voice)
    if engine == "hibari":
        return _hibari(text, voice)
    raise ValueError(f"the assistant's voice is of flite or hibari, not of {engine}")


def phones(engine: str, word: str, voice: str) -> list[str]:
    """The phones of a word that is said alone, without pauses."""
    if engine == "flite":
        command = ["flite", "-voice", voice, "-ps", "-t", f" {word}", "none"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        named = done.stdout.split()
    else:
        named = [phone for phone, _ in say(engine, word, voice).segments]
    return [phone for phone in named if phone != PAUSE and phone in PHONES]


def _flite(text: str, voice: str) -> Said:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        command = ["flite", "-voice", voice, "-psdur", "-t", f" {text}", file.name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        with wave.open(file.name) as sound:
            rate, frames = sound.getframerate(), sound.readframes(sound.getnframes())
    samples = np.frombuffer(frames, "<i2").astype(np.float32) / 32768
    if rate != SAMPLE_RATE:
        raise ValueError(f"flite's voice {voice} speaks at {rate} Hz, expected {SAMPLE_RATE}")
    segments = [entry.rsplit(":", 1) for entry in done.stdout.split()]
    return Said(samples, [(phone, float(end)) for phone, end in segments])


def segments_of(letters: Iterable[str], durations: Iterable[int]) -> list[tuple[str, float]]:
    """hibari's letters, each with its duration in units of 25 ms, as phones with their ends in seconds.

    The first and last letters, which are empty, and punctuation are pauses. What lies between words is
    one only where it is long; else the phone before it sounds on.
    """
    found: list[tuple[str, float]] = []
    units = 0
    for letter, count in zip(letters, durations, strict=True):
        units += count
        if letter and letter in STRESS:
            continue
        phone = LETTERS.get(letter, PAUSE)
        if phone == PAUSE and found and (letter == " " and count <= GLIDE or found[-1][0] == PAUSE):
            phone = found.pop()[0]
        found.append((phone, units * UNIT))
    return found


@functools.cache
def _hibari_session(voice: str) -> tuple[Any, Any]:
    """The program and its network, which is made to tell the durations of phones, too."""
    import hibari
    import onnx
    import onnxruntime

    program = hibari.Hibari(voice=voice)
    network = onnx.load(program.model_path)
    # Rounded and clipped, they are counts of units: the only sum from which frames are laid out.
    durations = next(n for n in network.graph.node if n.op_type == "Clip").output[0]
    network.graph.output.append(
        onnx.helper.make_tensor_value_info(durations, onnx.TensorProto.FLOAT, None)
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return program, onnxruntime.InferenceSession(
        network.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def _hibari(text: str, voice: str) -> Said:
    from hibari import dsp
    from scipy.signal import resample_poly

    program, session = _hibari_session(voice)
    # Sentences together: said one by one they have four fifths of a second between them.
    letters = " ".join(program.phonemize(text))
    known = [letter for letter in letters if letter in program.vocab]
    ids = np.asarray([program.ids(letters)], np.int64)
    *parts, durations = session.run(None, {"ids": ids, "speed": np.ones(1, np.float32)})
    draw = np.random.default_rng(zlib.crc32(text.encode()))
    samples = dsp.synth(*(part[0] for part in parts), draw)
    segments = segments_of(["", *known, ""], durations.reshape(-1).astype(int).tolist())
    phone, end = segments[-1]
    if phone == PAUSE and len(segments) > 1:
        end = min(end, segments[-2][1] + TAIL)
        segments[-1] = (phone, end)
    # SAMPLE_RATE is two thirds of the 24 kHz of hibari.
    whole = resample_poly(samples[: round(end * program.sample_rate)], 2, 3)
    return Said(whole.astype(np.float32), segments)
