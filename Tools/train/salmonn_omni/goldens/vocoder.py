"""Golden files of the vocoder: tiny sizes of both forms, without noise."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from salmonn_omni.goldens.fill import fill_module, plain
from salmonn_omni.models.vocoder import Vocoder, VocoderConfig

FRAMES = 12
TINY = {
    "mel_bins": 8, "base_channels": 16, "pitch_channels": 8, "harmonics": 2,
    "voiced_threshold": 150.0,
}
CONFIGS = {
    "symmetric": VocoderConfig(**TINY),
    "causal": VocoderConfig.causal(**TINY),
    "accumulated": VocoderConfig.causal(
        **TINY, phase="accumulated", upsample_rates=[4, 6], upsample_kernels=[9, 6],
        residual_kernels=[3, 5], residual_dilations=[[1, 2], [1, 4]], source_kernels=[3, 5],
        source_dilations=[[1], [2]], pre_lookahead=2, pitch_lookahead=1,
    ),
}


def make(config: VocoderConfig) -> Vocoder:
    """A vocoder filled by rule, with overrides that give speech-like levels and pitch."""
    model = Vocoder(config)
    fill_module(model)
    with torch.no_grad():
        model.conv_post.parametrizations.weight.original0 *= 0.2
        model.conv_post.bias[: config.fourier_size // 2 + 1] -= 2
        model.f0_predictor.classifier.weight *= 20
        model.f0_predictor.classifier.bias += 150
    return model


@torch.no_grad()
def write(root: Path) -> None:
    """Writes one file per configuration."""
    folder = root / "SpeechModelTests" / "Goldens" / "vocoder"
    folder.mkdir(parents=True, exist_ok=True)
    for name, config in CONFIGS.items():
        model = make(config)
        mel = plain("vocoder.mel", FRAMES, config.mel_bins).float().T[None]
        given = 0.1 * plain("vocoder.source", 1, FRAMES * config.hop).float()
        pitch = model.f0_predictor(mel)
        source = model.m_source(pitch)
        tensors = {
            "pitch": pitch[0], "source": source[0], "samples": model.decode(mel, source)[0],
            "samples_of_source": model.decode(mel, given)[0],
        }
        voiced = (pitch > config.voiced_threshold).sum().item()
        assert 0 < voiced < FRAMES, "the golden file must hold voiced and unvoiced frames"
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / f"{name}.safetensors")
