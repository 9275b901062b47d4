"""The sequences that the speech-token model is trained on, and its loss."""

import math

import pytest
import torch
from transformers import Qwen2Config

from salmonn_omni.models.speech_tokens import (
    IGNORED,
    Sequence,
    SpeechTokenConfig,
    SpeechTokenModel,
    interleaved,
    one_shot,
)

TRANSFORMER = Qwen2Config(
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    vocab_size=12,
)


def config(**options: object) -> SpeechTokenConfig:
    """27 codes in chunks of 2 text positions and 3 codes."""
    defaults = {"codes": 27, "text_chunk": 2, "speech_chunk": 3}
    return SpeechTokenConfig(TRANSFORMER, **{**defaults, **options})


def pairs(sequence: Sequence) -> list[tuple[str, int]]:
    """Each position as a short text with its target."""
    names = {"start": "S", "task": "K"}
    inputs = [names.get(source, f"{source[0]}{index}") for source, index in sequence.inputs]
    return list(zip(inputs, sequence.targets, strict=True))


def test_the_fill_token_follows_each_full_chunk_of_speech() -> None:
    n, end, fill = IGNORED, 27, 29
    assert pairs(interleaved(5, [10, 11, 12, 13, 14, 15, 16, 17], config())) == [
        ("S", n),
        *[("t0", n), ("t1", 10), ("s10", 11), ("s11", 12), ("s12", fill)],
        *[("t2", n), ("t3", 13), ("s13", 14), ("s14", 15), ("s15", fill)],
        *[("t4", n), ("K", 16), ("s16", 17), ("s17", end)],
    ]


def test_the_last_block_may_have_no_text() -> None:
    n = IGNORED
    assert pairs(interleaved(2, [4, 5, 6, 7], config(mode="chunk"))) == [
        *[("S", n), ("t0", n), ("t1", 4), ("s4", 5), ("s5", 6), ("s6", n)],
        *[("K", 7), ("s7", 27)],
    ]


def test_one_shot_has_all_text_first() -> None:
    n = IGNORED
    assert pairs(one_shot(3, [4, 5], config())) == [
        *[("S", n), ("t0", n), ("t1", n), ("t2", n), ("K", 4), ("s4", 5), ("s5", 27)],
    ]


@pytest.mark.parametrize("text", range(1, 30))
@pytest.mark.parametrize("mode", ["fill", "chunk"])
def test_every_code_is_an_input_and_a_target_once(text: int, mode: str) -> None:
    speech = [i % 27 for i in range(3 * text + 1)]
    settings = config(mode=mode, text_chunk=5, speech_chunk=15)
    sequence = interleaved(text, speech, settings)
    assert [i for s, i in sequence.inputs if s == "speech"] == speech
    assert [i for s, i in sequence.inputs if s == "text"] == list(range(text))
    assert [t for t in sequence.targets if 0 <= t < 27] == speech
    assert sequence.targets.count(29) == (text // 5 if mode == "fill" else 0)
    assert sequence.targets[-1] == 27


def test_speech_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        interleaved(4, [1, 2, 3, 4, 5, 6], config())


def test_the_loss_of_a_batch_is_the_mean_over_all_targets() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = SpeechTokenModel(config()).eval()
    sequences = [interleaved(5, [*range(8)], config()), one_shot(2, [3], config())]
    texts = [torch.randn(5, 16), torch.randn(2, 16)]
    single = [model.loss([s], [t]) for s, t in zip(sequences, texts, strict=True)]
    counts = [sum(t != IGNORED for t in s.targets) for s in sequences]
    mean = sum(c * x.item() for c, x in zip(counts, single, strict=True)) / sum(counts)
    assert math.isclose(model.loss(sequences, texts).item(), mean, rel_tol=1e-5)


def test_a_model_without_text_table_has_no_such_tensor() -> None:
    with_table, without = SpeechTokenModel(config()), SpeechTokenModel(config(), text_table=False)
    names = set(with_table.state_dict()) - set(without.state_dict())
    assert names == {"llm.model.model.embed_tokens.weight"}


def test_a_model_learns_a_short_sequence() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = SpeechTokenModel(config(), text_table=False)
    sequence, text = interleaved(5, [7, 3, 9, 1, 4, 22, 8], config()), torch.randn(5, 16)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    first = model.loss([sequence], [text]).item()
    for _ in range(60):
        optimizer.zero_grad()
        loss = model.loss([sequence], [text])
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1 * first
