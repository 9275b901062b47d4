"""Goldens of the front end, the Mamba stacks, the whole encoder and the connector.

All weights are filled by name. Overrides, so that decays and time steps are those of a trained
model: `A_log` is ln(1), ln(2), ... along its last dimension; the biases of the time steps
(`dt_proj.bias`, `dt_bias`) are the rule's values - 2.
"""

import math
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from salmonn_omni.goldens.fill import fill_module, plain
from salmonn_omni.models import encoder as models
from salmonn_omni.models import log_mel


@torch.no_grad()
def fill_mamba(module: nn.Module, prefix: str = "") -> None:
    """Fills a module that has Mamba mixers by the rule and the overrides."""
    fill_module(module, prefix)
    for name, value in module.named_parameters():
        if name.endswith("A_log"):
            value.copy_(torch.arange(1.0, value.shape[-1] + 1).log().expand_as(value))
        if name.endswith(("dt_proj.bias", "dt_bias")):
            value.sub_(2)


def audio(name: str, frequency: float, samples: int) -> Tensor:
    """A tone that swells four times a second, and noise: `[samples]`."""
    n = torch.arange(samples, dtype=torch.float64)
    swell = 0.5 - 0.5 * torch.cos(2 * math.pi * 4 * n / 16000)
    tone = torch.sin(2 * math.pi * frequency * n / 16000)
    return (0.3 * swell * tone + 0.05 * plain(name, samples)).float()


def public_mamba() -> Tensor:
    """200 frames through transformers' `MambaModel`, 2 layers of 64."""
    from transformers import MambaConfig, MambaModel

    config = MambaConfig(
        vocab_size=4, hidden_size=64, num_hidden_layers=2, state_size=16, use_bias=False
    )
    model = MambaModel(config).eval()
    fill_mamba(model)
    frames = plain("mamba.long", 1, 200, 64).float()
    return model(inputs_embeds=frames, use_cache=False).last_hidden_state[0]


def public_mamba2() -> Tensor:
    """100 frames through transformers' `Mamba2Model`, 2 layers of 64, 4 heads of 32."""
    from transformers import Mamba2Config, Mamba2Model

    config = Mamba2Config(
        vocab_size=4, hidden_size=64, num_hidden_layers=2, state_size=12, n_groups=1,
        head_dim=32, num_heads=4, chunk_size=32,
    )
    model = Mamba2Model(config).eval()
    fill_mamba(model)
    frames = plain("mamba2.long", 1, 100, 64).float()
    return model(inputs_embeds=frames, use_cache=False).last_hidden_state[0]


def whole(variant: str) -> dict[str, Tensor]:
    """25 blocks of both streams through encoder and connector."""
    mamba = models.MambaConfig(
        variant, width=32, layers=2, state_size=8, head_size=16, use_bias=True, norm="layer",
        feed_forward=48,
    )
    encoder = models.SpeechEncoder(models.EncoderConfig(channels=24, mamba=mamba))
    connector = models.Connector(models.ConnectorConfig(width=32, hidden=40, language_width=24))
    fill_mamba(encoder, "encoder.")
    fill_module(connector, "connector.")
    samples = torch.stack(
        [audio("audio.environment", 310, 25 * 1280), audio("audio.assistant", 523, 25 * 1280)]
    )
    frames = encoder(log_mel.LogMel()(samples))
    embeddings = connector(frames, torch.tensor([0, 1]))
    return {
        f"{variant}.frames": frames[0],
        f"{variant}.environment": embeddings[0],
        f"{variant}.assistant": embeddings[1],
    }


@torch.no_grad()
def write(root: Path) -> None:
    """Writes `encoder/*.safetensors` for the tests of SpeechModel."""
    torch.manual_seed(0)
    folder = root / "SpeechModelTests" / "Goldens" / "encoder"
    folder.mkdir(parents=True, exist_ok=True)
    samples = audio("audio.mel", 310, 16000)
    mel = {
        "causal": log_mel.LogMel(log_mel.CAUSAL)(samples),
        "whisper": log_mel.LogMel(log_mel.WHISPER)(samples)[:40],
        "kaldi": log_mel.LogMel(log_mel.KALDI)(samples)[:40],
    }
    save_file({k: v.contiguous() for k, v in mel.items()}, folder / "log_mel.safetensors")
    stacks = {"mamba": public_mamba(), "mamba2": public_mamba2()}
    save_file({k: v.contiguous() for k, v in stacks.items()}, folder / "mamba.safetensors")
    encoders = whole("mamba") | whole("mamba2")
    save_file({k: v.contiguous() for k, v in encoders.items()}, folder / "encoder.safetensors")
