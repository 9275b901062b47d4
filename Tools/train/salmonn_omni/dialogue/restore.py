"""From a bundle back to a training run: what ships can be trained on.

Quantised tensors come back as the numbers that the Swift code computes with.
"""

import argparse
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from ..models.encoder import EncoderConfig, MambaConfig
from ..training.trainer import save_atomically
from .language import LanguageConfig
from .model import DialogueModel, ModelConfig

#: Q8_0 of GGUF: a half-precision scale and so many whole numbers of 8 bits.
GROUP = 32


def dequantised(rows: np.ndarray, shape: list[int]) -> Tensor:
    """A tensor of Q8_0, from its bytes `[first size, bytes of a row]`."""
    groups = np.ascontiguousarray(rows).reshape(-1, GROUP + 2)
    scales = groups[:, :2].copy().view("<f2").astype(np.float32)
    values = groups[:, 2:].view(np.int8).astype(np.float32) * scales
    return torch.from_numpy(values.reshape(shape))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file of a bundle, in single precision.

    Raises `ValueError` for a number format other than F32, F16, BF16 and Q8_0.
    """
    found = {}
    with safe_open(path, framework="pt") as file:
        kinds = file.metadata() or {}
        for name in file.keys():
            tensor = file.get_tensor(name)
            if name not in kinds:
                found[name] = tensor.float()
                continue
            kind, *shape = kinds[name].split()
            if kind != "Q8_0":
                raise ValueError(f"{path}: {name} is {kind}, which is not read here")
            found[name] = dequantised(tensor.numpy(), [int(size) for size in shape])
    return found


def read_manifest(bundle: Path) -> dict[str, Any]:
    """What a bundle's folder says of its parts."""
    found: dict[str, Any] = json.loads((bundle / "manifest.json").read_text())
    return found


def tokenizer_of(bundle: Path) -> Path:
    """The file of a bundle's tokenizer."""
    return bundle / str(read_manifest(bundle)["language"]["tokenizer"])


def model_config(bundle: Path) -> ModelConfig:
    """The sizes of encoder, connector and language model of a bundle."""
    manifest = read_manifest(bundle)
    section, language = manifest["encoder"], manifest["language"]
    encoder = section["configuration"]
    mamba = encoder["mamba"]
    shape = json.loads((bundle / language["config"]).read_text())
    rank = mamba["timeStepRank"] if mamba["variant"] == "mamba" else None
    return ModelConfig(
        EncoderConfig(
            channels=encoder["channels"], kernel=encoder["kernel"],
            strides=tuple(encoder["strides"]), joined=encoder["joined"],
            mamba=MambaConfig(
                variant=mamba["variant"], width=mamba["width"], layers=mamba["layers"],
                state_size=mamba["stateSize"], kernel=mamba["kernel"],
                expansion=mamba["innerWidth"] // mamba["width"], time_step_rank=rank,
                head_size=mamba["headSize"], use_bias=mamba["usesBias"], norm=mamba["norm"],
                epsilon=mamba["epsilon"], feed_forward=mamba["feedForwardWidth"],
            ),
        ),
        section["connectorWidth"],
        LanguageConfig(
            vocabulary=shape["vocab_size"], width=shape["hidden_size"],
            inner=shape["intermediate_size"], layers=shape["num_hidden_layers"],
            heads=shape["num_attention_heads"], epsilon=shape["rms_norm_eps"],
            rope_base=shape["rope_theta"], positions=shape["max_position_embeddings"],
            tied=shape.get("tie_word_embeddings", True),
        ),
        language["tapLayer"],
    )


def read_model(bundle: Path) -> DialogueModel:
    """The model of a bundle."""
    manifest = read_manifest(bundle)
    model = DialogueModel(model_config(bundle))
    tensors = read_tensors(bundle / manifest["encoder"]["weights"])
    language = read_tensors(bundle / manifest["language"]["weights"])
    tensors |= {f"language.{name}": value for name, value in language.items()}
    model.load_state_dict(tensors)
    return model.eval()


def main(arguments: list[str] | None = None) -> None:
    """Writes a run's folder, from which every stage of conversations goes on."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="a bundle's folder")
    parser.add_argument("--out", type=Path, required=True, help="the new run's folder")
    options = parser.parse_args(arguments)
    model = read_model(options.bundle)
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer = options.out / "tokenizer.json"
    shutil.copyfile(tokenizer_of(options.bundle), tokenizer)
    config: dict[str, Any] = {
        "tokenizer": str(tokenizer), "model": dataclasses.asdict(model.config),
    }
    (options.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_atomically(model.state_dict(), options.out / "model.pt")
    print(f"{options.out}: {sum(p.numel() for p in model.parameters())} weights")


if __name__ == "__main__":
    main()
