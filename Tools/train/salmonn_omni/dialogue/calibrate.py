"""After training: how sure the model must be before it starts to answer, or ends.

A start, or an end, is one block of many, so what is learnt lets the model rather miss it than come too
early; and where it is missed nothing in training tells how to make up for it. Here the head's row of
`<shift>` is moved, and nothing else: a logistic regression on the states of all decisions between
going on and changing, in which a missed change counts more. The head gets a matrix of its own.
"""

import argparse
import dataclasses
import json
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from . import labels
from .labels import SHIFT, THINK
from .train import DialogueTask, Item, of_run


@dataclasses.dataclass
class Decided:
    """The states of decisions between `<think>` and `<shift>`, and which is right."""

    listening: Tensor
    starts: Tensor
    speaking: Tensor
    ends: Tensor


def speaking_blocks(tokens: labels.BlockTokens) -> set[int]:
    """The blocks in which a way back is decided."""
    found, inside = set(), False
    for block in range(len(tokens.last)):
        if inside:
            found.add(block)
        inside = (inside or block in tokens.opens) and block not in tokens.closes
    return found


@torch.no_grad()
def decided(task: DialogueTask, items: list[Item], together: int = 4) -> Decided:
    """The states of all decisions of some conversations."""
    listening, starts, speaking, ends = [], [], [], []
    for begin in range(0, len(items), together):
        part = items[begin : begin + together]
        seeds = list(range(begin, begin + len(part)))
        batch = task.finish(task.layout(part, seeds))
        model, sequences = task.model, batch.sequences
        audio = model.audio_embeddings(batch.environment, batch.assistant)
        hidden = model.language(model.positions(audio, sequences))
        for row, (item, seed) in enumerate(zip(part, seeds)):
            first, last = task.part(item, seed)
            tokens = task.block_tokens(item)
            laid = labels.positions(tokens, first, last, 1)
            speaks = speaking_blocks(tokens)
            for place, (block, target, fed) in enumerate(zip(laid.block, laid.target, laid.token)):
                if target < 0 or fed == SHIFT and block in tokens.opens and target != SHIFT:
                    continue  # sound, or the first word of an answer
                if block in speaks:
                    if target in (THINK, SHIFT):
                        speaking.append(hidden[row, place])
                        ends.append(float(target == SHIFT))
                else:
                    listening.append(hidden[row, place])
                    starts.append(float(target == SHIFT))
    return Decided(
        torch.stack(listening), torch.tensor(starts), torch.stack(speaking), torch.tensor(ends)
    )


def moved(head: Tensor, states: Decided, missed: float, ridge: float = 1e-3) -> Tensor:
    """What is added to the head's row of `<shift>`, `[width]`."""
    row = torch.zeros(head.shape[1], requires_grad=True)
    parts = [(states.listening, states.starts), (states.speaking, states.ends)]
    before = [hidden @ (head[SHIFT] - head[THINK]) for hidden, _ in parts]
    optimizer = torch.optim.LBFGS([row], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = ridge * row.square().sum()
        for (hidden, changes), scores in zip(parts, before):
            weight = 1 + (missed - 1) * changes
            loss = loss + F.binary_cross_entropy_with_logits(scores + hidden @ row, changes, weight)
        loss.backward()
        return loss

    optimizer.step(closure)
    return row.detach()


def main(arguments: list[str] | None = None) -> None:
    """Writes a run whose head has a matrix of its own, with the moved row."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training run")
    parser.add_argument("--data", nargs="+", required=True, help="folders of scripts")
    parser.add_argument("--users", nargs="+", required=True, help="their banks of users")
    parser.add_argument("--assistant", nargs="+", required=True, help="their assistant's banks")
    parser.add_argument("--count", type=int, default=300, help="the most conversations")
    parser.add_argument("--missed", type=float, default=20, help="what a missed change counts")
    parser.add_argument("--strength", type=float, default=0.5,
                        help="the part of the regression's move that is made")
    parser.add_argument("--out", type=Path, required=True, help="the new run's folder")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    values = json.loads((options.run / "config.json").read_text())
    studio = values["studio"] | {"users": options.users, "assistant": options.assistant}
    task = of_run(options.run, train=options.data, studio=studio)
    found = decided(task, task.items[: options.count])
    head = task.model.language.model.embed_tokens.weight.detach().cpu()
    parts = (found.listening, found.starts, found.speaking, found.ends)
    states = Decided(*(x.float().cpu() for x in parts))
    # Learnt on every other decision, measured on the rest.
    learnt = Decided(*(x[::2] for x in vars(states).values()))
    for name, row in (
        ("before", torch.zeros(head.shape[1])), ("after", options.strength * moved(head, learnt, options.missed))
    ):
        for kind, hidden, changes in (
            ("starts", states.listening[1::2], states.starts[1::2]),
            ("ends", states.speaking[1::2], states.ends[1::2]),
        ):
            taken = hidden @ (head[SHIFT] - head[THINK] + row) > 0
            wanted = changes > 0
            print(
                f"{name}: {int((taken & wanted).sum())} of {int(wanted.sum())} {kind} in their "
                f"block, {int((taken & ~wanted).sum())} in {int((~wanted).sum())} other blocks"
            )
    weights = torch.load(options.run / "model.pt", weights_only=True)
    own = weights["language.model.embed_tokens.weight"].clone()
    own[SHIFT] += options.strength * moved(head, states, options.missed)
    weights["language.lm_head.weight"] = own
    options.out.mkdir(parents=True, exist_ok=True)
    torch.save(weights, options.out / "model.pt")
    values["model"]["language"]["tied"] = False
    (options.out / "config.json").write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
