"""Which word is spoken when: the voice's phones against the words' pronunciations."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from salmonn_omni.training.parallel import on_all_cores
from salmonn_omni.voice import engines
from salmonn_omni.voice.config import DataConfig
from salmonn_omni.voice.engines import PHONES

PAUSE = PHONES.index(engines.PAUSE)


def words_of(text: str) -> list[str]:
    """The words of a line without their punctuation; a word that is punctuation alone is empty."""
    return [re.sub(r"[^a-z0-9']", "", word) for word in text.lower().split()]


class Lexicon:
    """The phones of every word, as the voice says it alone; kept in a file."""

    def __init__(self, path: Path, engine: str, voice: str) -> None:
        self.path, self.engine, self.voice = path, engine, voice
        self.entries: dict[str, list[int]] = json.loads(path.read_text()) if path.exists() else {}

    @classmethod
    def of(cls, config: DataConfig) -> "Lexicon":
        """The words of a voice, kept beside its speech."""
        path = Path(config.folder) / f"lexicon-{config.voice}.json"
        return cls(path, config.engine, config.voice)

    def learn(self, words: Iterable[str]) -> None:
        """Adds words that are not there yet."""
        missing = sorted(set(words) - self.entries.keys() - {""})
        if not missing:
            return
        self.entries |= dict(zip(missing, on_all_cores(self._say, missing), strict=True))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.entries, sort_keys=True))

    def _say(self, word: str) -> list[int]:
        return [PHONES.index(phone) for phone in engines.phones(self.engine, word, self.voice)]


def spoken_words(phones: np.ndarray, words: Sequence[str], lexicon: Lexicon) -> np.ndarray:
    """The index of the word that is spoken in each frame; pauses count to the word before.

    The cheapest monotonic path of the frames through the phones of all words, a pause being
    allowed after each word, where a frame of another phone costs 1.
    """
    states: list[int] = [PAUSE]
    owners: list[int] = [0]
    optional: list[bool] = [True]
    for index, word in enumerate(words):
        for phone in lexicon.entries.get(word, []):
            states.append(phone)
            owners.append(index)
            optional.append(False)
        states.append(PAUSE)
        owners.append(index)
        optional.append(True)
    wanted = np.array(states)
    skippable = np.array(optional)
    count, frames = len(states), len(phones)
    cost = np.full(count, np.inf)
    cost[:2] = (phones[0] != wanted[:2]).astype(float)
    steps = np.zeros((frames, count), dtype=np.int64)
    for frame in range(1, frames):
        # A state may be left out, such as a phone that is not said in the sentence.
        options = np.full((4, count), np.inf)
        options[0] = cost
        options[1, 1:] = cost[:-1]
        options[2, 2:] = cost[:-2] + np.where(skippable[1:-1], 0.0, 1.5)
        options[3, 3:] = cost[:-3] + np.where(skippable[1:-2] | skippable[2:-1], 1.5, 3.0)
        steps[frame] = options.argmin(0)
        cost = options.min(0) + (phones[frame] != wanted)
    path = np.zeros(frames, dtype=np.int64)
    path[-1] = count - 1 - int(cost[::-1][:3].argmin())
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = path[frame] - steps[frame, path[frame]]
    return np.array(owners)[path]
