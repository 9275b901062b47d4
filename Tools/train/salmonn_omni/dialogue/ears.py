"""Between other stages: encoder and connector alone, towards words of voices that they do not know.

CTC pulls the environment's embeddings to the words' tokens while the sound is changed more than the
other stages could bear (other vocal tracts, bent frequencies, masks after Park et al. 2019). The language
model stays as it is; so that it still knows what it hears, the embeddings are also pulled to those that
the first weights give for the same sound unchanged. Without the language model a step takes a third of
the time.
"""

import copy
import sys
from dataclasses import dataclass, replace

import torch

from ..training.batches import BatchPlan
from ..training.command import run_stage
from ..training.processes import Processes
from ..training.trainer import Loss
from . import corpus
from .model import BLOCK, Sequences
from .pretrain import plain
from .sound import changed_on_device
from .train import DialogueBatch, DialogueConfig, DialoguePlan, DialogueTask, Item


@dataclass(frozen=True)
class EarsConfig(DialogueConfig):
    """What the ears learn from: banks in `train`, mixed by `studio`, from weights in `initial`.

    `trainer.rates` is to hold the language model where it is.
    """

    #: The weight of the first weights' embeddings beside the words.
    same: float = 0.5


@dataclass
class EarsBatch(DialogueBatch):
    """Changed features, and the same unchanged."""

    unchanged: torch.Tensor | None = None


class EarsTask(DialogueTask):
    """CTC on every utterance of banks, also on those that nobody answers."""

    terms = ("words", "same")

    def __init__(self, config: EarsConfig, processes: Processes) -> None:
        super().__init__(config, processes)
        self.same = config.same
        self.items = [
            Item(c) for c in corpus.read(config.train, users=config.studio.users)
            if c.user and c.user[-1].end < config.longest * 16000 and plain(c.user[-1].text)
        ]
        self.plan = BatchPlan(
            tuple(self.part(item, None)[1] for item in self.items),
            int(config.seconds * 12.5), config.trainer.seed,
        )
        first = copy.deepcopy([self.model.encoder, self.model.connector])
        # In a list of its own, so that it is no part of the model.
        self.first = [part.to(processes.device).eval() for part in first]

    def part(self, item: Item, seed: int | None) -> tuple[int, int]:
        """The blocks to a little after the last word: an answer has no sound."""
        return 0, -(-(item.conversation.user[-1].end + corpus.Bank.TAIL) // BLOCK)

    def layout(self, items: list[Item], seeds: list[int] | None = None) -> DialoguePlan:
        """A batch of utterances; there are no positions."""
        parts = [self.part(item, None) for item in items]
        # Few different lengths, so that the device's memory is used again.
        width = -(-max(last for _, last in parts) // 8) * 8
        words = [self.spoken(item.conversation) for item in items]
        drawn = seeds or list(range(len(items)))
        assert self.studio is not None
        plan = self.studio.plan([(i.conversation, *p) for i, p in zip(items, parts)], width, drawn)
        frames = torch.tensor([last for _, last in parts])
        return DialoguePlan(
            plan, Sequences(*torch.zeros(4, 1, 1)), words, frames, drawn[0], bool(seeds)
        )

    def finish(self, planned: DialoguePlan) -> EarsBatch:
        """The batch of a layout, on the device."""
        assert self.studio is not None
        environment, heard = self.studio.mixer.mix(planned.plan)
        unchanged = self.mel(environment)
        draw = torch.Generator(unchanged.device).manual_seed((planned.seed ^ 1) % 2**63)
        mel = changed_on_device(unchanged, self.config.changes, draw, heard)
        return EarsBatch(
            mel, None, planned.sequences, planned.words, planned.frames, unchanged=unchanged
        )

    def losses(self, batch: EarsBatch) -> dict[str, Loss]:
        """CTC of the words, and the distance from the first embeddings in parts of their variance."""
        found = self.model.connector(self.model.encoder(batch.environment), 0)
        with torch.no_grad():
            encoder, connector = self.first
            first = connector(encoder(batch.unchanged), 0)
        rows = torch.tensor(float(len(found)), device=found.device)
        distance = (found - first).square().mean() / first.var()
        return {
            "words": replace(self.word_loss(found, batch), factor=1.0),
            "same": Loss(distance * rows, rows, self.same),
        }

    def evaluate(self) -> dict[str, float]:
        """Nothing: the words of held-out voices are measured by `omni evaluate`, with their answers."""
        return {}


def main(arguments: list[str] | None = None) -> None:
    """Trains encoder and connector on words."""
    run_stage(EarsConfig, EarsTask, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
