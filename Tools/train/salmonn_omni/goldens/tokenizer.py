"""Two small byte-level tokenizers, arranged as Llama 3's and Qwen 2's, and what they encode."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers

CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = CONTRACTIONS + r"\p{N}{1,3}" + REST
QWEN2 = CONTRACTIONS + r"\p{N}" + REST

WORDS = (
    "the a of and to in is it you that he was for on are with as his they be at one have this "
    "from or had by hot but some what there we can out other were all your when up use word how "
    "said each she which do their time if will way about many then them would write like so "
    "these her long make thing see him two has look more day could go come did my sound no most "
    "number who over know water than call first people may down side been now find listening "
    "speaking turn voice quiet speech stream block answer question morning evening window river "
    "don't it's we'll I'm you're they've he'd DON'T IT'S WE'LL 2024 1999 31 100 3.14 12,500 "
    "Straße über größer français déjà garçon niño mañana ação coração świat żółty čeština "
    "привет мир говорить слушать вода γλώσσα νερό φωνή שלום מים قول ماء صوت नमस्ते पानी "
    "你好 世界 声音 说话 听 水 今天 こんにちは 水 音声 カタカナ 안녕하세요 목소리 물 สวัสดี น้ำ"
).split()

# Pieces that texts are put together from: what the patterns tell apart, and their edges.
FRAGMENTS = [
    *WORDS,
    *"'s 'S 't 'T 're 'RE 'rE 've 'VE 'm 'M 'll 'LL 'lL 'd 'D '\u017f 'x ' '' \u2019s".split(),
    *[" ", "  ", "   ", "\t", "\t\t", "\n", "\n\n", "\r\n", "\r", " \n", "\n ", "\u00a0", "\u2028"],
    *["\u2029", "\u3000", "\u0085", "\u1680", "\u202f", "\u000b", "\u000c", "\u001c", "\u200b"],
    *["\u180e", "\ufeff", " " * 9, "\n" * 4, " \t \n \t"],
    *"0 7 42 123 1234 12345 1234567 ٣٤٥٦ ४५ Ⅷ ½ ² ③ 〇 𝟙𝟚 𐄇".split(),
    *". , ! ? ... !! ?! - -- _ __ # @ & * ( ) [ ] { } / \\ < > <| |> = + ~ ` $ € £ %".split(),
    *['^', ':', ';', '"'],
    *"😀 👍🏽 👨‍👩‍👧 🏳️‍🌈 🇩🇪 ❤️ ☕ 🧑‍🚀".split(),
    *["e\u0301", "a\u030a", "o\u0302\u0323", "o\u0323\u0302", "\u0301", "\u0345\u0f73"],
    *["\u1100\u1161", "\u1112\u1161\u11ab", "\uac00\u11a8", "\u212b", "\u2126", "\uf900"],
    *["\u0344", "\u0958", "q\u0307\u0323"],
    *["\x00", "\x01", "\x7f", "\x9f", "\U000e0001", "\U0010ffff", "\ufffd", "\u200d", "\u200f"],
    *"<think> <shift> <|begin_of_text|> <|end_of_text|> <|eot_id|> <|im_start|> <|im_end|>".split(),
    *"<|endoftext|> [breath] <strong> </strong> <tool> <tool>> café cafe\u0301 turnover".split(),
    *["<|im_start|", "<|eot_id", "<|", "<think", "think>", " [breath]", "<strong>  ", "turn"],
]


def corpus(lines: int = 3000) -> Iterator[str]:
    """Text to train on: words in a random order, some far more often than others."""
    draw = random.Random(1)
    weights = [1 / (1 + rank) ** 0.5 for rank in range(len(WORDS))]
    for _ in range(lines):
        words = draw.choices(WORDS, weights, k=draw.randint(3, 14))
        yield " ".join(words).capitalize() + draw.choice([".", "!", "?", ", ...", "\n\n", "\r\n"])


def texts(count: int, seed: int, longest: int = 7) -> list[str]:
    """Texts of fragments and of single random characters."""
    draw = random.Random(seed)

    def scalar() -> str:
        top = draw.choice([0x80, 0x250, 0x3000, 0x10000, 0x20000, 0x110000])
        value = draw.randrange(top)
        return "\ue000" if 0xD800 <= value < 0xE000 else chr(value)

    def piece() -> str:
        kind = draw.random()
        if kind < 0.68:
            return draw.choice(FRAGMENTS)
        return " " if kind < 0.8 else scalar()

    first = ["", " ", "\n", "I'LL go 12345 now!!\n\n  x  y\t\tz", "don't   stop \n ok", "3.14159"]
    first.append("你好，世界 café")
    return first + [
        "".join(piece() for _ in range(draw.randint(1, longest))) for _ in range(count - len(first))
    ]


def train(pattern: str, vocabulary: int) -> Tokenizer:
    """Byte-level byte-pair encoding with a pattern, without added tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def with_ignored_merges(tokenizer: Tokenizer, dropped: int = 60) -> Tokenizer:
    """Takes whole tokens as they are; some of them have no merges any more, as in Llama 3."""
    state = json.loads(tokenizer.to_str())
    state["model"]["ignore_merges"] = True
    merges = state["model"]["merges"]
    state["model"]["merges"] = [m for i, m in enumerate(merges) if i < 200 or i % dropped]
    return Tokenizer.from_str(json.dumps(state))


