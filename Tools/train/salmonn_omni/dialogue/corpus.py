"""Reading shards of scripted conversations.

A folder holds `corpus.json`, and for every shard a `.jsonl` file, one conversation a line, and a
`.pcm` file: little-endian 16-bit samples at 16 kHz, for each conversation the environment's, then
as many of the assistant's, both whole blocks. Block k of the assistant's channel is what playback put
out for block k; the model hears it in block k + 1.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .model import BLOCK


@dataclass(frozen=True)
class Utterance:
    """What somebody says into the environment stream, from a sample to a sample."""

    text: str
    start: int
    end: int
    #: "user" or "third".
    role: str = ""
    kind: str = ""
    engine: str = ""
    voice: str = ""
    form: str = ""
    #: What the assistant should answer; empty where nothing.
    answer: str = ""


@dataclass(frozen=True)
class Turn:
    """An answer: the block of the shift, the text, its samples, the block of the way back."""

    shift: int
    text: str
    back: int
    #: "end", "yield" or "none".
    cause: str
    audio_start: int = 0
    audio_end: int = 0
    full_end: int = 0
    #: The place of the utterance that it answers.
    about: int = -1


@dataclass(frozen=True)
class Event:
    """Something to measure, from a sample to a sample."""

    #: "turn", "pause", "idle", "distractor" or "barge-in".
    kind: str
    #: "question", "digits", "direct", "related", "backchannel", "unrelated", "silence", ...
    type: str
    by: str
    #: What the assistant should do: "start", "stop" or "none".
    expected: str
    start: int
    end: int
    user: int
    assistant: int


@dataclass(frozen=True)
class Conversation:
    """One line of a shard."""

    name: str
    kind: str
    blocks: int
    user: tuple[Utterance, ...]
    turns: tuple[Turn, ...]
    events: tuple[Event, ...]
    conditions: dict[str, Any]
    shard: int
    offset: int
    corpus: "Corpus" = field(repr=False, compare=False)

    def samples(self, first: int = 0, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Both channels from a block to a block, 16-bit."""
        last = self.blocks if last is None else last
        start = self.offset // 2
        pcm = self.corpus.pcm(self.shard)
        both = []
        for stream in range(2):
            base = start + stream * self.blocks * BLOCK
            both.append(pcm[base + first * BLOCK : base + last * BLOCK])
        return both[0], both[1]

    def heard(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """What the model hears in blocks: the assistant's channel comes a block later."""
        environment, _ = self.samples(first, last)
        _, before = self.samples(max(0, first - 1), max(0, last - 1))
        if first == 0:
            before = np.concatenate([np.zeros(BLOCK, dtype=before.dtype), before])
        return environment, before


class Corpus:
    """The conversations of one folder, in the shards' order."""

    def __init__(self, folder: str | Path, shards: int | None = None) -> None:
        self.folder = Path(folder)
        self.paths = sorted(self.folder.glob("shard-*.jsonl"))[:shards]
        if not self.paths:
            raise ValueError(f"{folder} holds no shard-*.jsonl")
        self._pcm: dict[int, np.ndarray] = {}

    def pcm(self, shard: int) -> np.ndarray:
        """A shard's samples, mapped, not read."""
        if shard not in self._pcm:
            path = self.paths[shard].with_suffix(".pcm")
            self._pcm[shard] = np.memmap(path, dtype="<i2", mode="r")
        return self._pcm[shard]

    @cached_property
    def conversations(self) -> list[Conversation]:
        """All lines of all shards whose samples are there."""
        found = []
        for number, path in enumerate(self.paths):
            size = path.with_suffix(".pcm").stat().st_size
            for line in path.read_text().splitlines():
                record = json.loads(line)
                if record["offset"] + 4 * BLOCK * record["blocks"] <= size:
                    found.append(self._conversation(record, number))
        return found

    def _conversation(self, record: dict[str, Any], shard: int) -> Conversation:
        user = tuple(
            Utterance(
                u["text"], u["start"], u["end"], u.get("role") or "", u.get("kind") or "",
                u.get("engine") or "", u.get("voice") or "", u.get("form") or "",
                u.get("answer") or "",
            )
            for u in record.get("user", ())
        )
        turns = tuple(
            Turn(
                t["shift"], t["text"], t["back"], t["cause"], t["audioStart"], t["audioEnd"],
                t["fullEnd"], t["about"],
            )
            for t in record.get("assistant", ())
        )
        events = tuple(
            Event(
                e["kind"], e["type"], e.get("by") or "", e["expected"], e["start"], e["end"],
                e["user"], e["assistant"],
            )
            for e in record.get("events") or ()
        )
        return Conversation(
            str(record["id"]), record["kind"], record["blocks"], user, turns, events,
            record.get("conditions") or {}, shard, record["offset"], self,
        )


def read(folders: list[str], shards: int | None = None) -> list[Conversation]:
    """The conversations of several folders, one after the other."""
    return [c for folder in folders for c in Corpus(folder, shards).conversations]
