"""How well the synthesizer is understood: word error rates by an independent recogniser.

`python -m salmonn_omni.voice.evaluate --codec RUN --flow RUN --vocoder RUN --tokens RUN --out DIR`
compares the recordings, copy synthesis, speech from the recordings' own tokens, and speech from
text, on held-out lines; it writes a table, sounds and pictures.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import torch
from tokenizers import Tokenizer

from salmonn_omni.voice import flow as flows
from salmonn_omni.voice import tokens as token_models
from salmonn_omni.voice import vocoder as vocoders
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import SAMPLE_RATE, DataConfig
from salmonn_omni.voice.data import LARGEST, Utterance, Voice
from salmonn_omni.voice.generate import Sampling, generate
from salmonn_omni.voice.recogniser import NAMES, named, word_errors

Speaker = Callable[[Utterance], np.ndarray]


def speakers(options: argparse.Namespace) -> dict[str, Speaker]:
    """Every way of saying a held-out line, by its name."""
    ways: dict[str, Speaker] = {"recording": lambda said: said.samples / LARGEST}
    if not options.vocoder:
        return ways
    vocoder = vocoders.load(options.vocoder)

    def copy(said: Utterance) -> np.ndarray:
        return vocoders.speak(vocoder, torch.from_numpy(said.mel).float()).numpy()

    ways["copy synthesis"] = copy
    if not (options.codec and options.flow):
        return ways
    codec, flow = Codec.load(options.codec), flows.load(options.flow)

    def from_codes(codes: list[int]) -> np.ndarray:
        return vocoders.speak(vocoder, flows.sample(flow, codes)).numpy()

    ways["own tokens"] = lambda said: from_codes(codec.codes(said))
    if not options.tokens:
        return ways
    stage, model = token_models.load(options.tokens)
    tokenizer = Tokenizer.from_file(stage.tokenizer)
    sampling = Sampling(options.top_p, options.top_k, options.window, options.threshold)

    def from_text(said: Utterance) -> np.ndarray:
        ids, _ = token_models.encode(tokenizer, said.text)
        text = model.speech.text_embeddings(torch.tensor(ids))
        return from_codes(generate(model.speech, text, sampling))

    ways["text"] = from_text
    return ways


def picture(path: Path, sounds: dict[str, np.ndarray], title: str) -> None:
    """Spectrograms below each other."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(sounds), 1, figsize=(13, 2.4 * len(sounds)), squeeze=False)
    longest = max(len(samples) for samples in sounds.values()) / SAMPLE_RATE
    for (name, samples), axis in zip(sounds.items(), axes[:, 0], strict=True):
        axis.specgram(samples + 1e-5, NFFT=512, Fs=SAMPLE_RATE, noverlap=384, vmin=-140, vmax=-40)
        axis.set_ylabel(name)
        axis.set_xlim(0, longest)
    axes[0, 0].set_title(title)
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    pyplot.close(figure)


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Measures and writes what was found; gives the word error rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    for part in ("codec", "flow", "vocoder", "tokens"):
        parser.add_argument(f"--{part}", default="", help=f"the run of the {part}")
    parser.add_argument("--data", type=Path, help="a stage's configuration, for its section data")
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--recogniser", choices=NAMES, default=NAMES[0])
    parser.add_argument("--top-p", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=25)
    parser.add_argument("--window", type=int, default=10)
    parser.add_argument("--threshold", type=float, default=0.1)
    parser.add_argument("--sounds", type=int, default=4, help="lines of which sounds are kept")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    section = json.loads(options.data.read_text()).get("data", {}) if options.data else {}
    data = DataConfig(**section)
    voice = Voice.load(data)
    recogniser = named(options.recogniser, [u.text for u in voice.utterances])
    unknown = set(recogniser.unknown)
    lines = [u for u in voice.held_out if not unknown & set(recogniser.words(u.text))][: options.lines]
    options.out.mkdir(parents=True, exist_ok=True)
    ways = speakers(options)
    errors = dict.fromkeys(ways, 0)
    count = 0
    heard: list[dict[str, object]] = []
    for index, said in enumerate(lines):
        sounds = {name: speak(said) for name, speak in ways.items()}
        wanted = recogniser.words(said.text)
        count += len(wanted)
        entry: dict[str, object] = {"text": said.text}
        for name, samples in sounds.items():
            found = recogniser.hear(samples)
            wrong = word_errors(wanted, found)
            errors[name] += wrong
            entry[name] = {
                "heard": " ".join(found), "errors": wrong, "seconds": len(samples) / SAMPLE_RATE,
            }
        heard.append(entry)
        if index < options.sounds:
            for name, samples in sounds.items():
                file = options.out / f"{index}-{name.replace(' ', '-')}.wav"
                soundfile.write(file, samples, SAMPLE_RATE)
            picture(options.out / f"{index}.png", sounds, said.text)
    rates = {name: wrong / max(count, 1) for name, wrong in errors.items()}
    report = {"lines": len(lines), "words": count, "word_error_rate": rates,
              "unknown_words": sorted(unknown), "heard": heard}
    (options.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    for name, rate in rates.items():
        print(f"{name:16} {100 * rate:5.1f} % of {count} words")
    return rates


if __name__ == "__main__":
    main()
