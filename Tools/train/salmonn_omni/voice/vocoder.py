"""Training of the vocoder: spectra at several resolutions, and the pitch.

The excitation carries the phase, so that magnitudes alone have to be compared (Wang, Takaki and
Yamagishi 2019, "Neural source-filter waveform models"; Yamamoto, Song and Kim 2020 for the loss).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from salmonn_omni.models.vocoder import Vocoder, VocoderConfig
from salmonn_omni.training import settings
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.trainer import Loss, go_on
from salmonn_omni.voice.config import FRAMES_PER_TOKEN, VocoderStage
from salmonn_omni.voice.crops import SpeechBatch, crops_of, speech
from salmonn_omni.voice.data import Voice

#: Magnitudes below this count as silence.
FLOOR = 3e-4


def make(config: VocoderConfig) -> Vocoder:
    """A vocoder that starts from a buzz of equal harmonics and from a usual pitch."""
    model = Vocoder(config)
    with torch.no_grad():
        model.m_source.l_linear.weight.fill_(0.5)
        model.m_source.l_linear.bias.zero_()
        model.f0_predictor.classifier.weight.mul_(50)
        model.f0_predictor.classifier.bias.fill_(100)
        model.conv_post.bias[: config.fourier_size // 2 + 1] -= 2
    return model


def load(run: str | Path) -> Vocoder:
    """The model of a finished run."""
    folder = Path(run)
    stage = settings.from_json(VocoderStage, json.loads((folder / "config.json").read_text()))
    model = Vocoder(stage.vocoder)
    model.load_state_dict(torch.load(folder / "model.pt", weights_only=True))
    return model.eval()


def spectral_distance(found: Tensor, wanted: Tensor, windows: tuple[int, ...]) -> Tensor:
    """The distance of the magnitudes of samples [batch, n], one number for each, [batch]."""
    total = found.new_zeros(len(found))
    for size in windows:
        window = torch.hann_window(size, device=found.device)

        def magnitude(x: Tensor) -> Tensor:
            spectrum = torch.stft(
                x, size, size // 4, window=window, center=True, pad_mode="reflect",
                return_complex=True,
            )
            # Scaled so that a resolution does not change a tone's height.
            scale = 2 / size
            return (scale**2 * (spectrum.real**2 + spectrum.imag**2) + FLOOR**2 * scale).sqrt()

        a, b = magnitude(found), magnitude(wanted)
        shape = (a - b).flatten(1).norm(dim=1) / b.flatten(1).norm(dim=1)
        total = total + shape + (a.log() - b.log()).abs().flatten(1).mean(1)
    return total / len(windows)


@torch.no_grad()
def speak(model: nn.Module, mel: Tensor, seed: int = 0) -> Tensor:
    """Samples of normalised mel frames [frames, bins], with noise of a seed."""
    config = model.config
    generator = torch.Generator().manual_seed(seed)
    shape = (1, len(mel) * config.hop, config.harmonics + 1)
    noise = torch.randn(shape, generator=generator).to(mel.device)
    return model(mel.T[None], noise=noise)[0]


@dataclass
class VocoderTask:
    """Trains the vocoder on mel frames of recordings."""

    config: VocoderStage
    processes: Processes
    terms = ("spectrum", "pitch", "voicing")

    def __post_init__(self) -> None:
        config = self.config
        self.voice = Voice.load(config.data)
        self.model = make(config.vocoder)
        go_on(self.model, config.initial)
        self.tokens = config.crop // FRAMES_PER_TOKEN
        self.training = [u for u in self.voice.training if u.tokens >= self.tokens]
        self.held_out = [u for u in self.voice.held_out if u.tokens >= self.tokens]
        self.plan = crops_of(self.training, config.batch, self.tokens, config.trainer.seed)

    def batch(self, step: int, processes: Processes) -> tuple[SpeechBatch, Tensor] | None:
        """Stretches of speech with the noise of their source, drawn for all processes alike."""
        batch = speech(self.training, self.plan.at(step), processes)
        return None if batch is None else (batch, self._noise(batch, self.config.batch, processes))

    def _noise(self, batch: SpeechBatch, count: int, processes: Processes) -> Tensor:
        shape = (count, batch.samples.shape[1], self.config.vocoder.harmonics + 1)
        # On the device: so many numbers take a processor longer than the step.
        noise = torch.randn(shape, device=batch.samples.device)
        return noise[processes.rank :: processes.count]

    def losses(self, drawn: tuple[SpeechBatch, Tensor]) -> dict[str, Loss]:
        """Distances of the spectra, and the absolute error of the pitch in units of 100 Hz."""
        vocoder = self.config.vocoder
        batch, noise = drawn
        mel = batch.mel.transpose(1, 2)
        predicted = self.model.f0_predictor(mel)
        found = self.model(mel, pitch=batch.pitch, noise=noise)
        distance = spectral_distance(found, batch.samples, self.config.windows)
        count = torch.tensor(float(len(distance)), device=distance.device)
        frames = torch.tensor(float(batch.pitch.numel()), device=distance.device)
        threshold = vocoder.voiced_threshold
        wrong = (predicted > threshold) != (batch.pitch > threshold)
        return {
            "spectrum": Loss(distance.sum(), count),
            "pitch": Loss(
                (predicted - batch.pitch).abs().sum() / 100, frames, self.config.pitch_weight
            ),
            "voicing": Loss(wrong.float().sum(), frames, 0.0),
        }

    def evaluate(self) -> dict[str, float]:
        """The same on held-out lines."""
        plan = crops_of(self.held_out, 32, self.tokens, 0)
        alone = Processes(0, 1, self.processes.device)
        batch = speech(self.held_out, plan.at(0), alone)
        assert batch is not None
        torch.manual_seed(0)
        losses = self.losses((batch, self._noise(batch, 32, alone)))
        return {f"held_out_{n}": float(v.total / v.weight) for n, v in losses.items()}
