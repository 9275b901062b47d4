"""Between other stages: encoder and connector alone, towards words of voices that they do not know.

CTC pulls the environment's embeddings to the words' tokens while the sound is changed more than the
other stages could bear (other vocal tracts, bent frequencies, masks after Park et al. 2019). The language
model stays as it is; so that it still knows what it hears, the embeddings are also pulled to those that
the first weights give for the same sound unchanged. Without the language model a step takes a third of
the time.

With `echo_free` those first weights also hear the room without the assistant's echo: what an ideal echo
canceller would leave is then what every block of the ears is pulled to, which says more of a new voice of
the assistant than the few blocks in which it is told to stop.
"""

import copy
import sys
from dataclasses import dataclass, replace

import torch

from ..training.command import run_stage
from ..training.processes import Processes
from ..training.trainer import Loss
from . import corpus
from .model import BLOCK
from .pretrain import plain
from .train import DialogueBatch, DialogueConfig, DialoguePlan, DialogueTask, Item


@dataclass(frozen=True)
class EarsConfig(DialogueConfig):
    """What the ears learn from: `train`, mixed by `studio`, from weights in `initial`.

    `trainer.rates` is to hold the language model where it is.
    """

    words: float = 1.0
    #: The weight of the first weights' embeddings beside the words.
    same: float = 0.5
    #: Whether the first weights hear no echo.
    echo_free: bool = False


@dataclass
class EarsBatch(DialogueBatch):
    """Changed features, and the same unchanged."""

    unchanged: torch.Tensor | None = None


class EarsTask(DialogueTask):
    """CTC on every utterance of banks, also on those that nobody answers."""

    terms = ("words", "same")

    def __init__(self, config: EarsConfig, processes: Processes) -> None:
        super().__init__(config, processes)
        self.same, self.is_echo_free = config.same, config.echo_free
        first = copy.deepcopy([self.model.encoder, self.model.connector])
        # In a list of its own, so that it is no part of the model.
        self.first = [part.to(processes.device).eval() for part in first]

    def asked(self, found: list[corpus.Conversation]) -> list[Item]:
        """Scripts, and of banks every utterance to a little after its last word."""
        items = [Item(c) for c in found if c.kind != "bank"]
        for c in found:
            if c.kind != "bank":
                continue
            end = c.user[-1].end + corpus.Bank.TAIL if c.user else 0
            if end and end <= self.config.longest * 16000 and plain(c.user[-1].text):
                items.append(Item(replace(c, turns=(), blocks=-(-end // BLOCK))))
        return items

    def finish(self, planned: DialoguePlan) -> EarsBatch:
        """The batch of a layout, on the device."""
        assert self.studio is not None
        mixed = self.studio.mixer.mix(planned.plan, echo_free=self.is_echo_free)
        unchanged = self.mel(mixed.environment)
        mel = self.changed(unchanged, planned, mixed.heard)
        if mixed.echo_free is not None:
            unchanged = self.mel(mixed.echo_free)
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
        losses = {"same": Loss(distance * rows, rows, self.same)}
        if self.reads_words(batch):
            losses["words"] = self.word_loss(found, batch)
        return losses

    def evaluate(self) -> dict[str, float]:
        """Nothing: the words of held-out voices are measured by `omni evaluate`, with their answers."""
        return {}


def main(arguments: list[str] | None = None) -> None:
    """Trains encoder and connector on words."""
    run_stage(EarsConfig, EarsTask, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