def llama3() -> Tokenizer:
    """The arrangement of Llama 3."""
    tokenizer = with_ignored_merges(train(LLAMA3, 1200))
    names = "begin_of_text end_of_text start_header_id end_header_id eot_id".split()
    tokenizer.add_special_tokens([f"<|{name}|>" for name in names] + ["<think>", "<shift>"])
    begin = "<|begin_of_text|>"
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{begin} $A",
                pair=f"{begin} $A {begin} $B:1",
                special_tokens=[(begin, tokenizer.token_to_id(begin))],
            ),
        ]
    )
    return tokenizer


def qwen2() -> Tokenizer:
    """The arrangement of Qwen 2, merges as strings, and added tokens of every kind."""
    tokenizer = train(QWEN2, 1000)
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>"])
    tokenizer.add_special_tokens([AddedToken("[breath]", lstrip=True, normalized=False)])
    tokenizer.add_tokens(
        [
            AddedToken("<strong>", rstrip=True, normalized=False),
            AddedToken("</strong>", lstrip=True, rstrip=True, normalized=False),
            AddedToken("<tool>", normalized=True),
            AddedToken("<tool>>", normalized=True),
            AddedToken("turn", single_word=True, normalized=False),
            AddedToken("cafe\u0301", normalized=True),
        ]
    )
    state = json.loads(tokenizer.to_str())
    state["model"]["merges"] = [" ".join(pair) for pair in state["model"]["merges"]]
    return Tokenizer.from_str(json.dumps(state))


def save(tokenizer: Tokenizer, path: Path, merges_as_strings: bool) -> None:
    """Writes a tokenizer without spaces."""
    state = json.loads(tokenizer.to_str())
    if merges_as_strings:
        state["model"]["merges"] = [" ".join(pair) for pair in state["model"]["merges"]]
    path.write_text(json.dumps(state, ensure_ascii=False, separators=(",", ":")))


def compact(rows: list) -> str:
    """One row of JSON a line."""
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def decodings(tokenizer: Tokenizer, count: int, seed: int) -> list:
    """Random ids, which make broken UTF-8, with and without special tokens in their text."""
    draw = random.Random(seed)
    vocabulary = tokenizer.get_vocab_size()
    rows = []
    for _ in range(count):
        tops = [draw.choice([256, vocabulary]) for _ in range(draw.randint(0, 12))]
        ids = [draw.randrange(top) for top in tops]
        kept = tokenizer.decode(ids, skip_special_tokens=False)
        rows.append([ids, kept, tokenizer.decode(ids, skip_special_tokens=True)])
    return rows


def write(root: Path) -> None:
    """Writes both tokenizers, 10,000 texts with their ids, and 500 decodings of each."""
    folder = root / "TokenizationTests" / "Goldens" / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizers = {"llama3": llama3(), "qwen2": qwen2()}
    samples = texts(10_000, seed=2)
    rows = []
    for text in samples:
        ids = [t.encode(text, add_special_tokens=False).ids for t in tokenizers.values()]
        decoded = tokenizers["qwen2"].decode(ids[1], skip_special_tokens=False)
        rows.append([text, *ids] + ([decoded] if decoded != text else []))
    (folder / "texts.json").write_text(compact(rows))
    for name, tokenizer in tokenizers.items():
        save(tokenizer, folder / f"{name}.json", merges_as_strings=name == "qwen2")
        (folder / f"{name}-decodings.json").write_text(compact(decodings(tokenizer, 500, seed=3)))
    plain = [tokenizers["llama3"].decode(row[1], skip_special_tokens=False) for row in rows]
    assert plain == samples, "the arrangement of Llama 3 keeps every text"
