"""From a training run to a bundle: the files and the manifest that the Swift code opens."""

import argparse
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from ..training import settings
from .labels import SHIFT, THINK
from .model import BLOCK, DialogueModel, ModelConfig
from .restore import read_manifest
from .tokenizer import Tokenizer


def encoder_section(config: ModelConfig) -> dict[str, Any]:
    """The manifest's section for front end, encoder and connector."""
    encoder, mamba = config.encoder, config.encoder.mamba
    return {
        "weights": "encoder.safetensors", "prefix": "encoder.", "connectorPrefix": "connector.",
        "connectorWidth": config.connector_width, "embeddingsPerBlock": 1,
        "configuration": {
            "channels": encoder.channels, "kernel": encoder.kernel,
            "strides": list(encoder.strides), "joined": encoder.joined, "blockSamples": BLOCK,
            "mamba": {
                "variant": mamba.variant, "width": mamba.width, "layers": mamba.layers,
                "stateSize": mamba.state_size, "kernel": mamba.kernel, "innerWidth": mamba.inner,
                "timeStepRank": mamba.rank, "headSize": mamba.head_size, "norm": mamba.norm,
                "epsilon": mamba.epsilon, "feedForwardWidth": mamba.feed_forward,
                "usesBias": mamba.use_bias,
            },
        },
    }


def language_section(config: ModelConfig, capacity: int) -> dict[str, Any]:
    """The manifest's section for the language model."""
    return {
        "weights": "language.safetensors", "config": "config.json", "adapters": [],
        "tokenizer": "tokenizer.json", "think": "<think>", "shift": "<shift>",
        "tapLayer": config.tap, "capacity": capacity,
    }


def write_bundle(
    model: DialogueModel, tokenizer: Path, out: Path, name: str, capacity: int, summary: str = ""
) -> None:
    """Writes encoder, language model and tokenizer; a manifest that is there keeps the rest."""
    ids = Tokenizer.from_file(str(tokenizer)).get_vocab()
    if (ids["<think>"], ids["<shift>"]) != (THINK, SHIFT):
        raise ValueError(f"{tokenizer} has other ids for <think> and <shift>")
    out.mkdir(parents=True, exist_ok=True)
    parts: dict[str, dict[str, Tensor]] = {"encoder": {}, "language": {}}
    for key, value in model.state_dict().items():
        part = "language" if key.startswith("language.") else "encoder"
        parts[part][key.removeprefix("language.")] = value.detach().float().contiguous()
    for part, tensors in parts.items():
        save_file(tensors, out / f"{part}.safetensors")
    config = model.config
    (out / "config.json").write_text(json.dumps(config.language.hugging_face(), indent=2) + "\n")
    if tokenizer.resolve() != (out / "tokenizer.json").resolve():
        shutil.copyfile(tokenizer, out / "tokenizer.json")
    path = out / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {}
    manifest |= {
        "format": "salmonn-omni bundle", "version": 1, "name": name, "summary": summary,
        "block": {"assistantDelay": 1, "thinking": "explicit"},
        "encoder": encoder_section(config), "language": language_section(config, capacity),
    }
    path.write_text(json.dumps(manifest, indent=2) + "\n")


def take_synthesizer(bundle: Path, out: Path) -> None:
    """Copies another bundle's synthesizer, files and section."""
    section = read_manifest(bundle)["synthesizer"]
    out.mkdir(parents=True, exist_ok=True)
    for setting in ("weights", "config", "flow", "vocoder", "voice"):
        (out / section[setting]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle / section[setting], out / section[setting])
    path = out / "manifest.json"
    manifest = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(manifest | {"synthesizer": section}, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> None:
    """Writes a run's model as a bundle, or into one."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training run")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--name", default="nano")
    parser.add_argument("--summary", default="a desk assistant of a small world")
    parser.add_argument("--capacity", type=int, default=2048, help="positions of the context")
    parser.add_argument("--synthesizer", type=Path, help="a bundle to take the synthesizer from")
    options = parser.parse_args(arguments)
    config = json.loads((options.run / "config.json").read_text())
    model = DialogueModel(settings.from_json(ModelConfig, config["model"]))
    model.load_state_dict(torch.load(options.run / "model.pt", weights_only=True))
    if options.synthesizer:
        take_synthesizer(options.synthesizer, options.out)
    write_bundle(
        model, Path(config["tokenizer"]), options.out, options.name, options.capacity,
        options.summary,
    )
    count = sum(p.numel() for p in model.parameters())
    print(f"{options.out}: {count} weights, {dataclasses.asdict(model.config.language)}")


if __name__ == "__main__":
    main()
