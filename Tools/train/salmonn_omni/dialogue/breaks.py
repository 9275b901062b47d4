"""A bank whose questions have a short pause inside, to measure who starts to answer there.

`python -m salmonn_omni.dialogue.breaks BANK OUT` puts 0.1 to 0.3 s of silence into every question that
has a quiet place (`corpus.quiet_places`); `make-corpus mix` mixes it like any other bank.
"""

import argparse
import json
import random
import shutil
from pathlib import Path

import numpy as np

from .corpus import Bank, quiet_places

#: Samples of silence, at least and at most.
PAUSE = (1600, 4800)


def broken(samples: np.ndarray, draw: random.Random) -> np.ndarray:
    """A question with a pause at one of its quiet places; as it was where it has none."""
    places = quiet_places(samples)
    if not places:
        return samples
    place, pause = draw.choice(places), draw.randint(*PAUSE)
    return np.concatenate([samples[:place], np.zeros(pause, samples.dtype), samples[place:]])


def main(arguments: list[str] | None = None) -> None:
    """Writes the bank."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path, help="a bank of users")
    parser.add_argument("out", type=Path, help="the new bank's folder")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    draw = random.Random(options.seed)
    bank = Bank(options.bank)
    lines, parts, offset, count = [], [], 0, 0
    for utterance in bank.utterances:
        samples = bank.pcm[utterance["offset"] : utterance["offset"] + utterance["count"]]
        if utterance["kind"] == "question":
            samples = broken(samples, draw)
            count += len(samples) > utterance["count"]
        lines.append(json.dumps(utterance | {"offset": offset, "count": len(samples)}))
        parts.append(samples)
        offset += len(samples)
    options.out.mkdir(parents=True)
    shutil.copyfile(options.bank / "bank.json", options.out / "bank.json")
    np.concatenate(parts).tofile(options.out / "samples.pcm")
    (options.out / "utterances.jsonl").write_text("\n".join(lines) + "\n")
    print(f"{options.out}: {count} of {len(lines)} utterances have a pause")


if __name__ == "__main__":
    main()
