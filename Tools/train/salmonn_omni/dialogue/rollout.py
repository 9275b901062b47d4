"""The model on its own, block by block, in scripted conversations.

The environment is the script's, whatever the model does. What the assistant says sounds as in the
script, but when the model starts, and it stops when the model stops.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from .corpus import Conversation
from .labels import SHIFT, THINK
from .language import Cache
from .model import BLOCK, DialogueModel
from .streaming import EncoderStream

#: How long a yield fades, in samples.
FADE = 160


@dataclass
class Spoken:
    """An answer of the model."""

    shift: int
    text: list[int] = field(default_factory=list)
    #: The turn of the script that lends its sound; -1 where all are used.
    turn: int = -1
    back: int = -1
    #: Blocks from the shift to the first block with sound, as in the script.
    delay: int = 1

    def audible(self) -> int:
        """The first sample with sound, as it is heard: a block after it was put out."""
        return (self.shift + self.delay + 1) * BLOCK


class Player:
    """What playback puts out, from the script's recordings."""

    def __init__(self, conversation: Conversation) -> None:
        self.conversation = conversation
        _, self.channel = conversation.samples()
        self.used: set[int] = set()

    def begin(self, block: int) -> Spoken:
        """An answer with the sound of the turn whose shift is nearest and that was not used."""
        turns = self.conversation.turns
        free = [i for i in range(len(turns)) if i not in self.used]
        if not free:
            return Spoken(block)
        best = min(free, key=lambda i: abs(turns[i].shift - block))
        self.used.add(best)
        return Spoken(block, turn=best, delay=turns[best].audio_start // BLOCK - turns[best].shift)

    def put_out(self, spoken: Spoken | None, block: int) -> np.ndarray:
        """The samples of a block; a yield in it fades."""
        silent = np.zeros(BLOCK, dtype=np.float32)
        if spoken is None or spoken.turn < 0 or 0 <= spoken.back < block:
            return silent
        turn = self.conversation.turns[spoken.turn]
        start = turn.audio_start + (block - spoken.shift - spoken.delay) * BLOCK
        if start < turn.audio_start or start >= turn.audio_end:
            return silent
        samples = self.channel[start : min(start + BLOCK, turn.audio_end)]
        silent[: len(samples)] = samples.astype(np.float32) / 32768
        if block == spoken.back and start + 2 * BLOCK < turn.full_end:
            silent[:FADE] *= np.linspace(1, 0, FADE, dtype=np.float32)
            silent[FADE:] = 0
        return silent


class Rollout:
    """Some conversations side by side, in step."""

    def __init__(
        self, model: DialogueModel, conversations: list[Conversation], oracle: bool = False
    ) -> None:
        self.model, self.conversations, self.oracle = model, conversations, oracle
        count = len(conversations)
        self.stream = EncoderStream(model.encoder, 2 * count)
        longest = max(c.blocks for c in conversations)
        self.cache = Cache(model.config.language, count, 3 * longest + 64)
        self.players = [Player(c) for c in conversations]
        self.spoken: list[list[Spoken]] = [[] for _ in conversations]
        self.last = [THINK] * count
        self.text_ended = [False] * count
        self.heard = np.zeros((count, BLOCK), dtype=np.float32)
        self.environments = [c.samples()[0] for c in conversations]
        self.streams = torch.tensor([0] * count + [1] * count)

    def speaking(self, row: int) -> bool:
        """Whether a row's model speaks."""
        return bool(self.spoken[row]) and self.spoken[row][-1].back < 0

    def run(self) -> list[list[Spoken]]:
        """All blocks of all conversations; gives what the model said in each."""
        with torch.no_grad():
            for block in range(max(c.blocks for c in self.conversations)):
                self.step(block)
        return self.spoken

    def step(self, block: int) -> None:
        """One block of every conversation."""
        count = len(self.conversations)
        environment = np.zeros((count, BLOCK), dtype=np.float32)
        for row, samples in enumerate(self.environments):
            part = samples[block * BLOCK : (block + 1) * BLOCK]
            environment[row, : len(part)] = part.astype(np.float32) / 32768
        both = torch.from_numpy(np.concatenate([environment, self.heard]))
        embeddings = self.model.connector(self.stream.step(both), self.streams)[:, 0]
        language = self.model.language
        fed = language.embed(torch.tensor(self.last))
        x = torch.stack([embeddings[:count], embeddings[count:], fed], dim=1)
        logits = language.logits(language.step(x, self.cache)[:, -1])
        opened = [self.decide(row, block, logits[row]) for row in range(count)]
        if any(opened):
            shift = language.embed(torch.full((count, 1), SHIFT))
            going = torch.tensor(opened)
            logits = language.logits(language.step(shift, self.cache, going)[:, -1])
            for row in range(count):
                if opened[row]:
                    token = int(logits[row, 2:].argmax()) + 2
                    self.spoken[row][-1].text.append(token)
                    self.last[row] = token
        for row, player in enumerate(self.players):
            spoken = self.spoken[row][-1] if self.spoken[row] else None
            self.heard[row] = player.put_out(spoken, block)

    def decide(self, row: int, block: int, logits: Tensor) -> bool:
        """Takes the token of a block; true where an answer starts."""
        if self.speaking(row):
            spoken = self.spoken[row][-1]
            allowed = logits[:2] if self.text_ended[row] else logits
            token = int(allowed.argmax())
            if token == SHIFT:
                spoken.back = block
            elif token == THINK:
                self.text_ended[row] = True
            else:
                spoken.text.append(token)
            self.last[row] = token
            return False
        token = int(logits[:2].argmax())
        if self.oracle:
            token = SHIFT if block in {t.shift for t in self.conversations[row].turns} else THINK
        self.last[row] = token
        if token == SHIFT and block < self.conversations[row].blocks:
            self.spoken[row].append(self.players[row].begin(block))
            self.text_ended[row] = False
            return True
        return False


def roll(
    model: DialogueModel, conversations: list[Conversation], together: int = 32,
    oracle: bool = False,
) -> list[list[Spoken]]:
    """The model's answers in every conversation; those of like length run together.

    With `oracle` the script says when answers begin, and the model only what they say.
    """
    order = sorted(range(len(conversations)), key=lambda i: conversations[i].blocks)
    results: list[list[Spoken]] = [[] for _ in conversations]
    for start in range(0, len(order), together):
        part = order[start : start + together]
        for index, spoken in zip(part, Rollout(model, [conversations[i] for i in part], oracle).run()):
            results[index] = spoken
    return results


def text_of(spoken: Spoken, tokenizer: Tokenizer) -> str:
    """What an answer says."""
    return tokenizer.decode(spoken.text)
