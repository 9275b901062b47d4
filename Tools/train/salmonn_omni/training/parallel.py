"""Work on all cores: for what is done once, before a stage trains."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import torch

T = TypeVar("T")
R = TypeVar("R")


def on_all_cores(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """What `work` gives for every item, in their order; `work` must be a function that pickles."""
    cores = os.cpu_count() or 1
    if cores == 1 or len(items) < 64:
        return [work(item) for item in items]
    # Forked: the children find what is loaded, and use no accelerator.
    with ProcessPoolExecutor(
        cores, multiprocessing.get_context("fork"), torch.set_num_threads, (1,)
    ) as pool:
        return list(pool.map(work, items, chunksize=max(1, len(items) // (8 * cores))))
