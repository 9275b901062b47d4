"""For each line, of the codes that several models say it with, those that are understood best.

`python -m salmonn_omni.voice.chosen --config CONFIG --spoken FILE --tokens RUN... --flow RUN --vocoder RUN
--out FILE` takes the codes that `voice.spoken` wrote for a line, then those of runs of the text-speech
model, then the speech tokenizer's: the first that Moonshine hears right, or else those with the fewest
errors. Codes of another length than the recording's are passed over. So what a model learns was heard by
another recogniser than the one that measures it.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from salmonn_omni.training import settings
from salmonn_omni.voice import flow as flows
from salmonn_omni.voice import vocoder as vocoders
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import TokensStage
from salmonn_omni.voice.data import Utterance, Voice, read_spoken
from salmonn_omni.voice.recogniser import Listener, named, word_errors
from salmonn_omni.voice.spoken import say
from salmonn_omni.voice.tokens import load


def best(
    utterance: Utterance, candidates: Iterable[tuple[str, Sequence[int] | None]],
    sound: Callable[[Sequence[int]], np.ndarray], recogniser: Listener,
) -> tuple[str, Sequence[int], int] | None:
    """Whose codes of a line are heard best, these, and the words that are heard wrong.

    None where nobody says it as long as the recording.
    """
    wanted = recogniser.words(utterance.text)
    found: tuple[str, Sequence[int], int] | None = None
    for name, codes in candidates:
        if codes is None or len(codes) != utterance.tokens:
            continue
        errors = word_errors(wanted, recogniser.hear(sound(codes)))
        if found is None or errors < found[2]:
            found = name, codes, errors
        if not errors:
            break
    return found


def main(arguments: list[str] | None = None) -> None:
    """Writes the codes of lines, in the form of `voice.spoken`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="a text-speech stage's configuration")
    parser.add_argument("--spoken", type=Path, required=True, help="a file that voice.spoken wrote")
    parser.add_argument("--tokens", nargs="*", default=[], help="runs of the text-speech model")
    parser.add_argument("--flow", required=True, help="the flow's run")
    parser.add_argument("--vocoder", required=True, help="the vocoder's run")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    stage = settings.load(TokensStage, options.config)
    lines = Voice.load(stage.data).utterances
    codec = Codec.load(stage.codec)
    tokenizer = Tokenizer.from_file(stage.tokenizer)
    known = read_spoken(options.spoken, codec.config.codes)
    texts = [line.text for line in lines]
    said = {"spoken": known}
    said |= {run: say(load(run)[1].speech, tokenizer, texts) for run in options.tokens}
    said["codec"] = dict(zip(texts, codec.codes_of(lines), strict=True))
    flow, vocoder = flows.load(options.flow), vocoders.load(options.vocoder)

    def sound(codes: Sequence[int]) -> np.ndarray:
        return vocoders.speak(vocoder, flows.sample(flow, codes)).numpy()

    recogniser = named("moonshine", [])
    result, names, errors = dict(known), Counter(), 0
    for line in lines:
        found = best(line, ((n, codes.get(line.text)) for n, codes in said.items()), sound, recogniser)
        if found is not None:
            names[found[0]] += 1
            result[line.text] = list(found[1])
            errors += found[2]
    options.out.write_text(json.dumps(result) + "\n")
    print(f"{len(lines)} lines, {errors} words wrong: {dict(names)}")


if __name__ == "__main__":
    main()
