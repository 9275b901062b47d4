"""Speech tokens of the voice's lines, as a text-speech model says them.

`python -m salmonn_omni.voice.spoken --bundle BUNDLE --config CONFIG --out FILE` lets a bundle's
synthesizer say the lines of a stage's configuration. A code of the text-speech model belongs to a
moment of the recording as long as both run alike, which they do while what the flow makes of the
codes is near the recording; a line is used up to there. So the flow learns of the codes that it will
be given, and no speech tokenizer is needed.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from salmonn_omni.dialogue.restore import tokenizer_of
from salmonn_omni.models.flow import Flow
from salmonn_omni.models.speech_tokens import SpeechTokenModel
from salmonn_omni.training import settings
from salmonn_omni.voice import flow as flows
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, SAMPLE_RATE, TOKEN, DataConfig
from salmonn_omni.voice.data import Utterance, Voice
from salmonn_omni.voice.generate import greedy
from salmonn_omni.voice.restore import read_parts
from salmonn_omni.voice.tokens import encode

#: Frames over which the distance from the recording is averaged: 320 ms.
WINDOW = 16
#: Shorter beginnings are not worth keeping: 0.5 s.
SHORTEST = 12


def batches(lengths: Sequence[int], together: int) -> Iterator[list[int]]:
    """Indices by length, at most so many at a time."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    start = 0
    while start < len(order):
        end = start + 1
        while (
            end < len(order) and end - start < together
            and lengths[order[end]] == lengths[order[start]]
        ):
            end += 1
        yield order[start:end]
        start = end


def say(
    model: SpeechTokenModel, tokenizer: Tokenizer, texts: Sequence[str], together: int = 96
) -> dict[str, list[int]]:
    """The codes that a model says lines with."""
    ids = [encode(tokenizer, text)[0] for text in texts]
    found = {}
    for part in batches([len(x) for x in ids], together):
        embedded = model.text_embeddings(torch.tensor([ids[i] for i in part]))
        for index, codes in zip(part, greedy(model, embedded), strict=True):
            found[texts[index]] = codes
    return found


def alike(found: Tensor, wanted: Tensor, farthest: float) -> int:
    """The tokens for which frames [frames, bins] run alike, from the first on.

    They do until the mean absolute distance in a window of 320 ms is larger than `farthest`.
    """
    frames = min(len(found), len(wanted))
    if frames < WINDOW:
        return 0
    distance = (found[:frames] - wanted[:frames]).abs().mean(-1)
    apart = (distance.unfold(0, WINDOW, 1).mean(-1) > farthest).nonzero()
    end = int(apart[0]) if len(apart) else frames
    return end // FRAMES_PER_TOKEN


def beginnings(
    flow: Flow, utterances: Sequence[Utterance], codes: dict[str, list[int]], farthest: float
) -> dict[str, list[int]]:
    """The codes of lines, up to where they leave the recording."""
    found = {}
    for said in utterances:
        line = codes[said.text]
        wanted = torch.from_numpy(said.mel).float()
        count = alike(flows.sample(flow, line), wanted, farthest) if line else 0
        if count >= SHORTEST:
            found[said.text] = line[:count]
    return found


def main(arguments: list[str] | None = None) -> None:
    """Writes the codes of lines that run as their recordings do."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="a bundle's folder")
    parser.add_argument("--config", type=Path, required=True, help="a stage's configuration")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file")
    parser.add_argument("--farthest", type=float, default=0.35,
                        help="the largest distance, in units of the normalised mel")
    options = parser.parse_args(arguments)
    data = settings.from_json(DataConfig, json.loads(options.config.read_text()).get("data", {}))
    torch.set_num_threads(1)
    voice = Voice.load(data)
    parts = read_parts(options.bundle)
    tokenizer = Tokenizer.from_file(str(tokenizer_of(options.bundle)))
    codes = say(parts.speech, tokenizer, [u.text for u in voice.utterances])
    kept = beginnings(parts.flow, voice.utterances, codes, options.farthest)
    options.out.write_text(json.dumps(kept) + "\n")
    whole = sum(u.tokens == len(kept.get(u.text, ())) for u in voice.utterances)
    seconds = sum(map(len, kept.values())) * TOKEN / SAMPLE_RATE
    print(f"{len(voice.utterances)} lines, {whole} whole, {len(kept) - whole} in part, {seconds:.0f} s")


if __name__ == "__main__":
    main()
