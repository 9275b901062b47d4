"""Reading shards of scripted conversations.

A folder of scripts has no samples: `mixing.py` makes them from the banks, which a script's `source`
points into. Any other folder holds `corpus.json`, and for every shard a `.jsonl` file, one conversation a line, and a
`.pcm` file: little-endian 16-bit samples at 16 kHz, for each conversation the environment's, then
as many of the assistant's, both whole blocks. Block k of the assistant's channel is what playback put
out for block k; the model hears it in block k + 1.
"""

import json
import random
import re
from collections.abc import Sequence
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
    #: The first sample in the banks of users, one after the other; -1 where it is mixed already.
    source: int = -1


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
    #: The first sample in the assistant's bank; -1 where it has no sound, or is mixed already.
    source: int = -1
    #: Where a shift comes late, the block in which it was due; -1 where it does not.
    due: int = -1
    back_due: int = -1


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
    corpus: "Corpus | Bank" = field(repr=False, compare=False)

    def samples(self, first: int = 0, last: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Both channels from a block to a block, 16-bit."""
        last = self.blocks if last is None else last
        return self.corpus.samples(self, first, last)

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

    def samples(
        self, conversation: Conversation, first: int, last: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both channels of a conversation from a block to a block."""
        pcm, start = self.pcm(conversation.shard), conversation.offset // 2
        assistant = start + conversation.blocks * BLOCK
        return (
            pcm[start + first * BLOCK : start + last * BLOCK],
            pcm[assistant + first * BLOCK : assistant + last * BLOCK],
        )

    @cached_property
    def conversations(self) -> list[Conversation]:
        """All lines of all shards whose samples are there."""
        found = []
        for number, path in enumerate(self.paths):
            size = path.with_suffix(".pcm").stat().st_size
            for line in path.read_text().splitlines():
                record = json.loads(line)
                is_script = any("source" in line for line in record["user"])
                if is_script or record["offset"] + 4 * BLOCK * record["blocks"] <= size:
                    found.append(self._conversation(record, number))
        return found

    def _conversation(self, record: dict[str, Any], shard: int) -> Conversation:
        user = tuple(
            Utterance(
                u["text"], u["start"], u["end"], u.get("role") or "", u.get("kind") or "",
                u.get("engine") or "", u.get("voice") or "", u.get("form") or "",
                u.get("answer") or "", u.get("source", -1),
            )
            for u in record.get("user", ())
        )
        turns = tuple(
            Turn(
                t["shift"], t["text"], t["back"], t["cause"], t["audioStart"], t["audioEnd"],
                t["fullEnd"], t["about"], t.get("source", -1), t.get("due", -1),
                t.get("backDue", -1),
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


def quiet_places(samples: np.ndarray, frame: int = 160, least: int = 3) -> list[int]:
    """The middles of what is 30 dB under the loud parts of speech for 30 ms or more, in samples.

    Such are closures of stops, and pauses; the first and the last 0.3 s have none.
    """
    count = len(samples) // frame
    frames = samples[: count * frame].astype(np.float32).reshape(count, frame)
    levels = np.sqrt(np.square(frames).mean(1))
    quiet = levels < 0.03 * np.percentile(levels, 90)
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    middles = [(first + last) * frame // 2 for first, last in edges if last - first >= least]
    return [int(m) for m in middles if 4800 <= m <= len(samples) - 4800]


class Bank:
    """A bank of utterances: each a short recording with silence around it, and its answer.

    The assistant's channel is silent, and the conversation ends with the answer's text. A question
    that was spoken in two parts has a pause of 0.4 to 1 s between them, or a short one; into others
    short ones are put where they are quiet.
    """

    #: Samples of a pause between two parts, and of a short one, such as speakers make between phrases.
    PAUSE, SHORT_PAUSE = (6400, 16000), (1600, 5600)
    #: Samples before an utterance, at least and at most, and after it.
    LEAD, TAIL = (800, 9600), 6400
    #: From the end of a series of digits to the end of the block of the shift.
    DIGITS_RESPONSE = 3840
    #: The same after a question that breaks off: longer than any hesitation, which is 1 s at most.
    UNFINISHED_RESPONSE = 17600
    #: The most blocks by which a shift comes late, as in scripts: 640 ms.
    LATENESS = 8

    def __init__(
        self, folder: str | Path, before: int = 0, unfinished: str = "", misses: float = 0.0,
        response: float = 80.0, breaks: float = 0.0,
    ) -> None:
        """`before` is how many samples other banks have that come before this one's.

        `unfinished` answers a question that breaks off; empty is no answer. `misses` is the share of
        the answers that begin late, so that who learns from them learns to make up for a miss;
        `response` are the milliseconds from the end of a question that is no series of digits to the
        end of the block of the shift, at least, as `make-corpus mix --response` has it; `breaks` is the
        share of the questions with a short pause inside.
        """
        self.breaks = breaks
        self.response = round(16 * response)
        self.folder, self.before = Path(folder), before
        self.unfinished, self.misses = unfinished, misses
        lines = (self.folder / "utterances.jsonl").read_text().splitlines()
        self.utterances = [json.loads(line) for line in lines]

    @cached_property
    def pcm(self) -> np.ndarray:
        """All samples, mapped, not read."""
        return np.memmap(self.folder / "samples.pcm", dtype="<i2", mode="r")

    def parts(self, place: int) -> list[tuple[dict[str, Any], int]]:
        """The utterances of an item and the sample at which each begins."""
        draw = random.Random(place)
        utterance = self.utterances[place]
        start = draw.randint(*self.LEAD)
        is_broken = random.Random(f"break {place}").random() < self.breaks
        if utterance.get("after") is not None:
            before, pause = self.utterances[utterance["after"]], draw.randint(*self.PAUSE)
            if is_broken:
                pause = draw.randint(*self.SHORT_PAUSE)
            return [(before, start), (utterance, start + before["count"] + pause)]
        if is_broken and utterance["kind"] == "question":
            first = utterance["offset"]
            quiet = quiet_places(self.pcm[first : first + utterance["count"]])
            if quiet:
                cut, pause = draw.choice(quiet), draw.randint(*self.SHORT_PAUSE)
                rest = {"offset": first + cut, "count": utterance["count"] - cut}
                # The words are all written behind the pause: where it is in them is not known.
                return [
                    (utterance | {"count": cut, "text": ""}, start),
                    (utterance | rest, start + cut + pause),
                ]
        return [(utterance, start)]

    def samples(
        self, conversation: Conversation, first: int, last: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The recording from a block to a block, and silence."""
        whole = np.zeros(conversation.blocks * BLOCK, dtype="<i2")
        for utterance, start in self.parts(conversation.offset):
            place = utterance["offset"]
            whole[start : start + utterance["count"]] = (
                self.pcm[place : place + utterance["count"]]
            )
        part = whole[first * BLOCK : last * BLOCK]
        return part, np.zeros_like(part)

    @cached_property
    def conversations(self) -> list[Conversation]:
        """Every utterance; those that are asked something have a turn without sound."""
        size = (self.folder / "samples.pcm").stat().st_size // 2
        return [
            self._conversation(place) for place, utterance in enumerate(self.utterances)
            if utterance["offset"] + utterance["count"] <= size
        ]

    def _conversation(self, place: int) -> Conversation:
        parts = self.parts(place)
        user = tuple(
            Utterance(
                u["text"], start, start + u["count"], "user", u["kind"], u["speaker"]["engine"],
                u["speaker"]["voice"], (u.get("exchange") or {}).get("form") or "",
                (u.get("exchange") or {}).get("answer") or "", self.before + u["offset"],
            )
            for u, start in parts
        )
        turns: tuple[Turn, ...] = ()
        blocks = -(-(user[-1].end + self.TAIL) // BLOCK)
        is_first_part = user[-1].kind == "pause-part" and len(parts) == 1
        answer = self.unfinished if is_first_part else user[-1].answer
        if answer and user[-1].kind != "barge-in-related":
            wait = self.DIGITS_RESPONSE if user[-1].kind == "digits" else self.response
            wait = self.UNFINISHED_RESPONSE if is_first_part else wait
            due = -(-(user[-1].end + wait) // BLOCK) - 1
            draw = random.Random(f"late {place}")
            late = draw.randint(1, self.LATENESS) if draw.random() < self.misses else 0
            shift = due + late
            # No word of the world takes more than one token, and a comma or a full stop one more.
            length = len(re.findall(r"[\w']+|[^\w\s]", answer))
            # It ends with the text: without sound there is no way back to learn.
            blocks = shift + length + 1
            about = len(user) - 1
            turns = (Turn(shift, answer, blocks, "none", about=about, due=due if late else -1),)
        return Conversation(
            f"{self.folder.name}-{place}", "bank", blocks, user, turns, (), {}, 0, place, self
        )


def bank_size(folder: str | Path) -> int:
    """The samples of a bank."""
    return (Path(folder) / "samples.pcm").stat().st_size // 2


def read(
    folders: list[str], shards: int | None = None, users: Sequence[str] = (), unfinished: str = "",
    misses: float = 0.0, response: float = 80.0, breaks: float = 0.0,
) -> list[Conversation]:
    """The conversations of several folders, one after the other; a bank's are its utterances.

    `users` are the banks that are mixed from, in the order in which their samples are counted;
    `unfinished` is what is answered where a question of a bank breaks off, `misses` the share of banks'
    answers that begin late, `response` the milliseconds until one is due, `breaks` the share of banks'
    questions with a short pause inside.
    """
    found: list[Conversation] = []
    for folder in folders:
        if (Path(folder) / "utterances.jsonl").exists():
            earlier = users[: users.index(folder)] if folder in users else ()
            before = sum(map(bank_size, earlier))
            found += Bank(folder, before, unfinished, misses, response, breaks).conversations
        else:
            found += Corpus(folder, shards).conversations
    return found
