"""The speech tokenizer of a bundle, found again: mel frames to the codes that its synthesizer knows.

It does not ship, and the text-speech model can learn no new line without it. `voice.spoken` tells
which codes belong to which moments of recordings; an encoder of the same form learns to give them.
"""

from dataclasses import dataclass

from torch import Tensor

from salmonn_omni.models.flow import before
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.trainer import Loss, go_on
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, CodecStage
from salmonn_omni.voice.crops import Crop, SpeechBatch, codes_of, crops_of, speech
from salmonn_omni.voice.data import Utterance, Voice, read_spoken

#: What a channel may be away from its level before it costs, in levels; at 0.5 the code is another.
MARGIN = 0.2


@dataclass
class ListenTask:
    """Trains the encoder of a speech tokenizer to give codes that are known."""

    config: CodecStage
    processes: Processes
    terms = ("codes", "accuracy")

    def __post_init__(self) -> None:
        config = self.config
        if not config.spoken:
            raise ValueError("name a file of codes (spoken)")
        self.codes = read_spoken(config.spoken, config.codec.codes)
        self.voice = Voice.load(config.data).only({t: len(c) for t, c in self.codes.items()})
        self.model = Codec(config.codec)
        go_on(self.model, config.initial)
        for name, parameter in self.model.named_parameters():
            # What gives mel frames and phones back is not learnt.
            parameter.requires_grad_(name.startswith(("into.", "encoder.", "narrow.")))
        self.plan = crops_of(self.voice.training, config.batch, config.crop, config.trainer.seed)

    def batch(self, step: int, processes: Processes) -> tuple[SpeechBatch, Tensor] | None:
        """Stretches of speech with their codes."""
        return self._drawn(self.plan.at(step), self.voice.training, processes)

    def _drawn(
        self, crops: list[Crop], said: list[Utterance], processes: Processes
    ) -> tuple[SpeechBatch, Tensor] | None:
        batch = speech(said, crops, processes)
        if batch is None:
            return None
        lines = [self.codes[u.text] for u in said]
        codes = codes_of(batch.crops, lines, batch.mel.shape[1] // FRAMES_PER_TOKEN)
        return batch, codes.to(batch.mel.device)

    def losses(self, drawn: tuple[SpeechBatch, Tensor]) -> dict[str, Loss]:
        """The squared distance of channels from their levels, and the share of right codes."""
        batch, wanted = drawn
        model, quantizer = self.model, self.model.quantizer
        x = model.narrowed(batch.mel, batch.lengths)
        away = (quantizer.bounded(x) - quantizer.values(wanted) * quantizer.lowest).abs()
        inside = before(wanted.shape[1], batch.lengths)
        count = inside.sum()
        error = ((away - MARGIN).clamp(min=0).square().sum(-1) * inside).sum()
        hits = ((quantizer(x)[1] == wanted) & inside).sum()
        return {"codes": Loss(error, count), "accuracy": Loss(hits, count, 0.0)}

    def evaluate(self) -> dict[str, float]:
        """The same on held-out lines."""
        alone = Processes(0, 1, self.processes.device)
        plan = crops_of(self.voice.held_out, 64, self.config.crop, 0)
        drawn = self._drawn(plan.at(0), self.voice.held_out, alone)
        assert drawn is not None
        return {
            f"held_out_{n}": float(v.total / v.weight) for n, v in self.losses(drawn).items()
        }
