"""What an independent recogniser makes of a model's answers in scripted conversations.

`omni evaluate --speech FOLDER` writes the answers as sound, with `answers.jsonl`. Here they are
heard: the share that is right word for word (the speech of question answering), and the word errors
against what the model wrote (how well it can be understood).
"""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from salmonn_omni.voice import lines
from salmonn_omni.voice.recogniser import NAMES, Listener, named, word_errors


@dataclass
class Counts:
    """Answers and words of one corpus."""

    answers: int = 0
    right: int = 0
    words: int = 0
    errors: int = 0
    #: Answers with words that the recogniser does not know; they are not counted.
    unknown: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def note(self, expected: list[str], wrote: list[str], heard: list[str]) -> None:
        """Counts an answer."""
        self.answers += 1
        self.right += heard == expected
        self.words += len(wrote)
        errors = word_errors(wrote, heard)
        self.errors += errors
        if errors:
            self.wrong.append((" ".join(wrote), " ".join(heard)))

    def table(self) -> dict[str, float]:
        """The measures, shares from 0 to 1."""
        return {
            "answers": self.answers,
            "speech correct": self.right / max(self.answers, 1),
            "words": self.words,
            "word error rate": self.errors / max(self.words, 1),
            "answers with unknown words": self.unknown,
        }


def read_answers(folder: Path) -> list[dict[str, Any]]:
    """The lines of `answers.jsonl`: `file`, `corpus` and `answer`, with its `text` and `expected`."""
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]


def read_sound(folder: Path, line: dict[str, Any]) -> np.ndarray:
    """The samples of an answer."""
    samples, _ = soundfile.read(folder / line["file"], dtype="float32")
    return samples


def listen(folder: Path, recogniser: Listener) -> dict[str, Counts]:
    """The counts of each corpus whose answers are in a folder."""
    unknown = set(recogniser.unknown)
    found: dict[str, Counts] = {}
    for line in read_answers(folder):
        counts = found.setdefault(line["corpus"], Counts())
        expected, wrote = (recogniser.words(line["answer"][n]) for n in ("expected", "text"))
        if unknown & set(expected + wrote):
            counts.unknown += 1
            continue
        counts.note(expected, wrote, recogniser.hear(read_sound(folder, line)))
    return found


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Listens to every answer and prints the measures of each corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, required=True, help="what omni evaluate --speech wrote")
    parser.add_argument("--lines", type=Path, nargs="+", required=True,
                        help="questions and answers of the world, for pocketsphinx's words")
    parser.add_argument("--recogniser", choices=NAMES, default=NAMES[0])
    parser.add_argument("--out", type=Path, help="a JSON file")
    parser.add_argument("--wrong", type=int, default=0, help="print so many answers with errors")
    options = parser.parse_args(arguments)
    expected = [line for path in options.lines for line in lines.read(path)]
    recogniser = named(options.recogniser, expected)
    tables = {}
    for corpus, counts in listen(options.answers, recogniser).items():
        tables[corpus] = counts.table()
        print(corpus)
        for name, value in tables[corpus].items():
            print(f"  {name:28} {value:8.3f}")
        for wrote, heard in counts.wrong[: options.wrong]:
            print(f"  - {wrote}\n    {heard}")
    if options.out:
        options.out.write_text(json.dumps(tables, indent=2) + "\n")
    return tables


if __name__ == "__main__":
    main()
