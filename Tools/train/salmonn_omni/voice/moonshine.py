"""What another independent recogniser, Moonshine, hears: any words of English.

The wheel that `pyproject.toml` names brings the model, `tiny-en` (Jeffries et al. 2024, 27 million
weights). It knows none of the world's lines, as a stranger would not. It writes numbers in figures and
some words in American spelling; `spoken` gives both sides of a comparison one form.
"""

import re

import numpy as np

from salmonn_omni.voice.lines import number
from salmonn_omni.voice.recogniser import words

#: British spelling and the world's forms for what the recogniser writes.
SPELLINGS = {
    "cannot": ["can", "not"], "color": ["colour"], "colors": ["colours"], "favorite": ["favourite"],
    "gray": ["grey"], "ok": ["okay"],
}
ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
    "nine": "ninth", "twelve": "twelfth",
}
#: Samples of silence before and after what is heard.
QUIET = 8000


def spoken(text: str) -> list[str]:
    """A written line as spoken words; figures of more than two digits are series of digits."""
    found: list[str] = []
    for word in words(text.replace("’", "'")):
        ordinal = re.fullmatch(r"(\d{1,3})(st|nd|rd|th)", word)
        if ordinal:
            found += _ordinal(number(int(ordinal[1])).split())
        elif not word.isdigit():
            found += SPELLINGS.get(word, [word])
        elif len(word) > 2:
            found += [number(int(digit)) for digit in word]
        else:
            found += number(int(word)).split()
    return found


def _ordinal(said: list[str]) -> list[str]:
    last = said[-1]
    usual = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return [*said[:-1], ORDINALS.get(last, usual)]


class Moonshine:
    """Hears any words."""

    #: It knows every word.
    unknown: list[str] = []

    def __init__(self) -> None:
        from moonshine_voice.moonshine_api import ModelArch
        from moonshine_voice.transcriber import Transcriber
        from moonshine_voice.utils import get_assets_path

        # All of the sound is heard, also where its voice detector would find no voice.
        self.transcriber = Transcriber(
            get_assets_path() / "tiny-en", ModelArch.TINY, options={"vad_threshold": 0.0}
        )

    def words(self, text: str) -> list[str]:
        """A line in the form in which `hear` gives it."""
        return spoken(text)

    def hear(self, samples: np.ndarray) -> list[str]:
        """The words of samples at 16 kHz, -1 to 1."""
        padded = np.pad(samples.astype(np.float32), QUIET)
        found = self.transcriber.transcribe_without_streaming(padded.tolist(), 16000)
        return spoken(" ".join(line.text for line in found.lines))
