"""Quick measures of a model on held-out conversations: what it answers, and when it does what.

The windows are those of the design: an answer's first sound comes from 0.16 s before to 1.5 s
after the end of the user's speech; an interrupted assistant stops within 1 s of the phrase's end,
with 2 s or more left to say.
The official scorer works on recorded sessions; this one on the decisions alone.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from ..training import settings
from . import corpus
from .corpus import Conversation, Event
from .model import BLOCK, DialogueModel, ModelConfig
from .rollout import Spoken, roll, text_of

BEFORE, AFTER, STOP, LEFT = int(0.16 * 16000), int(1.5 * 16000), 16000, 32000


class Scores:
    """Counts and delays over conversations."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.delays: dict[str, list[float]] = {}
        self.wrong: list[tuple[str, str]] = []

    def add(self, conversation: Conversation, said: list[Spoken], tokenizer: Tokenizer) -> None:
        """Counts the events of a conversation."""
        for event in conversation.events:
            {
                "turn": self._turn, "pause": self._pause, "barge-in": self._stop,
                "distractor": self._stop, "idle": self._idle,
            }[event.kind](event, conversation, said, tokenizer)

    def _turn(
        self, event: Event, conversation: Conversation, said: list[Spoken], tokenizer: Tokenizer
    ) -> None:
        self.counts["turns"] += 1
        inside = [
            s for s in said
            if event.start <= s.audible() < event.end - BEFORE
            and s.shift * BLOCK >= event.start
        ]
        found = [s for s in said if event.end - BEFORE <= s.audible() <= event.end + AFTER]
        if found and not inside:
            self.counts["turns taken"] += 1
            self.delays.setdefault("first sound", []).append((found[0].audible() - event.end) / 16)
            expected = conversation.turns[event.assistant]
            text = text_of(found[0], tokenizer)
            # An answer that is cut short in the script cannot be judged by its whole text.
            if expected.cause == "end":
                self.counts["texts"] += 1
                self.counts["texts correct"] += text == expected.text
                if text != expected.text:
                    self.wrong.append((expected.text, text))
        else:
            self.counts["turns early"] += bool(inside)
            self.counts["texts missed"] += conversation.turns[event.assistant].cause == "end"

    def _pause(
        self, event: Event, conversation: Conversation, said: list[Spoken], tokenizer: Tokenizer
    ) -> None:
        self.counts["pauses"] += 1
        self.counts["starts at pauses"] += any(
            event.start <= (s.shift + 1) * BLOCK <= event.end + 2 * BLOCK for s in said
        )

    def _idle(
        self, event: Event, conversation: Conversation, said: list[Spoken], tokenizer: Tokenizer
    ) -> None:
        self.counts["idle"] += 1
        self.counts["starts when idle"] += any(
            event.start < s.shift * BLOCK < event.end for s in said
        )

    def _stop(
        self, event: Event, conversation: Conversation, said: list[Spoken], tokenizer: Tokenizer
    ) -> None:
        turn = conversation.turns[event.assistant]
        speaking = [
            s for s in said
            if s.turn == event.assistant and (s.back < 0 or s.back * BLOCK >= event.start)
        ]
        if not speaking:
            self.counts[f"{event.kind} not speaking"] += 1
            return
        delay = (speaking[0].shift - turn.shift) * BLOCK
        if event.type != "silence" and turn.full_end + delay + BLOCK - event.end < LEFT:
            self.counts[f"{event.kind} with little left"] += 1
            return
        back = speaking[0].back
        until = event.end + (STOP if event.type != "silence" else -2 * BLOCK)
        # With at most two blocks left it is the natural end, which is no stop.
        last = turn.full_end + delay - 3 * BLOCK
        stops = 0 <= back and event.start <= (back + 1) * BLOCK <= min(until, last)
        self.counts[f"{event.type} {event.expected}"] += 1
        self.counts[f"{event.type} {event.expected} stops"] += stops
        if stops and event.expected == "stop":
            self.delays.setdefault("stop", []).append(((back + 1) * BLOCK - event.end) / 16)

    def table(self) -> dict[str, float]:
        """The measures, shares from 0 to 1, times in milliseconds."""
        c = self.counts

        def share(part: float, whole: float) -> float:
            return part / whole if whole else float("nan")

        def f1(positives: list[str], negatives: list[str]) -> tuple[float, float, float]:
            hits = sum(c[f"{n} stop stops"] for n in positives)
            false = sum(c[f"{n} none stops"] for n in negatives)
            precision = share(hits, hits + false)
            recall = share(hits, sum(c[f"{n} stop"] for n in positives))
            return precision, recall, share(2 * precision * recall, precision + recall)

        results = {
            "turns": c["turns"],
            "turn-taking success": share(c["turns taken"], c["turns"]),
            "text correct, of turns": share(c["texts correct"], c["texts"] + c["texts missed"]),
            "text correct, of answers": share(c["texts correct"], c["texts"]),
            "starts at pauses": share(c["starts at pauses"], c["pauses"]),
            "starts when idle": share(c["starts when idle"], c["idle"]),
            "stops at backchannels": share(c["backchannel none stops"], c["backchannel none"]),
            "stops at unrelated": share(c["unrelated none stops"], c["unrelated none"]),
        }
        for name, positives, negatives in (
            ("context-independent", ["direct"], ["backchannel"]),
            ("context-dependent", ["related"], ["unrelated", "silence"]),
            ("overall", ["direct", "related"], ["backchannel", "unrelated", "silence"]),
        ):
            precision, recall, score = f1(positives, negatives)
            results |= {f"{name} precision": precision, f"{name} recall": recall,
                        f"{name} F1": score}
        for name, values in self.delays.items():
            results[f"{name} ms, mean"] = float(np.mean(values))
        return results


