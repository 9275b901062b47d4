"""Writes the synthesizer's part of a bundle.

`python -m salmonn_omni.voice.export --connect RUN --flow RUN --vocoder RUN --out FOLDER` writes
`speech-tokens.safetensors`, `speech-tokens.json`, `flow.safetensors`, `vocoder.safetensors` and
`voice.safetensors`, and puts the section `synthesizer` into the folder's `manifest.json`, or into
`synthesizer.json` where there is no manifest yet. Matrices are half precision;
`omni model FOLDER --convert` makes them smaller.
"""

import argparse
import copy
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import parametrize

from salmonn_omni.dialogue.restore import read_manifest
from salmonn_omni.models.flow import Flow
from salmonn_omni.models.vocoder import Vocoder
from salmonn_omni.voice import connect as connectors
from salmonn_omni.voice import flow as flows
from salmonn_omni.voice import tokens as token_models
from salmonn_omni.voice import vocoder as vocoders
from salmonn_omni.voice.config import spelt
from salmonn_omni.voice.connect import Answer, ConnectModel
from salmonn_omni.voice.generate import Sampling, generate


def folded(model: nn.Module) -> nn.Module:
    """A copy whose weight normalisation is multiplied out."""
    if not isinstance(model, Vocoder):
        return copy.deepcopy(model)
    # A deep copy shares its class with the original, which would lose its weights with the copy.
    result = Vocoder(model.config)
    result.load_state_dict(model.state_dict())
    for module in result.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
    return result.eval()


