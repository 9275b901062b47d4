"""The tokenizer of the small world: whole words, and bytes for everything else.

It is byte-level BPE in Llama 3's arrangement with `ignore_merges`: a pre-token that is in the
vocabulary is one token whatever the merges say. Ids are never given anew: words that are added to
an existing tokenizer take the ids after the last.
"""

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from ..goldens.tokenizer import LLAMA3

THINK, SHIFT = "<think>", "<shift>"
#: The sizes of the models' embeddings: the ids after the last word are free.
CAPACITY = 2048
WORDS = Path(__file__).with_name("words.txt")


def strings(value: object) -> Iterable[str]:
    """Every text in a JSON value; a slot such as `{room}` is none."""
    if isinstance(value, str):
        yield re.sub(r"\{\w+\}", " ", value)
    elif isinstance(value, dict):
        yield from (text for part in value.values() for text in strings(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in strings(part))


def read_lines(path: Path) -> list[str]:
    """The world's text: the lines of a text file, or every string of a JSON file."""
    if path.suffix == ".json":
        return list(strings(json.loads(path.read_text())))
    return path.read_text().splitlines()


def train(lines: Iterable[str], merges: int = 300) -> Tokenizer:
    """A tokenizer for lines of text: bytes, pieces for unknown words, then every word."""
    lines = list(lines)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=258 + merges, special_tokens=[THINK, SHIFT], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([form for line in lines for form in (line, " " + line)], trainer)
    state = json.loads(tokenizer.to_str())
    state["model"]["ignore_merges"] = True
    return with_words(Tokenizer.from_str(json.dumps(state)), lines)


def pre_tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    """What a text is split into before merging, in the spelling of the vocabulary."""
    return [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def with_words(tokenizer: Tokenizer, lines: Iterable[str]) -> Tokenizer:
    """The tokenizer with every word of the lines as a token; ids that are there stay.

    Words as they stand in the text come first, the commonest first, then their other forms.
    """
    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    found: Counter[str] = Counter()
    others: dict[str, None] = {}
    for line in lines:
        found.update(pre_tokens(tokenizer, line))
        found.update(pre_tokens(tokenizer, " " + line)[:1])
    for piece in sorted(found):
        bare = piece.removeprefix("Ġ")
        if bare.isascii() and bare.isalpha():
            others |= dict.fromkeys([bare, "Ġ" + bare])
    wanted = [piece for piece, _ in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))]
    for piece in [*wanted, *others]:
        vocabulary.setdefault(piece, len(vocabulary))
    if len(vocabulary) > CAPACITY:
        raise ValueError(f"{len(vocabulary)} tokens; the models have room for {CAPACITY}")
    return Tokenizer.from_str(json.dumps(state))


def save(tokenizer: Tokenizer, path: Path) -> None:
    """Writes the file that the models ship with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = json.loads(tokenizer.to_str())
    path.write_text(json.dumps(state, ensure_ascii=False, separators=(",", ":")) + "\n")


def main(arguments: list[str] | None = None) -> None:
    """Trains on text, or adds a text's words to a tokenizer that is there."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", required=True, type=Path, help="the tokenizer.json")
    parser.add_argument("--text", type=Path, nargs="*", default=[], help="lines of text, or JSON files")
    parser.add_argument("--add", action="store_true", help="keep the ids of the file that is there")
    options = parser.parse_args(arguments)
    lines = [line for path in [WORDS, *options.text] for line in read_lines(path)]
    if options.add:
        tokenizer = with_words(Tokenizer.from_file(str(options.out)), lines)
    else:
        tokenizer = train(lines)
    save(tokenizer, options.out)
    print(f"{options.out}: {tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