def score(
    model: DialogueModel, conversations: list[Conversation], tokenizer: Tokenizer,
    oracle: bool = False,
) -> tuple[dict[str, float], Scores]:
    """Runs the model through conversations and counts."""
    scores = Scores()
    for conversation, said in zip(conversations, roll(model, conversations, oracle=oracle)):
        scores.add(conversation, said, tokenizer)
    return scores.table(), scores


def load(run: Path) -> tuple[DialogueModel, Tokenizer]:
    """The model of a training run's folder, and its tokenizer."""
    config = json.loads((run / "config.json").read_text())
    model = DialogueModel(settings.from_json(ModelConfig, config["model"]))
    model.load_state_dict(torch.load(run / "model.pt", weights_only=True))
    return model.eval(), Tokenizer.from_file(config["tokenizer"])


def main(arguments: list[str] | None = None) -> None:
    """Prints a table for each folder of conversations, and writes them as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training run")
    parser.add_argument("--data", nargs="+", required=True, help="folders of conversations")
    parser.add_argument("--count", type=int, default=200, help="the most of each folder")
    parser.add_argument("--out", type=Path, help="a JSON file")
    parser.add_argument("--wrong", type=int, default=0, help="print so many wrong answers")
    parser.add_argument("--oracle", action="store_true",
                        help="answers begin where the script says")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    model, tokenizer = load(options.run)
    tables = {}
    for folder in options.data:
        conversations = corpus.read([folder])[: options.count]
        table, scores = score(model, conversations, tokenizer, options.oracle)
        tables[Path(folder).name] = table
        print(f"{folder}: {len(conversations)} conversations")
        for name, value in table.items():
            print(f"  {name:32} {value:8.3f}")
        print(f"  {dict(scores.counts)}")
        for expected, found in scores.wrong[: options.wrong]:
            print(f"  - {expected}\n    {found}")
    if options.out:
        options.out.write_text(json.dumps(tables, indent=2) + "\n")


if __name__ == "__main__":
    main()