def stored(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Matrices of some size in half precision, all else in single."""

    def small(name: str, x: Tensor) -> bool:
        return x.dim() < 2 or len(x) < 16 or x[0].numel() < 16 or "pos_bias" in name

    return {
        name: (x.float() if small(name, x) else x.half()).contiguous()
        for name, x in tensors.items()
    }


def rounded(model: nn.Module) -> nn.Module:
    """A copy with the weights as they are stored, weight normalisation multiplied out."""
    result = folded(model)
    result.load_state_dict({n: x.float() for n, x in stored(result.state_dict()).items()})
    return result


def camel(values: dict[str, Any]) -> dict[str, Any]:
    """Names of settings as the manifest spells them; settings without a value are left out."""
    return {spelt(name): value for name, value in values.items() if value is not None}


def section(
    connect: ConnectModel, inner: int, flow: Flow, vocoder: Vocoder, sampling: Sampling,
    capacity: int,
) -> dict[str, Any]:
    """The manifest's section `synthesizer`."""
    config = connect.tokens.speech.config
    return {
        "weights": "speech-tokens.safetensors", "config": "speech-tokens.json",
        "tokensPrefix": "", "connectorWidth": inner, "flow": "flow.safetensors",
        "flowConfiguration": camel(asdict(flow.configuration)),
        "vocoder": "vocoder.safetensors",
        "vocoderConfiguration": camel(asdict(vocoder.config)),
        "voice": "voice.safetensors", "mode": config.mode, "textChunk": config.text_chunk,
        "speechChunk": config.speech_chunk, "capacity": capacity,
        "sampling": camel(asdict(sampling)),
    }


def write(
    folder: Path, connect: ConnectModel, inner: int, transformer: dict[str, Any], flow: Flow,
    vocoder: Vocoder, sampling: Sampling, capacity: int = 2048,
) -> None:
    """Writes the files, and the section into the manifest where there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    connector = {f"connector.{name}": x for name, x in connect.connector.state_dict().items()}
    # The text comes as hidden states: its own table is not needed.
    tokens = {
        name: x for name, x in connect.tokens.speech.state_dict().items()
        if "embed_tokens" not in name
    }
    save_file(stored({**connector, **tokens}), folder / "speech-tokens.safetensors")
    config = {"model_type": "qwen2", **transformer}
    (folder / "speech-tokens.json").write_text(json.dumps(config, indent=2) + "\n")
    found = section(connect, inner, flow, vocoder, sampling, capacity)
    save_sound(folder, found, flow, vocoder)
    manifest = folder / "manifest.json"
    if manifest.exists():
        whole = json.loads(manifest.read_text()) | {"synthesizer": found}
        manifest.write_text(json.dumps(whole, indent=2) + "\n")
    else:
        (folder / "synthesizer.json").write_text(json.dumps(found, indent=2) + "\n")


def save_sound(folder: Path, names: dict[str, Any], flow: Flow, vocoder: Vocoder) -> None:
    """Writes flow, vocoder and voice under the names of a manifest's section."""
    save_file(stored(flow.state_dict()), folder / names["flow"])
    save_file(stored(folded(vocoder).state_dict()), folder / names["vocoder"])
    save_file({
        "tokens": torch.zeros(0, dtype=torch.int64),
        "mel": torch.zeros(0, flow.configuration.mel_bins),
        "speaker": flows.speaker(flow),
    }, folder / names["voice"])


def write_sound(bundle: Path, flow: Flow, vocoder: Vocoder) -> None:
    """Puts another flow and vocoder into a bundle, whose text-speech model stays.

    Raises `ValueError` where the bundle's flow or vocoder has another shape.
    """
    found = read_manifest(bundle)["synthesizer"]
    shapes = {"flowConfiguration": flow.configuration, "vocoderConfiguration": vocoder.config}
    for name, config in shapes.items():
        if found[name] != camel(asdict(config)):
            raise ValueError(f"{bundle}: {name} is another than the run's")
    save_sound(bundle, found, flow, vocoder)


@torch.no_grad()
def example(
    path: Path, connect: ConnectModel, answer: Answer, flow: Flow, vocoder: Vocoder
) -> None:
    """An answer and what every part makes of it, drawn greedily and without noise.

    `VoiceBundleTests` compares a bundle with it.
    """
    greedy = Sampling(top_k=1, threshold=2)
    text = torch.tensor(answer.tokens)
    codes = generate(connect.tokens.speech, connect.connector(answer.hidden, text), greedy)
    mel = flows.sample(flow, codes)
    source = vocoder.m_source(vocoder.f0_predictor(mel.T[None]))
    save_file({
        "hidden": answer.hidden.contiguous(), "text": text, "codes": torch.tensor(codes),
        "mel": mel.contiguous(), "source": source[0].contiguous(),
        "samples": vocoder.decode(mel.T[None], source)[0],
    }, path)


def main(arguments: list[str] | None = None) -> None:
    """Writes the files of finished runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connect", help="the run of the stage connect; without it only flow and "
                        "vocoder are written, into a bundle that has the rest")
    parser.add_argument("--tokens", help="the run of a text-speech model that takes the place of "
                        "the one behind the connection, with its text table")
    for part in ("flow", "vocoder"):
        parser.add_argument(f"--{part}", required=True, help=f"the run of the stage {part}")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--example", type=Path, help="a file for VoiceBundleTests")
    parser.add_argument("--answer", type=int, default=0,
                        help="which answer of the first file the example is")
    defaults = Sampling()
    parser.add_argument("--top-p", type=float, default=defaults.top_p)
    parser.add_argument("--top-k", type=int, default=defaults.top_k)
    parser.add_argument("--window", type=int, default=defaults.window)
    parser.add_argument("--threshold", type=float, default=defaults.threshold)
    options = parser.parse_args(arguments)
    flow, vocoder = flows.load(options.flow), vocoders.load(options.vocoder)
    if not options.connect:
        write_sound(options.out, flow, vocoder)
        return
    stage, connect = connectors.load(options.connect)
    tokens, model = token_models.load(options.tokens or stage.tokens)
    if options.tokens:
        connect.take(model)
    sampling = Sampling(options.top_p, options.top_k, options.window, options.threshold)
    write(options.out, connect, stage.inner, tokens.transformer, flow, vocoder, sampling)
    if options.example:
        answer = connectors.read_hidden(stage.hidden[0])[options.answer]
        example(options.example, rounded(connect), answer, rounded(flow), rounded(vocoder))


if __name__ == "__main__":
    main()
