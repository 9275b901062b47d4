"""What an independent recogniser, pocketsphinx, hears: words of a closed vocabulary.

Its acoustic model is the one that it brings; the language model is made from lines of the world: a
bigram with absolute discounting (Ney, Essen and Kneser 1994). `named` gives it, or the recogniser of
`moonshine.py`, which hears any words.
"""

import math
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

DISCOUNT = 0.5
#: The names of the recognisers; what is wanted is measured with the first.
NAMES = ("pocketsphinx", "moonshine")


class Listener(Protocol):
    """A recogniser of speech that had no part in training."""

    #: Words that it can not hear.
    unknown: list[str]

    def words(self, text: str) -> list[str]:
        """A line in the form in which `hear` gives it."""
        ...

    def hear(self, samples: np.ndarray) -> list[str]:
        """The words of samples at 16 kHz, -1 to 1."""
        ...


def named(name: str, lines: Sequence[str]) -> Listener:
    """The recogniser of a name; `lines` are what pocketsphinx expects."""
    if name == "moonshine":
        from salmonn_omni.voice.moonshine import Moonshine

        return Moonshine()
    return Recogniser(lines)


def words(text: str) -> list[str]:
    """A line as words in lower case."""
    return re.sub(r"[^a-z0-9' ]", " ", text.lower()).split()


def arpa(lines: Iterable[Sequence[str]], vocabulary: Iterable[str]) -> str:
    """A bigram model in the ARPA format."""
    singles, pairs = Counter(), Counter()
    for line in lines:
        marked = ["<s>", *line, "</s>"]
        singles.update(marked[1:])
        pairs.update(zip(marked, marked[1:]))
    every = sorted(set(vocabulary) | {"</s>"})
    total = sum(singles.values()) + len(every)
    single = {word: (singles[word] + 1) / total for word in every}
    histories = Counter(first for first, _ in pairs.elements())
    followers: dict[str, list[str]] = {}
    for first, second in pairs:
        followers.setdefault(first, []).append(second)
    text = ["\\data\\", f"ngram 1={len(every) + 1}", f"ngram 2={len(pairs)}", "", "\\1-grams:"]
    for word in ["<s>", *every]:
        left = 1.0
        if word in followers:
            left = DISCOUNT * len(followers[word]) / histories[word]
        share = single.get(word, 1e-9)
        text.append(f"{math.log10(share):.5f} {word} {math.log10(max(left, 1e-9)):.5f}")
    text += ["", "\\2-grams:"]
    for (first, second), count in sorted(pairs.items()):
        spared = DISCOUNT * len(followers[first]) / histories[first]
        share = (count - DISCOUNT) / histories[first] + spared * single[second]
        text.append(f"{math.log10(share):.5f} {first} {second}")
    return "\n".join([*text, "", "\\end\\", ""])


class Recogniser:
    """Hears the words of a set of lines."""

    def __init__(self, lines: Sequence[str]) -> None:
        from pocketsphinx import Decoder, get_model_path

        spoken = [words(line) for line in lines]
        known = _pronunciations(Path(get_model_path()) / "en-us" / "cmudict-en-us.dict")
        vocabulary = sorted({word for line in spoken for word in line})
        self.unknown = [word for word in vocabulary if word not in known]
        usable = [line for line in spoken if not set(line) & set(self.unknown)]
        with tempfile.TemporaryDirectory() as folder:
            dictionary, model = Path(folder) / "words.dict", Path(folder) / "words.arpa"
            entries = [entry for word in vocabulary for entry in known.get(word, [])]
            dictionary.write_text("\n".join(entries) + "\n")
            model.write_text(arpa(usable, [w for w in vocabulary if w in known]))
            self.decoder = Decoder(
                hmm=str(Path(get_model_path()) / "en-us" / "en-us"), dict=str(dictionary),
                lm=str(model), logfn="/dev/null", samprate=16000,
            )

    def words(self, text: str) -> list[str]:
        """A line in the form in which `hear` gives it."""
        return words(text)

    def hear(self, samples: np.ndarray) -> list[str]:
        """The words of samples at 16 kHz, -1 to 1."""
        # The recogniser wants some silence around the words.
        quiet = np.zeros(3200, dtype=np.float32)
        padded = np.concatenate([quiet, samples.astype(np.float32), quiet])
        noise = np.random.default_rng(0).normal(0, 3, len(padded))
        whole = np.clip(padded * 32767 + noise, -32768, 32767).astype(np.int16)
        self.decoder.start_utt()
        self.decoder.process_raw(whole.tobytes(), full_utt=True)
        self.decoder.end_utt()
        found = self.decoder.hyp()
        return found.hypstr.split() if found else []


def _pronunciations(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        word = re.sub(r"\(\d+\)$", "", line.split(maxsplit=1)[0])
        found.setdefault(word, []).append(line)
    return found


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words to be put in, left out or changed."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said, start=1):
        above, row[0] = row[0], index
        for place, other in enumerate(heard, start=1):
            above, row[place] = row[place], min(
                row[place] + 1, row[place - 1] + 1, above + (word != other)
            )
    return row[-1]
