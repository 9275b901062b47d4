"""Tests of the flow module: published shapes, numbers, masks, the loss."""

import pytest
import torch

from salmonn_omni.goldens.fill import fill_module, plain
from salmonn_omni.goldens.flow import TINY, inputs, tiny
from salmonn_omni.models.flow import Flow, attention_mask, visible

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def published() -> Flow:
    """The module at its published size, with filled weights."""
    module = Flow().eval()
    fill_module(module)
    return module


def published_inputs() -> dict[str, torch.Tensor]:
    return {
        "tokens": torch.tensor([(641 * i + 7) % 6561 for i in range(28)]),
        "prompt_tokens": torch.tensor([(331 * i + 5) % 6561 for i in range(25)]),
        "prompt_mel": plain("flow.prompt_feat", 50, 80).float(),
        "speaker": plain("flow.spk", 192).float(),
    }


def test_the_published_size_has_the_published_parameter_count(published: Flow) -> None:
    assert sum(p.numel() for p in published.parameters()) == 112_549_360


@torch.no_grad()
def test_the_encoder_gives_the_reference_numbers(published: Flow) -> None:
    given = published_inputs()
    tokens = torch.cat([given["prompt_tokens"], given["tokens"]])
    hidden = published.encoder(published.input_embedding(tokens)[None], final=False)
    first = [0.379421, -1.266182, 1.135159, 1.366689, 0.775300, 0.817935, -0.622287, 0.550116]
    last = [-0.651648, 0.049473, 0.004289, -0.709771, 2.158460, -1.223446, 0.309163, 0.371460]
    mu = [1.287335, 0.854209, -0.344906, 0.218098, -1.787937, 0.285967, -0.319873, 0.232410]
    assert hidden.shape == (1, 100, 512)
    assert torch.allclose(hidden[0, 0, :8], torch.tensor(first), atol=2e-5)
    assert torch.allclose(hidden[0, 99, :8], torch.tensor(last), atol=2e-5)
    assert torch.allclose(published.encoder_proj(hidden)[0, 0, :8], torch.tensor(mu), atol=2e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    ("streaming", "expected"),
    [
        (True, [-0.343917, -0.551887, 0.009247, 0.425114, 0.402165, 0.043662, -0.005973]),
        (False, [-0.410388, -0.465407, 0.033687, 0.445287, 0.419040, 0.069461, -0.021506]),
    ],
)
def test_the_estimator_gives_the_reference_numbers(
    published: Flow, streaming: bool, expected: list[float]
) -> None:
    x, mu, condition = (plain(f"est.{n}", 80, 60).float().T[None] for n in ("x", "mu", "cond"))
    speaker = plain("est.spk", 80).float()[None]
    mask = attention_mask(published.configuration, 60, 2, None, streaming)
    found = published.velocity(x, mu, speaker, condition, 0.3, mask)
    assert torch.allclose(found[0, :7, 0], torch.tensor(expected), atol=2e-5)


@pytest.mark.parametrize(
    ("final", "streaming", "frames", "first", "rms"),
    [
        (False, True, 50, [0.612676, 3.479306, 1.949295, -0.671925], 1.3035190),
        (True, True, 56, [0.612676, 3.479306, 1.949295, -0.671925], 1.3024425),
        (True, False, 56, [0.347209, 3.349291, 1.949391, -0.595399], 1.3025783),
    ],
)
def test_the_sampler_gives_the_reference_numbers(
    published: Flow, final: bool, streaming: bool, frames: int, first: list[float], rms: float
) -> None:
    mel = published.sample(**published_inputs(), final=final, streaming=streaming)
    assert mel.shape == (frames, 80)
    assert torch.allclose(mel[0, :4], torch.tensor(first), atol=1e-4)
    assert mel.square().mean().sqrt().item() == pytest.approx(rms, abs=1e-5)


def test_the_noise_is_that_of_the_published_sampler(published: Flow) -> None:
    noise = published.noise()
    assert noise.shape == (15000, 80)
    assert noise[0, 0].item() == pytest.approx(-1.1258398, abs=1e-6)
    assert noise[-1, 79].item() == pytest.approx(-0.0832944, abs=1e-6)


def test_a_bounded_mask_keeps_the_prompt_and_the_last_chunks() -> None:
    mask = visible(12, 2, left_context=1, prompt=3)[0]
    assert mask[10].nonzero().flatten().tolist() == [0, 1, 2, 8, 9, 10, 11]
    assert torch.equal(visible(12, 2, left_context=6)[0], visible(12, 2)[0])


@pytest.mark.parametrize("changes", [{}, {"left_context": 1}, {"guidance": 0.0}])
def test_unended_frames_do_not_depend_on_what_follows(changes: dict[str, object]) -> None:
    module, given = tiny(**changes), inputs()
    whole = module.sample(**given)
    # 7 prompt tokens and 16 tokens are 4 chunks of 5 with the 3 tokens they look ahead.
    given["tokens"] = given["tokens"][:16]
    part = module.sample(**given, final=False)
    assert part.shape == (26, TINY.mel_bins)
    assert torch.allclose(part, whole[:26], atol=1e-5)


def batch(module: Flow) -> dict[str, torch.Tensor]:
    mel = plain("loss.mel", 4, 24, TINY.mel_bins).float()
    return {
        "tokens": torch.arange(48).reshape(4, 12) % module.configuration.codes,
        "lengths": torch.tensor([12, 12, 9, 4]),
        "mel": mel,
        "speaker": plain("loss.spk", 4, TINY.speaker_width).float(),
    }


def test_the_loss_reaches_every_parameter_and_falls() -> None:
    torch.manual_seed(1)
    module = Flow(TINY)
    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3)
    losses = []
    for step in range(60):
        loss = module.loss(**batch(module), generator=torch.Generator().manual_seed(step % 2))
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            silent = [n for n, p in module.named_parameters() if not p.grad.abs().max() > 0]
            # A key's bias shifts all scores of a query alike, which the softmax ignores.
            assert [n for n in silent if not n.endswith("linear_k.bias")] == []
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-6:]) < 0.75 * sum(losses[:6])


def test_padding_changes_no_encoding() -> None:
    module = tiny()
    given = batch(module)
    embedded = module.input_embedding(given["tokens"][3:])
    with torch.no_grad():
        padded = module.encoder(embedded, torch.tensor([4]))[:, :8]
        alone = module.encoder(embedded[:, :4])
    assert torch.allclose(padded, alone, atol=1e-5)
