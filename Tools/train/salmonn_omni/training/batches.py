"""Which items make up the batch of a step: a function of the seed and the step alone."""

import random
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class BatchPlan:
    """Batches of items of similar length whose padded size stays under a budget.

    Nothing is remembered from step to step, so a run resumes at any step with the same batches.
    """

    lengths: tuple[int, ...]
    #: The most that items times the longest length of a batch may be.
    budget: int
    seed: int
    #: Items are sorted by length within groups of so many, so that batches stay random.
    group: int = 512

    def __post_init__(self) -> None:
        if not self.lengths:
            raise ValueError("there are no items to train on")

    def epoch(self, number: int) -> tuple[tuple[int, ...], ...]:
        """All batches of an epoch."""
        return _epoch(self, number)

    def batch(self, step: int) -> tuple[int, tuple[int, ...]]:
        """The epoch and the items of a step, steps counted from 0."""
        number = 0
        while step >= len(batches := self.epoch(number)):
            step -= len(batches)
            number += 1
        return number, batches[step]

    def seeded(self, step: int) -> list[tuple[int, int]]:
        """The items of a step, each with the seed of its random changes in this epoch."""
        epoch, items = self.batch(step)
        return [(item, item_seed(self.seed, epoch, item)) for item in items]


@lru_cache(maxsize=4)
def _epoch(plan: BatchPlan, number: int) -> tuple[tuple[int, ...], ...]:
    draw = random.Random(f"{plan.seed}/{number}")
    order = list(range(len(plan.lengths)))
    draw.shuffle(order)
    batches: list[tuple[int, ...]] = []
    for start in range(0, len(order), plan.group):
        group = sorted(order[start : start + plan.group], key=lambda i: plan.lengths[i])
        batch: list[int] = []
        for item in group:
            if batch and (len(batch) + 1) * plan.lengths[item] > plan.budget:
                batches.append(tuple(batch))
                batch = []
            batch.append(item)
        batches.append(tuple(batch))
    draw.shuffle(batches)
    return tuple(batches)


def item_seed(seed: int, epoch: int, item: int) -> int:
    """Where the random changes of an item start, whichever process works on it."""
    return random.Random(f"{seed}/{epoch}/{item}").getrandbits(62)


