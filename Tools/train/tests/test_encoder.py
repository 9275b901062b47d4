"""The encoder's modules against transformers, and against their own slow forms."""

import math
from dataclasses import replace

import pytest
import torch
import transformers

from salmonn_omni.goldens.fill import fill_module, plain
from salmonn_omni.models import encoder as models
from salmonn_omni.models import log_mel

torch.set_num_threads(1)


def tone(rate: int = 16000) -> torch.Tensor:
    """One second of two sines and a little noise."""
    n = torch.arange(rate, dtype=torch.float64)
    tones = 0.4 * torch.sin(2 * math.pi * 440 * n / rate)
    tones = tones + 0.2 * torch.sin(2 * math.pi * 1234.5 * n / rate)
    return (tones + 0.01 * plain("sig.noise", rate)).float()


def close(found: torch.Tensor, expected: list[float], tolerance: float) -> bool:
    return torch.allclose(found, torch.tensor(expected), atol=tolerance, rtol=0)


def test_whisper_frames_match_published_numbers() -> None:
    frame = log_mel.LogMel(log_mel.WHISPER)(tone())[50]
    expected = [-0.1277258, 0.0493952, 0.1246467, 0.1191159, -0.0045048, -0.0871303]
    assert close(frame[:6], expected, 1e-4)
    frame = log_mel.LogMel(replace(log_mel.WHISPER, bins=128))(tone())[50]
    expected = [-0.2034850, -0.1059206, 0.0562406, 0.0217858, 0.1773909, 0.0477580]
    assert close(frame[:6], expected, 1e-4)


def test_kaldi_frames_match_published_numbers() -> None:
    frames = log_mel.LogMel(log_mel.KALDI)(tone())
    assert frames.shape == (98, 80)
    expected = [-12.0250807, -10.2091284, -11.9371681, -11.5948677, -9.8810921, -9.3267498]
    assert close(frames[0, :6], expected, 2e-3)
    expected = [-11.6787577, -11.6481428, -10.7271376, -11.0989561, -10.6619587, -9.6357403]
    assert close(frames[50, :6], expected, 2e-3)
    middle = log_mel.LogMel(replace(log_mel.KALDI, high=7600.0, lead_in=120))(tone())
    expected = [-10.7698994, -9.7657251, -12.3081999, -11.8919020, -11.6323652, -10.1701984]
    assert close(middle[50, :6], expected, 2e-3)


def test_causal_frames_are_those_of_stft() -> None:
    config = log_mel.CAUSAL
    padded = torch.nn.functional.pad(tone(), (config.lead_in, 0))
    spectrum = torch.stft(
        padded, 400, 160, window=torch.hann_window(400), center=False, return_complex=True
    )
    energies = log_mel.mel_filters(config).float() @ spectrum.abs().square()
    expected = (energies.clamp(min=1e-10).log10() + 4) / 4
    found = log_mel.LogMel()(tone())
    assert found.shape == (100, 80)
    assert torch.allclose(found, expected.T, atol=1e-4)


def randomised(module: torch.nn.Module) -> torch.nn.Module:
    """Fills a module and sets decays and time steps to sane values."""
    fill_module(module)
    with torch.no_grad():
        for name, value in module.named_parameters():
            if name.endswith("A_log"):
                value.copy_(torch.arange(1.0, value.shape[-1] + 1).log().expand_as(value))
            if name.endswith(("dt_bias", "dt_proj.bias")):
                value.sub_(2)
    return module


@pytest.mark.parametrize("use_bias", [False, True])
def test_mamba_equals_transformers(use_bias: bool) -> None:
    public = transformers.MambaModel(
        transformers.MambaConfig(
            vocab_size=4, hidden_size=32, num_hidden_layers=2, state_size=8, use_bias=use_bias
        )
    ).eval()
    own = models.MambaStack(
        models.MambaConfig("mamba", width=32, layers=2, state_size=8, use_bias=use_bias)
    )
    own.load_state_dict(
        {k: v for k, v in randomised(public).state_dict().items() if "embeddings" not in k}
    )
    x = torch.randn(2, 37, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = public(inputs_embeds=x, use_cache=False).last_hidden_state
        assert torch.allclose(own(x), expected, atol=2e-5)


@pytest.mark.parametrize("chunk", [1, 8, 64])
def test_mamba2_equals_transformers(chunk: int) -> None:
    public = transformers.Mamba2Model(
        transformers.Mamba2Config(
            vocab_size=4, hidden_size=32, num_hidden_layers=2, state_size=8, n_groups=1,
            head_dim=16, num_heads=4, chunk_size=16,
        )
    ).eval()
    own = models.MambaStack(
        models.MambaConfig("mamba2", width=32, layers=2, state_size=8, head_size=16, chunk=chunk)
    )
    own.load_state_dict(
        {k: v for k, v in randomised(public).state_dict().items() if "embeddings" not in k}
    )
    x = torch.randn(2, 37, 32, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = public(inputs_embeds=x, use_cache=False).last_hidden_state
        assert torch.allclose(own(x), expected, atol=2e-5)


@pytest.mark.parametrize("chunk", [1, 5, 16, 64])
def test_chunked_scan_equals_the_recurrence(chunk: int) -> None:
    draw = torch.Generator().manual_seed(3)
    x = torch.randn(2, 41, 3, 4, generator=draw, dtype=torch.float64)
    step = torch.rand(2, 41, 3, generator=draw, dtype=torch.float64)
    a = -torch.rand(3, generator=draw, dtype=torch.float64) * 16
    b, c = torch.randn(2, 2, 41, 5, generator=draw, dtype=torch.float64)
    expected = models.head_scan(x, step, a, b, c)
    assert torch.allclose(models.chunked_scan(x, step, a, b, c, chunk), expected, atol=1e-12)


@pytest.mark.parametrize("variant", ["mamba", "mamba2"])
def test_gradients_reach_every_parameter(variant: str) -> None:
    torch.manual_seed(4)
    mamba = models.MambaConfig(variant, 32, 2, 8, head_size=16, norm="layer", feed_forward=48)
    encoder = models.SpeechEncoder(models.EncoderConfig(channels=16, mamba=mamba))
    connector = models.Connector(models.ConnectorConfig(32, 24, 20))
    frames = encoder(log_mel.LogMel()(tone()[None].repeat(2, 1)))
    assert frames.shape == (2, 25, 32)
    # 80 ms are two frames; one frame is left over after 12 blocks.
    embeddings = connector(frames[:, :24], torch.tensor([0, 1]))
    assert embeddings.shape == (2, 12, 20)
    embeddings.square().mean().backward()
    for name, value in [*encoder.named_parameters(), *connector.named_parameters()]:
        assert value.grad is not None and value.grad.isfinite().all(), name
        assert value.grad.abs().sum() > 0, name


@pytest.mark.parametrize("variant", ["mamba", "mamba2"])
def test_later_audio_never_changes_earlier_frames(variant: str) -> None:
    mamba = models.MambaConfig(variant, 32, 2, 8, head_size=16)
    encoder = randomised(models.SpeechEncoder(models.EncoderConfig(channels=16, mamba=mamba)))
    samples = tone()[:6400]
    changed = samples.clone()
    changed[3200:] = 0
    with torch.no_grad():
        frames, others = (encoder(log_mel.LogMel()(v[None])) for v in (samples, changed))
    # 3200 samples are 5 frames of 40 ms.
    assert torch.allclose(frames[:, :5], others[:, :5], atol=1e-6)
    assert not torch.allclose(frames[:, 5], others[:, 5], atol=1e-3)
