"""The vocoder and its mel against known numbers, and what must hold of every size."""

import math

import pytest
import torch

from salmonn_omni.goldens.fill import fill_module, plain
from salmonn_omni.models.mel import log_mel
from salmonn_omni.models.vocoder import Vocoder, VocoderConfig

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def full() -> Vocoder:
    """The full size, filled, with overrides that give speech-like levels and pitch."""
    model = Vocoder(VocoderConfig())
    fill_module(model)
    with torch.no_grad():
        model.conv_post.parametrizations.weight.original0 *= 0.2
        model.conv_post.bias[:9] -= 2
        model.f0_predictor.classifier.weight *= 20
        model.f0_predictor.classifier.bias += 150
    return model


def close(found: torch.Tensor, expected: list[float], tolerance: float) -> None:
    torch.testing.assert_close(
        found.flatten(), torch.tensor(expected), atol=tolerance, rtol=0, check_dtype=False
    )


def rms(x: torch.Tensor) -> float:
    return x.double().square().mean().sqrt().item()


def test_the_full_size_has_the_published_number_of_parameters(full: Vocoder) -> None:
    assert sum(p.numel() for p in full.parameters()) == 20_821_295
    assert sum(p.numel() for p in full.f0_predictor.parameters()) == 3_274_241


@torch.no_grad()
def test_the_full_size_repeats_known_pitch_source_and_samples(full: Vocoder) -> None:
    mel = plain("hift.mel", 80, 12).float()[None]
    pitch = full.f0_predictor(mel)
    close(pitch[0, :8], [
        147.51863, 150.34502, 147.56898, 153.64714, 153.36876, 152.21558, 138.35597, 159.36868
    ], 1e-3)
    close(pitch[0, -1:], [145.769913], 1e-3)
    source = full.m_source(pitch)
    close(source[0, :240], [0.0023731] * 240, 1e-6)
    close(source[0, 480:484], [-0.0951959, -0.0963025, -0.0948226, -0.0908025], 1e-5)
    close(source[0, 3000:3001], [-0.0873933], 1e-5)
    assert rms(source) == pytest.approx(0.0671185, abs=1e-6)
    wave = full(mel)
    assert wave.shape == (1, 5760)
    close(wave[0, :8], [
        -0.0085595, 0.0030313, -0.0078802, -0.0083272, -0.0033736, 0.0067380, -0.0027996, -0.0132616
    ], 1e-5)
    close(wave[0, 1000:1004], [-0.0380589, 0.0032609, -0.0367656, 0.0097789], 1e-5)
    assert rms(wave) == pytest.approx(0.0257821, abs=1e-6)


@torch.no_grad()
def test_the_full_size_repeats_known_samples_for_a_given_source(full: Vocoder) -> None:
    mel = plain("hift.mel", 80, 12).float()[None]
    wave = full(mel, source=0.1 * plain("hift.src", 5760).float()[None])
    close(wave[0, :8], [
        0.0008380, 0.0054090, -0.0015344, -0.0038226, -0.0025238, 0.0073173, -0.0063711, -0.0071920
    ], 1e-6)
    assert rms(wave) == pytest.approx(0.0171650, abs=1e-6)


def tiny(form: str, **changes: object) -> Vocoder:
    """A few thousand parameters of either form."""
    sizes = {"mel_bins": 8, "base_channels": 16, "pitch_channels": 8, "harmonics": 2, **changes}
    make = VocoderConfig.causal if form == "causal" else VocoderConfig
    model = Vocoder(make(**sizes))
    fill_module(model)
    with torch.no_grad():
        model.f0_predictor.classifier.bias += 150
    return model


@torch.no_grad()
@pytest.mark.parametrize("form", ["symmetric", "causal"])
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_every_frame_gives_480_samples(form: str, frames: int) -> None:
    assert tiny(form)(plain("mel", 1, 8, frames).float()).shape == (1, 480 * frames)


@torch.no_grad()
@pytest.mark.parametrize("phase", ["held", "accumulated"])
def test_the_causal_form_does_not_hear_beyond_its_lookahead(phase: str) -> None:
    model = tiny("causal", phase=phase)
    mel = plain("mel", 1, 8, 12).float()
    other = mel.clone()
    other[:, :, 9:] += 1
    difference = (model(mel) - model(other)).abs()[0]
    assert difference[: 480 * (9 - 4) - 4].max() == 0
    assert difference[480 * (9 - 4):].max() > 0


@pytest.mark.parametrize("form", ["symmetric", "causal"])
def test_the_gradient_reaches_every_parameter_but_the_pitch(form: str) -> None:
    model = tiny(form)
    model(plain("mel", 1, 8, 4).float()).square().sum().backward()
    for name, parameter in model.named_parameters():
        learns = not name.startswith("f0_predictor")
        assert (parameter.grad is not None and bool(parameter.grad.any())) == learns, name


def test_the_inverse_transform_gives_the_samples_back() -> None:
    model = tiny("causal")
    samples = plain("samples", 1, 960).float()
    real, imaginary = model.analyse(samples).split(9, 1)
    torch.testing.assert_close(model.synthesise(real, imaginary), samples, atol=1e-6, rtol=0)


def test_the_mel_repeats_known_numbers() -> None:
    n = torch.arange(24000, dtype=torch.float64)
    tones = 0.4 * (2 * math.pi * 440 * n / 24000).sin()
    tones = tones + 0.2 * (2 * math.pi * 1234.5 * n / 24000).sin()
    mel = log_mel((tones + 0.01 * plain("sig.noise", 24000)).float())
    assert mel.shape == (80, 50)
    close(
        mel[:6, 0],
        [-0.5764630, -0.5709970, -0.5153400, -0.4691268, -0.4063740, -0.3075885], 1e-4,
    )
    close(
        mel[:6, 25],
        [-4.9932065, -4.9671054, -4.5868316, -4.1032891, -4.6486840, -5.1902180], 1e-3,
    )


def test_the_mel_of_a_batch_is_that_of_each() -> None:
    samples = plain("batch", 2, 4800).float()
    torch.testing.assert_close(log_mel(samples)[1], log_mel(samples[1]))
