"""After training: by what margin the model must prefer to begin an answer, or to end it.

What is learnt weighs every block alike, but a start within a question is lost, while one that comes a
block late is 80 ms of waiting; and a stop that is missed is an interruption that nobody hears. The
scores of held-out conversations, had the model not begun or not ended when it was due, tell what every
margin costs. Then the head's row of `<shift>` is moved, and nothing else: by least squares, so that its
score changes by one constant while listening and by another while speaking. The head gets a matrix of
its own.
"""

import argparse
import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from ..training.trainer import save_atomically
from . import labels
from .labels import SHIFT, THINK
from .train import DialogueTask, Item, of_run

#: The blocks after the one in which a shift is due that are looked at: 640 ms.
AFTER = 8


@dataclasses.dataclass
class Course:
    """The scores of `<shift>` over the best other token, block by block, none of them taken."""

    #: Those of the blocks in which the shift may come.
    scores: Tensor
    #: Which of them is due; none of them where the answer may go on.
    due: int | None


#: Tokens as if the first start, or the first way back, did not come, and when it is due.
Change = Callable[[labels.BlockTokens], tuple[labels.BlockTokens, int] | None]


def unanswered(tokens: labels.BlockTokens) -> tuple[labels.BlockTokens, int] | None:
    """The tokens before the first answer and after, as if it did not begin, and when it is due."""
    if not tokens.opens:
        return None
    opens = min(tokens.opens)
    due = min([opens, *(block for block in tokens.due if block < opens)])
    count = min(len(tokens.last), opens + AFTER + 1)
    return labels.BlockTokens([THINK] * count, set(), set(), {}, tokens.first), due


def unended(tokens: labels.BlockTokens) -> tuple[labels.BlockTokens, int] | None:
    """The tokens to the first way back and after, as if it did not come, and when it is due."""
    if not tokens.closes:
        return None
    opens, closes = min(tokens.opens), min(tokens.closes)
    due = min([closes, *(block for block in tokens.due if opens < block < closes)])
    # The text is what was scripted: only the way back is missing.
    last = tokens.last[:closes] + [THINK] * min(AFTER + 1, len(tokens.last) - closes)
    turn = {block: number for block, number in tokens.turn.items() if block < closes}
    return labels.BlockTokens(last, {opens}, set(), turn, tokens.first), due


@torch.no_grad()
def states(
    task: DialogueTask, items: list[tuple[Item, labels.BlockTokens]], together: int = 4
) -> Iterator[Tensor]:
    """For each conversation with the tokens that it is fed: its blocks' states, `[blocks, width]`."""
    for begin in range(0, len(items), together):
        part = items[begin : begin + together]
        for item, tokens in part:
            task.tokens[(id(item.conversation), item.transcribes)] = tokens
        batch = task.made([item for item, _ in part])
        for item, _ in part:  # its own tokens are made again
            del task.tokens[(id(item.conversation), item.transcribes)]
        if not any(tokens.opens for _, tokens in part):  # nor is an answer heard
            batch = dataclasses.replace(batch, assistant=None)
        audio = task.model.audio_embeddings(batch.environment, batch.assistant)
        hidden = task.model.language(task.model.positions(audio, batch.sequences))
        # The only shift that is fed is the one that begins the answer: what follows is its first word.
        kept = (batch.sequences.target >= 0) & (batch.sequences.token != SHIFT)
        for rows, decides in zip(hidden, kept):
            yield rows[decides].cpu()


def scores(head: Tensor, hidden: Tensor) -> Tensor:
    """What `<shift>` has over the best other token, `[decisions]`."""
    logits = hidden @ head.T
    shift = logits[:, SHIFT].clone()
    logits[:, SHIFT] = -torch.inf
    return shift - logits.max(dim=1).values


def courses(
    task: DialogueTask, head: Tensor, items: list[Item], change: Change
) -> tuple[list[Course], Tensor]:
    """The first answers' starts or ways back, and the states that they are decided from.

    A way back that is the answer's natural end counts as one that may not come earlier.
    """
    asked = []
    for item in items:
        changed = change(task.block_tokens(item))
        if changed is not None:
            asked.append((item, *changed))
    found, hidden = [], [torch.empty(0, head.shape[1])]
    fed = [(item, tokens) for item, tokens, _ in asked]
    for (item, tokens, due), rows in zip(asked, states(task, fed)):
        first = min(tokens.opens, default=-1) + 1
        is_natural = bool(tokens.opens) and item.conversation.turns[0].cause != "yield"
        # The last blocks before an answer's natural end are neither early nor late.
        rows = rows[first : max(first, due - 2) if is_natural else None]
        hidden.append(rows)
        found.append(Course(scores(head, rows), None if is_natural else due - first))
    return found, torch.cat(hidden)


