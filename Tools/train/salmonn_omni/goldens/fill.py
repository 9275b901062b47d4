"""Weights made from their names alone; `Tests/Support/FilledTensors.swift` does the same."""

import zlib

import numpy as np
import torch


def plain(name: str, *shape: int) -> torch.Tensor:
    """Values in [-1, 1) that belong to a name: test inputs, float64."""
    count = int(np.prod(shape))
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(2654435761)
        h = h + np.uint32(zlib.crc32(name.encode()))
        h ^= h >> np.uint32(16)
        h *= np.uint32(0x85EBCA6B)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(16)
    return torch.from_numpy(h.astype(np.float64) / 2**31 - 1).reshape(shape)


def fill(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The values of a tensor: gains 1 + 0.1 v, matrices v sqrt(3 dim0 / count), biases 0.1 v."""
    v = plain(name, *shape)
    if name.endswith("original0"):
        v = 1 + 0.1 * v
    elif len(shape) >= 2:
        v = v * (3 * shape[0] / v.numel()) ** 0.5
    elif name.endswith("bias"):
        v = 0.1 * v
    else:
        v = 1 + 0.1 * v
    return v.to(torch.float32)


@torch.no_grad()
def fill_module(module: torch.nn.Module, prefix: str = "") -> None:
    """Fills every parameter of a module by its name with a prefix."""
    for name, parameter in module.named_parameters():
        parameter.copy_(fill(prefix + name, tuple(parameter.shape)))
