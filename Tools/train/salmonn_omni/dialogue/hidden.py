"""The hidden states that predict the words of answers: what the synthesizer is connected to.

Each answer is read as in training, with the right words before it, so that the states are those of
the model when it says just this. Answers that a conversation cuts short are left out.
"""

import argparse
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer

from ..voice.connect import Answer, write_hidden
from . import corpus
from .corpus import Conversation
from .evaluate import load
from .labels import SHIFT, conversation_tokens, positions, together
from .model import DialogueModel
from .sound import features


def whole_answers(conversations: list[Conversation], count: int, seed: int) -> list[Conversation]:
    """Conversations of one whole answer each: every text once, then others, until `count`."""
    found = [c for c in conversations if len(c.turns) == 1 and c.turns[0].cause in ("end", "none")]
    random.Random(seed).shuffle(found)
    texts: set[str] = set()
    first, again = [], []
    for conversation in found:
        text = conversation.turns[0].text
        (again if text in texts else first).append(conversation)
        texts.add(text)
    return (first + again)[:count]


def hidden_states(
    model: DialogueModel, tokenizer: Tokenizer, conversations: list[Conversation]
) -> list[Answer]:
    """The tokens of each conversation's answer and the tapped states."""
    width = max(c.blocks for c in conversations)
    sounds = [c.heard(0, c.blocks) for c in conversations]
    streams = [
        features([pair[place].astype("float32") / 32768 for pair in sounds], model.mel, width)
        for place in (0, 1)
    ]
    tokens = [conversation_tokens(c, tokenizer) for c in conversations]
    rows = [positions(t, 0, len(t.last), width) for t in tokens]
    sequences = together(rows)
    with torch.no_grad():
        audio = model.audio_embeddings(*streams)
        _, tapped = model.language(model.positions(audio, sequences), tap=model.config.tap)
    answers = []
    for index, conversation in enumerate(conversations):
        text = tokenizer.encode(conversation.turns[0].text).ids
        speaks = sequences.target[index] > SHIFT
        if sequences.target[index][speaks].tolist() == text:
            answers.append(Answer(text, tapped[index][speaks].float()))
    return answers


def main(arguments: list[str] | None = None) -> None:
    """Writes the file that the stage `connect` of the voice reads."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--run", type=Path, required=True, help="the folder of a training run")
    parser.add_argument("--data", nargs="+", required=True, help="folders of conversations, or banks")
    parser.add_argument("--count", type=int, default=8000, help="the most answers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="a safetensors file")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    model, tokenizer = load(options.run)
    chosen = whole_answers(corpus.read(options.data), options.count, options.seed)
    order = sorted(chosen, key=lambda c: c.blocks)
    answers: list[Answer] = []
    for start in range(0, len(order), 16):
        answers += hidden_states(model, tokenizer, order[start : start + 16])
    # In no order of length: the stage keeps the last ones out of training.
    random.Random(options.seed).shuffle(answers)
    write_hidden(options.out, answers)
    print(f"{options.out}: {len(answers)} answers of {len(chosen)}")


if __name__ == "__main__":
    main()
