"""What the language model is fed, and what it must predict, in every block.

Block k is `[environment k] [assistant k] [last token of block k - 1]`, and the token of block k is
predicted at its third position; the token that is fed to block 0 is `<think>`. In the block in
which an answer starts, `<shift>` is predicted; one more position takes it and predicts the first
piece of text. Later blocks of the answer bring a piece of text each, then `<think>` until the
`<shift>` back. Text that does not fit before the way back is cut.

Where a shift comes late, it is to be predicted in every block from the one in which it was due, while
what is fed goes on without it: a model that missed it learns to make up for that.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from tokenizers import Tokenizer

from .corpus import Conversation, Turn
from .model import BLOCK, Sequences

THINK, SHIFT = 0, 1
#: Fed to block 0 instead of `<think>` where the answer is to be what was said.
TRANSCRIBE = 2047


@dataclass(frozen=True)
class Weights:
    """What the loss of a token counts."""

    think: float = 0.5
    shift: float = 1.0
    text: float = 1.0


@dataclass
class BlockTokens:
    """The tokens of a conversation's blocks."""

    #: The last token of each block: what the next block is fed.
    last: list[int]
    #: The blocks in which an answer starts.
    opens: set[int]
    #: The blocks with a shift back to listening.
    closes: set[int]
    #: For each block with text, the turn it belongs to.
    turn: dict[int, int]
    first: int = THINK
    #: The blocks in which a shift is due that comes later.
    due: set[int] = field(default_factory=set)


def block_tokens(
    turns: tuple[Turn, ...], texts: list[list[int]], blocks: int, first: int = THINK
) -> BlockTokens:
    """The tokens of every block from the turns and their texts in tokens."""
    result = BlockTokens([THINK] * blocks, set(), set(), {}, first)
    for number, (turn, text) in enumerate(zip(turns, texts)):
        if not text or turn.shift >= blocks:
            continue
        result.opens.add(turn.shift)
        for place, token in enumerate(text):
            block = turn.shift + place
            if block >= min(turn.back, blocks):
                break
            result.last[block] = token
            result.turn[block] = number
        if turn.back < blocks:
            result.last[turn.back] = SHIFT
            result.closes.add(turn.back)
        for due, late in ((turn.due, turn.shift), (turn.back_due, turn.back)):
            if due >= 0:
                result.due.update(range(due, min(late, blocks)))
    return result


def conversation_tokens(conversation: Conversation, tokenizer: Tokenizer) -> BlockTokens:
    """The tokens of a scripted conversation."""
    texts = [tokenizer.encode(turn.text).ids for turn in conversation.turns]
    return block_tokens(conversation.turns, texts, conversation.blocks)


def transcript_tokens(conversation: Conversation, tokenizer: Tokenizer) -> BlockTokens:
    """The tokens for writing down what the users say, once they have said it; blocks are added."""
    users = sorted(conversation.user, key=lambda u: u.start)
    text = tokenizer.encode(" ".join(u.text for u in users)).ids
    shift = max(u.end for u in users) // BLOCK + 2
    back = shift + len(text) + 1
    turn = Turn(shift, "", back, "end")
    return block_tokens((turn,), [text], max(conversation.blocks, back + 1), TRANSCRIBE)


@dataclass
class Row:
    """The positions of one conversation, or of a part of it; lists, or arrays of numpy."""

    audio: list[int] = field(default_factory=list)
    token: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    #: The block of each position.
    block: list[int] = field(default_factory=list)

    def add(self, audio: int, token: int, target: int, weight: float, block: int) -> None:
        """Adds a position."""
        self.audio.append(audio)
        self.token.append(token)
        self.target.append(target)
        self.weight.append(weight)
        self.block.append(block)


def positions(
    tokens: BlockTokens, first: int, last: int, width: int, weights: Weights = Weights()
) -> Row:
    """The positions of the blocks from `first` to `last`.

    `width` is the number of blocks of the padded batch: the assistant's embeddings come after so
    many of the environment's. Text of an answer that began before `first` counts nothing: what it
    answers is not there.
    """
    blocks = np.arange(first, last)
    said = np.array(tokens.last[first:last], dtype=np.int64)
    fed = np.array([tokens.last[first - 1] if first else tokens.first, *said[:-1]], dtype=np.int64)
    opens = np.isin(blocks, np.fromiter(tokens.opens, np.int64))
    speaks = np.isin(blocks, np.fromiter(tokens.turn, np.int64))
    began = np.searchsorted(np.sort(np.fromiter(tokens.opens, np.int64)), blocks, side="right") > (
        sum(block < first for block in tokens.opens)
    )
    shifts = opens | np.isin(blocks, np.fromiter(tokens.due, np.int64))
    target = np.where(shifts, SHIFT, said)
    weight = np.where(target == SHIFT, weights.shift, weights.think)
    weight = np.where(speaks & ~shifts, np.where(began, weights.text, 0.0), weight)
    count = len(blocks)
    nothing = np.full(count, THINK)
    # Four positions a block, of which the fourth is there where an answer starts.
    columns = [
        (blocks - first, width + blocks - first, np.full(count, -1), np.full(count, -1)),
        (nothing, nothing, fed, np.full(count, SHIFT)),
        (np.full(count, -100), np.full(count, -100), target, said),
        (np.zeros(count), np.zeros(count), weight, np.full(count, weights.text)),
        (blocks,) * 4,
    ]
    kept = np.stack([np.ones(count, dtype=bool)] * 3 + [opens], axis=1).reshape(-1)
    return Row(*(np.stack(column, axis=1).reshape(-1)[kept] for column in columns))


def together(rows: list[Row]) -> Sequences:
    """Rows as one batch, padded on the right."""
    longest = max(len(row.audio) for row in rows)

    def padded(name: str, fill: float, dtype: torch.dtype) -> torch.Tensor:
        values = [getattr(row, name) for row in rows]
        result = torch.full((len(rows), longest), fill, dtype=dtype)
        for index, value in enumerate(values):
            result[index, : len(value)] = torch.as_tensor(value)
        return result

    return Sequences(
        padded("audio", -1, torch.long), padded("token", THINK, torch.long),
        padded("target", -100, torch.long), padded("weight", 0, torch.float32),
    )
