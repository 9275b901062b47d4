"""The head's row of `<shift>`: what is moved, and what is not."""

import pytest
import torch

from salmonn_omni.dialogue import calibrate, labels, language
from salmonn_omni.dialogue.corpus import Turn
from salmonn_omni.dialogue.labels import THINK

torch.set_num_threads(1)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_score_of_a_shift_moves_by_a_margin_for_each_state(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    hidden = torch.randn(3000, 24, generator=draw)
    speaks = torch.arange(3000) % 5 == 0
    # What the model does shows in two directions; no direction is constant.
    hidden[:, 0] = torch.where(speaks, 3.0, 0.5)
    hidden[:, 1] = torch.where(speaks, -0.5, 2.0)
    change = hidden @ calibrate.row(hidden[~speaks], hidden[speaks], start=2, end=-1)
    assert torch.allclose(change[~speaks], torch.tensor(-2.0), atol=0.05)
    assert torch.allclose(change[speaks], torch.tensor(1.0), atol=0.05)
    nothing = calibrate.row(hidden[~speaks], hidden[speaks], start=0, end=0)
    assert torch.equal(nothing, torch.zeros(24))


def test_a_margin_turns_early_starts_into_late_ones_and_misses() -> None:
    def course(due: int | None, **scores: float) -> calibrate.Course:
        found = torch.full((12,), -3.0)
        for place, score in scores.items():
            found[int(place[1:])] = score
        return calibrate.Course(found, due)

    courses = [
        course(5, _1=0.5, _5=2.5), course(5, _4=4, _5=4), course(5, _5=1, _6=2, _7=3),
        course(5), course(None, _2=1), course(None),
    ]
    assert calibrate.cost(courses, 0) == calibrate.Cost(
        early=1, taken=2, missed=1, wrong=1, quiet=2, waited=-1
    )
    assert calibrate.cost(courses, 2) == calibrate.Cost(
        early=0, taken=3, missed=1, wrong=0, quiet=2, waited=1
    )
    assert calibrate.cost(courses, 5) == calibrate.Cost(missed=4, quiet=2)


def test_what_is_fed_goes_on_without_the_shift_that_is_due() -> None:
    turns = (Turn(4, "", 9, "yield", due=3), Turn(14, "", 16, "end"))
    tokens = labels.block_tokens(turns, [[11, 12], [21, 22, 23]], 30)
    found = calibrate.unanswered(tokens)
    assert found is not None
    before, due = found
    assert due == 3 and before.last == [THINK] * 13 and not before.opens
    found = calibrate.unended(tokens)
    assert found is not None
    during, due = found
    assert due == 9 and during.opens == {4} and not during.closes
    assert during.last == [THINK] * 4 + [11, 12] + [THINK] * 12
    nothing = labels.block_tokens((), [], 30)
    assert calibrate.unanswered(nothing) is None and calibrate.unended(nothing) is None


def test_a_head_of_its_own_scores_alone() -> None:
    torch.manual_seed(4)
    shape = language.LanguageConfig(64, 32, 80, 2, 2, tied=False)
    model = language.LanguageModel(shape)
    hidden = torch.randn(3, 32)
    assert torch.equal(model.logits(hidden), hidden @ model.lm_head.weight.T)
    assert "lm_head.weight" in model.state_dict()
    assert shape.hugging_face()["tie_word_embeddings"] is False
