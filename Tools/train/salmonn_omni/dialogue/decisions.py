"""Pairs of tokens to prefer one over the other: the decisions at interruptions and backchannels.

Where the script says that the assistant stops or starts, the block of the `<shift>` is a decision
between it and going on. Where it says that the assistant goes on, by itself or through what others
say, the decision is in the block in which the model is nearest to stopping; at a hesitation in the
one in which it is nearest to starting. Both tokens of a pair follow the same past.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from . import labels
from .corpus import Conversation, Event
from .labels import SHIFT, THINK
from .model import BLOCK
from .train import DialogueTask, Item, of_run

#: How long after an event a stop still belongs to it, in samples.
AFTER = 16000


@dataclass(frozen=True)
class Decision:
    """Two tokens for a block of a conversation, and how much the model liked the right one."""

    block: int
    chosen: int
    rejected: int
    #: The difference of the logarithms of their probabilities.
    margin: float
    type: str


def continued(tokens: labels.BlockTokens, conversation: Conversation, turn: int, text: list[int],
              block: int) -> int:
    """The token of an answer in a block, had it not been interrupted."""
    place = block - conversation.turns[turn].shift
    return text[place] if place < len(text) else THINK


def decisions(
    conversation: Conversation, tokens: labels.BlockTokens, texts: list[list[int]],
    scores: dict[int, Tensor],
) -> list[Decision]:
    """The decisions of a conversation; `scores` are log-probabilities of every block's token."""
    found = []
    for event in conversation.events:
        pair = _pair(event, conversation, tokens, texts, scores)
        if pair is not None and pair[0] in scores:
            block, chosen, rejected = pair
            margin = float(scores[block][chosen] - scores[block][rejected])
            found.append(Decision(block, chosen, rejected, margin, event.type))
    return found


def _pair(
    event: Event, conversation: Conversation, tokens: labels.BlockTokens, texts: list[list[int]],
    scores: dict[int, Tensor],
) -> tuple[int, int, int] | None:
    if event.kind == "barge-in":
        turn = conversation.turns[event.assistant]
        going_on = continued(tokens, conversation, event.assistant, texts[event.assistant], turn.back)
        return (turn.back, SHIFT, going_on) if turn.back in tokens.closes else None
    if event.kind == "turn":
        shift = conversation.turns[event.assistant].shift
        return (shift, SHIFT, THINK) if shift in tokens.opens else None
    if event.kind == "distractor":
        turn = conversation.turns[event.assistant]
        # Two blocks before its sound is over it may stop.
        last = min((event.end + AFTER) // BLOCK, turn.full_end // BLOCK - 2, turn.back - 4)
        blocks = [b for b in range(event.start // BLOCK, last) if b in scores]
    elif event.kind == "pause":
        blocks = [b for b in range(event.start // BLOCK, event.end // BLOCK + 1) if b in scores]
        blocks = [b for b in blocks if tokens.last[b] == THINK and b not in tokens.opens]
    else:
        return None
    blocks = [b for b in blocks if tokens.last[b] != SHIFT and b not in tokens.due]
    if not blocks:
        return None
    nearest = max(blocks, key=lambda b: float(scores[b][SHIFT]))
    return nearest, tokens.last[nearest], SHIFT


def mine(
    task: DialogueTask, items: list[Item], together: int = 4
) -> dict[str, list[Decision]]:
    """The decisions in every conversation that has some, by its corpus and name."""
    found = {}
    with torch.no_grad():
        for start in range(0, len(items), together):
            part = items[start : start + together]
            if task.studio is None:
                batch = task.make(part)
            else:
                batch = task.finish(task.layout(part, list(range(start, start + len(part)))))
            with torch.autocast(
                task.processes.device.type, torch.bfloat16,
                enabled=task.processes.device.type == "cuda",
            ):
                logits = task.model(batch.environment, batch.assistant, batch.sequences)
            scores = torch.log_softmax(logits, -1).cpu()
            target = batch.sequences.target.cpu()
            rows, places = torch.nonzero(target >= 0, as_tuple=True)
            for row, item in enumerate(part):
                tokens = task.block_tokens(item)
                laid = labels.positions(tokens, 0, min(len(tokens.last), task.longest), 0)
                by_block: dict[int, Tensor] = {}
                for index in torch.nonzero(rows == row).flatten().tolist():
                    by_block.setdefault(laid.block[int(places[index])], scores[index])
                texts = [task.tokenizer.encode(t.text).ids for t in item.conversation.turns]
                decided = decisions(item.conversation, tokens, texts, by_block)
                if decided:
                    found[key(item.conversation)] = decided
    return found


def key(conversation: Conversation) -> str:
    """What a conversation is called among those of all corpora."""
    return f"{conversation.corpus.folder.name}/{conversation.name}"


def read_pairs(path: str) -> dict[str, list[Decision]]:
    """What `main` wrote."""
    values = json.loads(Path(path).read_text())
    return {name: [Decision(**d) for d in found] for name, found in values.items()}


def main(arguments: list[str] | None = None) -> None:
    """Writes the decisions of a trained model in the conversations of its folders."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder of a stage-2 run")
    parser.add_argument("--data", nargs="+", required=True, help="folders of conversations")
    parser.add_argument("--count", type=int, default=1000, help="the most conversations")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file")
    options = parser.parse_args(arguments)
    task = of_run(options.run, train=options.data)
    torch.set_num_threads(task.config.trainer.threads)
    # Whole conversations, those of like length together: a part has no seed of its own here.
    items = [
        i for i in task.items if i.conversation.events and i.conversation.blocks <= task.longest
    ][: options.count]
    items.sort(key=lambda i: i.conversation.blocks)
    found = mine(task, items, 4 if task.processes.device.type == "cpu" else 32)
    options.out.write_text(
        json.dumps({n: [asdict(d) for d in ds] for n, ds in found.items()}, indent=1) + "\n"
    )
    margins = [d for ds in found.values() for d in ds]
    for name in sorted({d.type for d in margins}):
        of = [d.margin for d in margins if d.type == name]
        print(f"{name:12} {len(of):5} decisions, {sum(m < 0 for m in of):4} wrong")


if __name__ == "__main__":
    main()
