"""The head's row of `<shift>`: what is moved, and what is not."""

import pytest
import torch

from salmonn_omni.dialogue import calibrate, labels, language
from salmonn_omni.dialogue.corpus import Turn
from salmonn_omni.dialogue.labels import SHIFT, THINK

torch.set_num_threads(1)


@pytest.mark.parametrize("seed", [1, 2])
def test_missed_changes_become_fewer(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)

    def states(place: int) -> tuple[torch.Tensor, torch.Tensor]:
        changes = (torch.rand(3000, generator=draw) < 0.05).float()
        hidden = torch.randn(3000, 24, generator=draw)
        # A change shows in one direction, not always clearly.
        hidden[:, place] += 3 * changes
        hidden[:, 23] = 1
        return hidden, changes

    listening, starts = states(0)
    speaking, ends = states(1)
    head = torch.zeros(4, 24)
    # The model wants more of it than it should.
    head[SHIFT, 0], head[SHIFT, 1], head[SHIFT, 23] = 2.0, 2.0, -6.0
    found = calibrate.Decided(listening, starts, speaking, ends)

    def taken(row: torch.Tensor, hidden: torch.Tensor, changes: torch.Tensor) -> float:
        scores = hidden @ (head[SHIFT] - head[THINK] + row)
        return float((scores[changes > 0] > 0).float().mean())

    nothing, equal = torch.zeros(24), calibrate.moved(head, found, missed=1)
    more = calibrate.moved(head, found, missed=10)
    for hidden, changes in ((listening, starts), (speaking, ends)):
        assert taken(more, hidden, changes) > taken(nothing, hidden, changes) + 0.1
        # What is missed counts more: more is taken than without that.
        assert taken(more, hidden, changes) > taken(equal, hidden, changes)
        assert float(((hidden @ (head[SHIFT] + more))[changes == 0] > 0).float().mean()) < 0.2


def test_the_way_back_is_decided_while_speaking() -> None:
    turns = (Turn(2, "", 6, "end"), Turn(8, "", 10, "yield"))
    tokens = labels.block_tokens(turns, [[11, 12], [21, 22, 23]], 12)
    assert calibrate.speaking_blocks(tokens) == {3, 4, 5, 6, 9, 10}


def test_a_head_of_its_own_scores_alone() -> None:
    torch.manual_seed(4)
    shape = language.LanguageConfig(64, 32, 80, 2, 2, tied=False)
    model = language.LanguageModel(shape)
    hidden = torch.randn(3, 32)
    assert torch.equal(model.logits(hidden), hidden @ model.lm_head.weight.T)
    assert "lm_head.weight" in model.state_dict()
    assert shape.hugging_face()["tie_word_embeddings"] is False
