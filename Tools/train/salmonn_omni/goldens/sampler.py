"""Distributions after the cuts of sampling, from the logits warpers of transformers."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from salmonn_omni.goldens.fill import plain

# temperature, top k, top p, min p; 0 stands for a cut that is not made.
SETTINGS = [
    (1.0, 0, 0.0, 0.0),
    (0.7, 0, 0.0, 0.0),
    (1.0, 5, 0.0, 0.0),
    (1.0, 0, 0.8, 0.0),
    (0.6, 20, 0.9, 0.0),
    (1.3, 0, 0.0, 0.1),
    (0.8, 25, 0.95, 0.05),
    (2.0, 64, 0.5, 0.0),
]
COUNT = 96


def distribution(logits: torch.Tensor, settings: tuple[float, int, float, float]) -> torch.Tensor:
    """The probabilities that are left of `logits` after the cuts."""
    temperature, top_k, top_p, min_p = settings
    warpers = LogitsProcessorList([TemperatureLogitsWarper(temperature)])
    if top_k:
        warpers.append(TopKLogitsWarper(top_k))
    if top_p:
        warpers.append(TopPLogitsWarper(top_p))
    if min_p:
        warpers.append(MinPLogitsWarper(min_p))
    return torch.softmax(warpers(None, logits[None].clone())[0].double(), -1).float()


def write(root: Path) -> None:
    """Writes the settings, logits and distributions."""
    folder = root / "SpeechModelTests" / "Goldens" / "sampler"
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {"settings": torch.tensor(SETTINGS)}
    for index, settings in enumerate(SETTINGS):
        logits = (4 * plain(f"sampler.{index}", COUNT)).float()
        tensors[f"{index}.logits"] = logits
        tensors[f"{index}.probabilities"] = distribution(logits, settings)
    save_file(tensors, folder / "distributions.safetensors")