@dataclasses.dataclass
class Cost:
    """What a margin costs: how many shifts come early, in time, or not within 640 ms."""

    early: int = 0
    taken: int = 0
    missed: int = 0
    #: Shifts where none is due, of so many answers.
    wrong: int = 0
    quiet: int = 0
    #: Blocks after the one in which they are due, in all.
    waited: int = 0


def cost(found: list[Course], margin: float) -> Cost:
    """What a margin costs over some courses."""
    result = Cost()
    for course in found:
        over = torch.nonzero(course.scores > margin).flatten()
        first = int(over[0]) if len(over) else None
        if course.due is None:
            result.quiet += 1
            result.wrong += first is not None
        elif first is None:
            result.missed += 1
        elif first < course.due - 1:  # a block before is heard in the end of the last word
            result.early += 1
        else:
            result.taken += 1
            result.waited += first - course.due
    return result


def row(listening: Tensor, speaking: Tensor, start: float, end: float, ridge: float = 1.0) -> Tensor:
    """What is added to a head's row so that its score falls by `start` and `end`, `[width]`."""
    square, moment = ridge * torch.eye(listening.shape[1]).double(), 0
    for rows, change in ((listening.double(), -start), (speaking.double(), -end)):
        # Both kinds count alike.
        weight = (len(listening) + len(speaking)) / max(len(rows), 1)
        square = square + weight * rows.T @ rows
        moment = moment + weight * change * rows.sum(0)
    return torch.linalg.solve(square, moment).float()


def main(arguments: list[str] | None = None) -> None:
    """Prints what margins cost, and writes a run whose head keeps the chosen ones."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training run")
    parser.add_argument("--data", nargs="+", required=True,
                        help="folders of held-out conversations, mixed without echo")
    parser.add_argument("--count", type=int, default=200, help="the most conversations of a folder")
    parser.add_argument("--margins", type=float, nargs="+", default=[-2, -1, 0, 1, 2, 3, 4],
                        help="margins of which the cost is printed")
    parser.add_argument("--start", type=float, default=0, help="the margin for beginning an answer")
    parser.add_argument("--end", type=float, default=0, help="the margin for ending it")
    parser.add_argument("--out", type=Path, help="the new run's folder")
    options = parser.parse_args(arguments)
    weights = torch.load(options.run / "model.pt", weights_only=True)
    embedded = weights["language.model.embed_tokens.weight"]
    head = weights.get("language.lm_head.weight", embedded).clone()
    listening, speaking = [], []
    for folder in options.data:
        task = of_run(options.run, train=[folder], studio={"users": []})
        items = task.items[: options.count]
        for kind, change, hidden in (
            ("starts", unanswered, listening), ("ends", unended, speaking)
        ):
            found, rows = courses(task, head, items, change)
            hidden.append(rows)
            for margin in options.margins if found else ():
                c = cost(found, margin)
                print(
                    f"{Path(folder).name} {kind} over {margin:+g}: {c.early} early, {c.taken} in time "
                    f"{80 * c.waited / max(c.taken, 1):.0f} ms after they are due, {c.missed} missed; "
                    f"{c.wrong} wrong of {c.quiet}", flush=True,
                )
    if options.out is None:
        return
    both = torch.cat(listening), torch.cat(speaking)
    move = row(*both, options.start, options.end)
    for name, rows in zip(("listening", "speaking"), both):
        moved = rows @ move
        print(f"{name}: the score changes by {moved.mean():.2f}, with a deviation of {moved.std():.2f}")
    head[SHIFT] += move
    weights["language.lm_head.weight"] = head
    values = json.loads((options.run / "config.json").read_text())
    values["model"]["language"]["tied"] = False
    options.out.mkdir(parents=True, exist_ok=True)
    save_atomically(weights, options.out / "model.pt")
    (options.out / "config.json").write_text(json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
