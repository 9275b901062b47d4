"""Stage 3: preferences at the decisions of the stage-2 model, with its supervised task kept.

The loss is that of direct preference optimisation (Rafailov et al. 2023) on single tokens: both
tokens of a pair follow the same past, so that one pass gives the likelihoods of both.
"""

import copy
import random
import sys
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from ..training.batches import BatchPlan
from ..training.command import run_stage
from ..training.processes import Processes
from ..training.trainer import Loss
from . import labels
from .decisions import Decision, key, read_pairs
from .text import token_losses
from .train import DialogueBatch, DialogueConfig, DialoguePlan, DialogueTask, Item


@dataclass(frozen=True)
class PreferConfig(DialogueConfig):
    """What stage 3 learns from."""

    #: The file of `decisions`.
    pairs: str = ""
    #: How sharply the difference to the stage-2 model counts.
    beta: float = 0.2
    #: The weight of the supervised loss on the same and on other conversations.
    supervised: float = 0.2
    #: Decisions that the stage-2 model took right by more than this are left out.
    margin: float = 4.0
    #: How many conversations without decisions come to one with some.
    others: float = 1.0


@dataclass
class PreferBatch:
    """A batch of conversations and the decisions in it."""

    dialogue: DialogueBatch
    rows: Tensor
    places: Tensor
    chosen: Tensor
    rejected: Tensor


def preference_loss(
    own: Tensor, reference: Tensor, chosen: Tensor, rejected: Tensor, beta: float
) -> Tensor:
    """The loss of each pair from the log-probabilities of all tokens, `[pairs, vocabulary]`."""

    def margin(scores: Tensor) -> Tensor:
        at = torch.stack([chosen, rejected], dim=1)
        both = scores.gather(1, at)
        return both[:, 0] - both[:, 1]

    return -F.logsigmoid(beta * (margin(own) - margin(reference)))


class PreferTask(DialogueTask):
    """Stage 2's task with preferences."""

    terms = ("preference", "preferred", *DialogueTask.terms)

    def __init__(self, config: PreferConfig, processes: Processes) -> None:
        super().__init__(config, processes)
        self.prefer = config
        pairs = read_pairs(config.pairs)
        self.decided: dict[str, list[Decision]] = {
            name: [d for d in found if d.margin < config.margin] for name, found in pairs.items()
        }
        # Conversations without decisions are the part of the supervised data that is kept.
        decided = [i for i in self.items if self.decided.get(key(i.conversation))]
        free = [i for i in self.items if not self.decided.get(key(i.conversation))]
        random.Random(config.trainer.seed).shuffle(free)
        self.items = decided + free[: round(config.others * len(decided))]
        self.reference = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.reference.to(processes.device)
        self.plan = BatchPlan(
            tuple(min(self.length(i), self.longest) for i in self.items),
            int(config.seconds * 12.5), config.trainer.seed,
        )

    def make(self, items: list[Item], seeds: list[int] | None = None) -> PreferBatch:  # type: ignore[override]
        """Conversations and the places of their decisions."""
        return self.with_places(super().make(items, seeds), self.places_of(items, seeds))

    def places_of(self, items: list[Item], seeds: list[int] | None = None) -> Tensor:
        """Row, position, chosen and rejected token of every decision, `[decisions, 4]`."""
        found: list[tuple[int, int, int, int]] = []
        for row, item in enumerate(items):
            first, last = self.part(item, seeds[row] if seeds else None)
            laid = labels.positions(self.block_tokens(item), first, last, last - first)
            for decision in self.decided.get(key(item.conversation), []):
                if first <= decision.block < last:
                    place = next(
                        i for i, (b, t) in enumerate(zip(laid.block, laid.target))
                        if b == decision.block and t >= 0
                    )
                    found.append((row, place, decision.chosen, decision.rejected))
        return torch.tensor(found, dtype=torch.long).view(-1, 4)

    def with_places(self, dialogue: DialogueBatch, places: Tensor) -> PreferBatch:
        """A batch and its decisions, on the device."""
        return PreferBatch(dialogue, *places.to(self.processes.device).unbind(1))

    def prepare(  # type: ignore[override]
        self, step: int, processes: Processes
    ) -> tuple[DialoguePlan, Tensor] | None:
        """The layout of a step's batch, and its decisions."""
        planned = super().prepare(step, processes)
        if planned is None:
            return None
        mine = processes.share(self.plan.seeded(step))
        items, seeds = [self.items[i] for i, _ in mine], [seed for _, seed in mine]
        return planned, self.places_of(items, seeds)

    def finish(  # type: ignore[override]
        self, prepared: tuple[DialoguePlan, Tensor] | DialoguePlan
    ) -> PreferBatch:
        """The batch of a layout, on the device."""
        if isinstance(prepared, DialoguePlan):  # to be measured: without decisions
            prepared = prepared, torch.zeros(0, 4, dtype=torch.long)
        return self.with_places(super().finish(prepared[0]), prepared[1])

    def learns_to_hear(self) -> bool:
        """Whether encoder or connector learn; if not, the reference hears what the model hears."""
        parts = (self.model.encoder, self.model.connector)
        return any(p.requires_grad for part in parts for p in part.parameters())

    def losses(self, batch: PreferBatch) -> dict[str, Loss]:  # type: ignore[override]
        """Preferences at decisions, cross-entropy everywhere."""
        dialogue = batch.dialogue
        sequences = dialogue.sequences

        def heard(model: torch.nn.Module) -> Tensor:
            return model.audio_embeddings(dialogue.environment, dialogue.assistant)

        def scores(model: torch.nn.Module, audio: Tensor) -> tuple[Tensor, Tensor]:
            hidden = model.language(model.positions(audio, sequences))
            at = model.language.logits(hidden[batch.rows, batch.places]).float()
            return hidden, at.log_softmax(-1)

        audio = heard(self.model)
        hidden, own = scores(self.model, audio)
        logits = self.model.language.logits(hidden[sequences.target >= 0]).float()
        supervised = token_losses(logits, sequences)
        weight = self.prefer.supervised
        losses = {n: replace(t, factor=t.factor * weight) for n, t in supervised.items()}
        if len(batch.rows):
            with torch.no_grad():
                known = heard(self.reference) if self.learns_to_hear() else audio
                _, reference = scores(self.reference, known)
            each = preference_loss(own, reference, batch.chosen, batch.rejected, self.prefer.beta)
            count = torch.tensor(float(len(each)), device=each.device)
            right = own.gather(1, batch.chosen[:, None]) > own.gather(1, batch.rejected[:, None])
            losses["preference"] = Loss(each.sum(), count)
            losses["preferred"] = Loss(right.float().sum(), count, 0.0)
        return losses


def main(arguments: list[str] | None = None) -> None:
    """Trains a stage-2 model to take its decisions better."""
    run_stage(PreferConfig, PreferTask, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
