"""The hidden states that predict the words of answers: what the synthesizer is connected to.

Each answer is read as in training, with the right words before it, so that the states are those of
the model when it says just this. Answers that a conversation cuts short are left out, and with
`--own` those that the model would not have given: a state that is between two words then stands for
the one that it says. `--ratios` makes more of them unsure, as strangers' voices do.
"""

import argparse
import json
import random
from collections import Counter
from pathlib import Path

import torch

from ..voice.connect import Answer, write_hidden
from . import labels
from .labels import SHIFT
from .train import DialogueTask, Item, of_run


def hidden_states(
    task: DialogueTask, items: list[Item], seeds: list[int] | None = None, own: bool = False
) -> list[Answer]:
    """The tokens of every whole answer of some conversations, and the tapped states.

    `own` leaves out those of which any token is not the model's choice.
    """
    batch = task.made(items, seeds)
    model, sequences = task.model, batch.sequences
    with torch.no_grad():
        audio = model.audio_embeddings(batch.environment, batch.assistant)
        final, tapped = model.language(model.positions(audio, sequences), tap=model.config.tap)
    answers = []
    for row, item in enumerate(items):
        first, last = task.part(item, seeds[row] if seeds else None)
        laid = labels.positions(task.block_tokens(item), first, last, 1)
        for turn in item.conversation.turns:
            text = task.tokenizer.encode(turn.text).ids
            if turn.cause == "yield" or turn.shift < first:
                continue
            until = turn.shift + len(text)
            places = [
                place for place, (block, target) in enumerate(zip(laid.block, laid.target))
                if turn.shift <= block < until and target > SHIFT
            ]
            if [int(laid.target[place]) for place in places] != text:
                continue
            chosen = model.language.logits(final[row, places]).argmax(-1) if own else None
            if chosen is None or chosen.tolist() == text:
                answers.append(Answer(text, tapped[row, places].half().cpu()))
    return answers


def main(arguments: list[str] | None = None) -> None:
    """Writes the file that the stage `connect` of the voice reads."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training run")
    parser.add_argument("--data", nargs="+", help="folders of conversations, or banks; the run's")
    parser.add_argument("--count", type=int, default=8000, help="the most answers")
    parser.add_argument("--each", type=int, default=12, help="the most answers of one text")
    parser.add_argument("--seconds", type=float, default=600, help="of sound in a batch")
    parser.add_argument("--own", action="store_true", help="only answers that the model gives")
    parser.add_argument("--ratios", nargs=2, type=float, metavar=("LEAST", "MOST"),
                        help="decibels of speech over noise; the run's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a safetensors file")
    options = parser.parse_args(arguments)
    values = json.loads((options.run / "config.json").read_text())
    changes = {"trainer": values["trainer"] | {"seed": options.seed}}
    if options.data:
        changes["train"] = options.data
    if values.get("studio"):
        changes["seconds"] = options.seconds
        if options.ratios:
            around = values["studio"]["surroundings"] | {"ratios": options.ratios}
            changes["studio"] = values["studio"] | {"surroundings": around}
    task = of_run(options.run, **changes)
    torch.set_num_threads(task.config.trainer.threads)
    device = task.processes.device.type
    answers: list[Answer] = []
    texts: Counter[tuple[int, ...]] = Counter()
    steps = len(task.plan.epoch(0))
    for step in range(steps):
        chosen = task.plan.seeded(step)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            items, seeds = [task.items[i] for i, _ in chosen], [s for _, s in chosen]
            found = hidden_states(task, items, seeds, options.own)
        for answer in found:
            texts[tuple(answer.tokens)] += 1
            if texts[tuple(answer.tokens)] <= options.each:
                answers.append(answer)
        if len(answers) >= options.count:
            break
        if step % 50 == 49:
            print(f"{step + 1} of {steps} batches, {len(answers)} answers", flush=True)
    # In no order of length: the stage keeps the last ones out of training.
    random.Random(options.seed).shuffle(answers)
    write_hidden(options.out, answers[: options.count])
    print(f"{options.out}: {len(answers[: options.count])} answers, {len(texts)} texts")


if __name__ == "__main__":
    main()
