"""Lines, pitch, alignment and pieces of speech."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from salmonn_omni.training.processes import Processes
from salmonn_omni.voice import borders, heard, lines
from salmonn_omni.voice.alignment import Lexicon, spoken_words, words_of
from salmonn_omni.voice.crops import crops_of, speech
from salmonn_omni.voice.data import Utterance
from salmonn_omni.voice.engines import PHONES, segments_of
from salmonn_omni.voice.moonshine import spoken
from salmonn_omni.voice.pitch import pitch_track
from salmonn_omni.voice.recogniser import arpa, word_errors, words

torch.set_num_threads(1)


def test_lines_repeat_with_a_seed_and_differ_without() -> None:
    assert lines.lines(300, 1) == lines.lines(300, 1)
    assert lines.lines(300, 1) != lines.lines(300, 2)
    assert len(set(lines.lines(300, 1))) == 300


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "zero"), (17, "seventeen"), (40, "forty"), (99, "ninety nine"), (600, "six hundred"),
     (214, "two hundred and fourteen")],
)
def test_numbers_are_said_in_words(number: int, said: str) -> None:
    assert lines.number(number) == said


def test_sums_are_right() -> None:
    values = {lines.number(n): n for n in range(1000)}
    signs = {"plus": int.__add__, "minus": int.__sub__, "times": int.__mul__}
    checked = 0
    for seed in range(300):
        line = lines._sum(random.Random(seed)).lower().rstrip(".")
        for word, act in signs.items():
            if f" {word} " in line:
                said, _, result = line.replace(" makes ", " is ").partition(" is ")
                a, b = said.split(f" {word} ")
                assert act(values[a], values[b]) == values[result], line
                checked += 1
    assert checked > 50


def test_composed_lines_consist_of_sentences_of_the_others() -> None:
    given = ["one two.", "three.", "first a b c d e f g. then h i j k l m n o p."]
    sentences = {"one two", "three", "first a b c d e f g", "then h i j k l m n o p"}
    for line in lines.composed(given, 5):
        parts = [part.strip() for part in line.split(".") if part.strip()]
        assert len(parts) >= 2 and set(parts) <= sentences


def test_a_corpus_is_read_from_shards_and_tables(tmp_path) -> None:
    (tmp_path / "shard-0.jsonl").write_text('{"text": "a frog."}\n{"text": "a dog."}\n')
    table = tmp_path / "text.tsv"
    table.write_text("what is it\ta dog.\nwho is it\ta cat.\nand who\ta cat.\n")
    assert lines.read(tmp_path) == ["a frog.", "a dog."]
    assert lines.read(table) == ["a cat.", "a dog."]


@pytest.mark.parametrize("hertz", [120.0, 171.3, 240.0])
def test_the_pitch_of_a_buzz_is_found(hertz: float) -> None:
    n = np.arange(16000) / 16000
    buzz = sum(np.cos(2 * np.pi * hertz * k * n) for k in range(1, 12)) / 12
    buzz[8000:] = 0
    found = pitch_track(buzz, 16000, 320)
    assert len(found) == 50
    assert np.abs(found[2:22] - hertz).max() < 1
    assert not found[28:].any()


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 16000)
    assert (pitch_track(noise, 16000, 320) > 0).mean() < 0.1


def test_words_are_found_in_the_phones_though_some_are_not_said(tmp_path) -> None:
    lexicon = Lexicon(tmp_path / "lexicon.json", "flite", "slt")
    names = {"a": ["ax"], "cat": ["k", "ae", "t"], "sat": ["s", "ae", "t"]}
    lexicon.entries = {w: [PHONES.index(p) for p in phones] for w, phones in names.items()}
    said = "pau ax ax k ae ae t pau s s ae pau".split()
    found = spoken_words(
        np.array([PHONES.index(p) for p in said]), words_of("A cat, sat."), lexicon
    )
    assert found.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2]


def test_hibaris_letters_become_phones_with_their_ends() -> None:
    letters = ["", *"ˈI dˈu, nˈO.", ""]
    durations = [10, 1, 3, 2, 2, 1, 2, 1, 4, 3, 1, 4, 10, 6]
    said = segments_of(letters, durations)
    assert [phone for phone, _ in said] == ["pau", "ay", "d", "uw", "pau", "n", "ow", "pau"]
    # The space after "I" is short and belongs to it; a stress mark is part of what follows.
    assert [round(end / 0.025) for _, end in said] == [10, 16, 18, 21, 26, 29, 34, 50]


def utterance(tokens: int, seed: int, text: str = "a") -> Utterance:
    """Noise in the form of an utterance."""
    draw = np.random.default_rng(seed)
    return Utterance(
        text, draw.integers(-9000, 9000, 640 * tokens).astype(np.int16),
        draw.normal(0, 1, (2 * tokens, 80)).astype(np.float16),
        draw.uniform(100, 200, 2 * tokens).astype(np.float32),
        draw.integers(0, len(PHONES), 2 * tokens).astype(np.uint8),
    )


def test_the_shares_of_processes_are_the_batch_of_one() -> None:
    said = [utterance(n, n) for n in (5, 30, 60)]
    plan = crops_of(said, 7, 20, seed=3, grid=4)
    crops = plan.at(11)
    assert crops == plan.at(11) and crops != plan.at(12)
    assert all(crop.start % 4 == 0 and crop.length <= 20 for crop in crops)
    cpu = torch.device("cpu")
    whole = speech(said, crops, Processes(0, 1, cpu))
    shares = [speech(said, crops, Processes(rank, 2, cpu)) for rank in range(2)]
    assert whole is not None
    for rank, share in enumerate(shares):
        assert share is not None
        torch.testing.assert_close(share.mel, whole.mel[rank::2])
        torch.testing.assert_close(share.samples, whole.samples[rank::2])
        assert share.lengths.tolist() == whole.lengths[rank::2].tolist()


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("a b c", "a b c", 0), ("a b c", "a c", 1), ("a b", "x a b y", 2), ("a", "b", 1),
        ("", "a", 1),
    ],
)
def test_word_errors_are_counted(said: str, heard: str, errors: int) -> None:
    assert word_errors(said.split(), heard.split()) == errors


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("The 11th month is November.", "the eleventh month is november"),
        ("Twenty-four, 24; the 20th, the 3rd.", "twenty four twenty four the twentieth the third"),
        ("863", "eight six three"),
        ("My favorite color: gray. I cannot.", "my favourite colour grey i can not"),
        ("It's OK", "it's okay"),
    ],
)
def test_figures_and_spellings_become_spoken_words(written: str, said: str) -> None:
    assert spoken(written) == said.split()


def test_the_shares_after_a_word_sum_to_one() -> None:
    said = [words(line) for line in ("a b.", "a c, a b.", "b.")]
    text = arpa(said, {"a", "b", "c", "d"})
    single, left, pair = {}, {}, {}
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[2][0] in "-0123456789":
            single[parts[1]], left[parts[1]] = 10 ** float(parts[0]), 10 ** float(parts[2])
        elif len(parts) == 3:
            pair[parts[1], parts[2]] = 10 ** float(parts[0])
    every = ["a", "b", "c", "d", "</s>"]
    assert sum(single[w] for w in every) == pytest.approx(1, abs=1e-3)
    for first in ("<s>", "a", "b"):
        total = sum(pair.get((first, w), left[first] * single[w]) for w in every)
        assert total == pytest.approx(1, abs=1e-3), first


class Ears:
    """Hears as many times "one" as the sound has tenths of a second."""

    unknown = ["owlet"]

    def words(self, text: str) -> list[str]:
        return words(text)

    def hear(self, samples: np.ndarray) -> list[str]:
        return ["one"] * round(len(samples) / 1600)


def test_answers_are_heard_word_for_word(tmp_path: Path) -> None:
    rows = []
    for place, (expected, text, length) in enumerate([
        ("one one.", "one one.", 2), ("one one.", "one.", 1), ("one.", "one.", 3),
        ("an owlet.", "one.", 1),
    ]):
        soundfile.write(tmp_path / f"{place}.wav", np.zeros(1600 * length), 16000)
        answer = {"expected": expected, "text": text}
        rows.append(json.dumps({"file": f"{place}.wav", "corpus": "qa", "answer": answer}))
    (tmp_path / "answers.jsonl").write_text("\n".join(rows) + "\n")
    table = heard.listen(tmp_path, Ears())["qa"].table()
    assert table["answers"] == 3 and table["answers with unknown words"] == 1
    # The second said what it wrote, which was not what was asked for.
    assert table["speech correct"] == pytest.approx(1 / 3)
    assert table["word error rate"] == pytest.approx(2 / 4)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_border_shows_where_chunks_do_not_go_on_from_each_other(seed: int) -> None:
    draw = np.random.default_rng(seed)
    n = np.arange(20 * borders.CHUNK)
    voice = sum(np.sin(2 * np.pi * h * 140 * n / 16000 + draw.uniform(0, 6)) / h for h in range(1, 20))
    voice = (0.1 * voice * (1 + 0.3 * np.sin(2 * np.pi * 3.1 * n / 16000))).astype(np.float32)
    smooth = borders.ratios([voice])
    assert smooth["borders"] > 15
    assert 0.9 < smooth["spectral change"] < 1.1 and 0.9 < smooth["bend"] < 1.1
    # Every chunk begins with another phase.
    chunks = [np.roll(c, draw.integers(20, 90)) for c in voice.reshape(-1, borders.CHUNK)]
    torn = borders.ratios([np.concatenate(chunks)])
    assert torn["bend"] > 1.5 and torn["spectral change"] > 1.5
    # Nothing is compared where nothing sounds.
    assert borders.ratios([0 * voice])["borders"] == 0


def test_an_answer_begins_with_its_first_sound() -> None:
    assert borders.sound(np.array([0, 0, 0.5, 0, 0.25, 0])).tolist() == [0.5, 0, 0.25, 0]
    assert len(borders.sound(np.zeros(5))) == 0
