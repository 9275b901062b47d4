"""Training of the flow decoder: speech tokens to mel frames in mask chunks.

Flow matching (Lipman et al. 2023) as in CosyVoice 2, for one voice: no prompt, no guidance, always
under the mask of streaming. Half of the times are those of the sampler's few steps. The encoder's
own output is held to the mel as well (the prior loss of Mehta et al. 2024, "Matcha-TTS").
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from salmonn_omni.models.flow import Flow, attention_mask, before
from salmonn_omni.training import settings
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.trainer import Loss, go_on
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, FlowStage
from salmonn_omni.voice.crops import SpeechBatch, codes_of, crops_of, speech
from salmonn_omni.voice.data import Voice, read_spoken


def load(run: str | Path) -> Flow:
    """The model of a finished run."""
    folder = Path(run)
    stage = settings.from_json(FlowStage, json.loads((folder / "config.json").read_text()))
    model = Flow(stage.flow)
    model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    return model.eval()


def speaker(model: Flow) -> Tensor:
    """The speaker vector of the only voice."""
    return torch.ones(model.configuration.speaker_width, device=model.encoder_proj.weight.device)


@torch.no_grad()
def sample(model: Flow, codes: list[int]) -> Tensor:
    """Normalised mel frames of codes, as the synthesizer makes them."""
    tokens = torch.tensor(codes, device=model.encoder_proj.weight.device)
    empty = tokens[:0], speaker(model).new_zeros(0, model.configuration.mel_bins)
    return model.sample(tokens, *empty, speaker(model))


@dataclass
class FlowBatch:
    """Codes and mel frames with what is drawn for them."""

    codes: Tensor
    speech: SpeechBatch
    noise: Tensor
    times: Tensor


@dataclass
class FlowTask:
    """Trains the flow decoder on the codes of a speech tokenizer."""

    config: FlowStage
    processes: Processes
    terms = ("flow", "prior")

    def __post_init__(self) -> None:
        config = self.config
        self.voice, codes = self._lines()
        self.codes = [codes[u.text] for u in self.voice.training]
        self.held_out_codes = [codes[u.text] for u in self.voice.held_out]
        self.model = Flow(config.flow)
        go_on(self.model, config.initial)
        self.plan = crops_of(
            self.voice.training, config.batch, config.crop, config.trainer.seed, config.flow.chunk
        )

    def _lines(self) -> tuple[Voice, dict[str, list[int]]]:
        """The utterances that have codes, and the codes by their texts."""
        config = self.config
        if bool(config.codec) == bool(config.spoken):
            raise ValueError("name a run of a speech tokenizer (codec), or a file (spoken)")
        voice = Voice.load(config.data)
        if config.spoken:
            codes = read_spoken(config.spoken, config.flow.codes)
            return voice.only({text: len(line) for text, line in codes.items()}), codes
        codec = Codec.load(config.codec)
        if codec.config.codes != config.flow.codes:
            raise ValueError(f"flow.codes is {config.flow.codes}, expected {codec.config.codes}")
        found = codec.to(self.processes.device).codes_of(voice.utterances)
        return voice, {u.text: line for u, line in zip(voice.utterances, found, strict=True)}

    def batch(self, step: int, processes: Processes) -> FlowBatch | None:
        """Stretches of speech with noise and times, drawn for all processes alike."""
        batch = speech(self.voice.training, self.plan.at(step), processes)
        if batch is None:
            return None
        return self._drawn(batch, self.codes, self.config.batch, processes)

    def _drawn(
        self, batch: SpeechBatch, codes: list[list[int]], count: int, processes: Processes
    ) -> FlowBatch:
        shape = (count, *batch.mel.shape[1:])
        nodes = self.model.times()[:-1].float()
        chosen = nodes[torch.randint(len(nodes), (count,))]
        times = torch.where(torch.rand(count) < 0.5, chosen, torch.rand(count))
        tokens = codes_of(batch.crops, codes, shape[1] // FRAMES_PER_TOKEN)
        share = slice(processes.rank, None, processes.count)
        device = batch.mel.device
        return FlowBatch(
            tokens.to(device), batch, torch.randn(shape)[share].to(device), times[share].to(device)
        )

    def losses(self, batch: FlowBatch) -> dict[str, Loss]:
        """The squared errors of the velocity and of the encoder's mel."""
        model, mel, lengths = self.model, batch.speech.mel, batch.speech.lengths
        hidden = model.encoder(model.input_embedding(batch.codes), lengths)
        mean = model.encoder_proj(hidden)
        constant = model.speaker(speaker(model)[None]).expand(len(mel), -1)
        mask = attention_mask(
            model.configuration, mel.shape[1], FRAMES_PER_TOKEN, lengths, streaming=True
        )
        t = batch.times[:, None, None]
        point = (1 - t) * batch.noise + t * mel
        found = model.decoder.estimator(
            point, mean, constant, torch.zeros_like(mel), batch.times, mask
        )
        inside = before(mel.shape[1], lengths * FRAMES_PER_TOKEN)
        count = inside.sum()

        def error(a: Tensor, b: Tensor) -> Tensor:
            return ((a - b).square().mean(-1) * inside).sum()

        return {
            "flow": Loss(error(found, mel - batch.noise), count),
            "prior": Loss(error(mean, mel), count, self.config.prior_weight),
        }

    def evaluate(self) -> dict[str, float]:
        """The losses on held-out lines, if any, and the absolute error of what is sampled."""
        if not self.voice.held_out:
            return {}
        torch.manual_seed(0)
        alone = Processes(0, 1, self.processes.device)
        plan = crops_of(self.voice.held_out, 32, self.config.crop, 0, self.config.flow.chunk)
        batch = speech(self.voice.held_out, plan.at(0), alone)
        assert batch is not None
        losses = self.losses(self._drawn(batch, self.held_out_codes, 32, alone))
        found = {f"held_out_{n}": float(v.total / v.weight) for n, v in losses.items()}
        errors = []
        for said, codes in list(zip(self.voice.held_out, self.held_out_codes, strict=True))[:16]:
            mel = sample(self.model, codes).cpu()
            errors.append((mel - torch.from_numpy(said.mel).float()).abs().mean())
        return found | {"sampled_mel": float(torch.stack(errors).mean())}
