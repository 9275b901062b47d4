"""The mean of the weights of runs that went on from each other, as a run of its own.

Halfway to what a stage learnt keeps more of what was known before it (Wortsman et al. 2022).
"""

import argparse
import shutil
from pathlib import Path

import torch
from torch import Tensor

from ..training.trainer import save_atomically


def mean_weights(runs: list[Path]) -> dict[str, Tensor]:
    """The mean of every tensor of some runs.

    Raises `ValueError` where they do not have the same tensors.
    """
    states = [torch.load(run / "model.pt", weights_only=True) for run in runs]
    first = states[0]
    for run, state in zip(runs, states):
        if {n: v.shape for n, v in state.items()} != {n: v.shape for n, v in first.items()}:
            raise ValueError(f"{run} has other tensors than {runs[0]}")
    return {
        name: sum(state[name] for state in states) / len(states) if value.is_floating_point() else value
        for name, value in first.items()
    }


def main(arguments: list[str] | None = None) -> None:
    """Writes a run's folder with the mean of several runs, and the first one's configuration."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="folders of runs")
    parser.add_argument("--out", type=Path, required=True, help="the new folder")
    options = parser.parse_args(arguments)
    weights = mean_weights(options.runs)
    options.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(options.runs[0] / "config.json", options.out / "config.json")
    save_atomically(weights, options.out / "model.pt")
    print(f"{options.out}: the mean of {len(options.runs)} runs")


if __name__ == "__main__":
    main()
