"""The bank in its own voice, and the speech tokenizer that looks back alone."""

import numpy as np
import pytest
import torch

from salmonn_omni.models.flow import Flow, FlowConfiguration
from salmonn_omni.voice import flow as flows
from salmonn_omni.voice import respeak
from salmonn_omni.voice.codec import Codec
from salmonn_omni.voice.config import CodecConfig
from salmonn_omni.voice.data import Utterance

torch.set_num_threads(1)
SIZES = CodecConfig(levels=(4, 3), width=16, layers=2)


def said(tokens: int, seed: int) -> Utterance:
    """Mel frames of noise."""
    draw = np.random.default_rng(seed)
    frames = 2 * tokens
    mel = draw.standard_normal((frames, 80)).astype(np.float16)
    return Utterance("", np.zeros(320 * frames, np.int16), mel, np.zeros(frames), np.zeros(frames))


def test_codes_of_many_are_those_of_each() -> None:
    torch.manual_seed(1)
    codec = Codec(SIZES).eval()
    some = [said(tokens, tokens) for tokens in (7, 3, 12, 5)]
    assert codec.codes_of(some, together=3) == [codec.codes(one) for one in some]


@pytest.mark.parametrize("causal", [True, False])
def test_a_causal_decoder_does_not_look_ahead(causal: bool) -> None:
    torch.manual_seed(2)
    codec = Codec(CodecConfig((4, 3), 16, 2, causal_decoder=causal)).eval()
    values = torch.randn(1, 9, 2)
    later = values.clone()
    later[:, 6:] += 1
    lengths = torch.tensor([9])
    with torch.no_grad():
        first, second = codec.decode(values, lengths)[0], codec.decode(later, lengths)[0]
    # Two frames a code: the twelve before the change.
    assert torch.allclose(first[:, :12], second[:, :12]) == causal
    assert not torch.allclose(first[:, 12:], second[:, 12:])


def test_many_lines_are_sampled_as_each_alone() -> None:
    torch.manual_seed(3)
    model = Flow(FlowConfiguration(
        codes=12, width=16, heads=2, feed_forward=32, layers=1, upsampled_layers=1, lookahead=0,
        chunk=2, left_context=2, channels=16, estimator_heads=2, head_width=8,
        estimator_feed_forward=32, block_layers=1, mid_blocks=1, time_width=16, speaker_width=1,
        steps=2, guidance=0.0, noise_frames=100,
    )).eval()
    lines = [[1, 5, 2, 7, 11, 0], [3, 4, 9]]
    codes = torch.zeros(2, 6, dtype=torch.long)
    for row, line in enumerate(lines):
        codes[row, : len(line)] = torch.tensor(line)
    found = respeak.sampled(model, codes, torch.tensor([6, 3]))
    for row, line in enumerate(lines):
        alone = flows.sample(model, line)
        assert torch.allclose(found[row, : 2 * len(line)], alone, atol=1e-4)
