"""Labels, the language model, the streaming forms and a stage of training on sounds of our own."""

import json
import math
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from salmonn_omni.dialogue import (
    breaks, calibrate, corpus, decisions, ears, evaluate, export, hidden, labels, language, mean,
    mixing, model, prefer, pretrain, restore, rollout, sound, streaming, text, tokenizer, train,
)
from salmonn_omni.dialogue.corpus import Turn
from salmonn_omni.dialogue.labels import SHIFT, THINK
from salmonn_omni.models.encoder import EncoderConfig, MambaConfig, SpeechEncoder
from salmonn_omni.models.log_mel import LogMel
from salmonn_omni.training import command
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.records import RunLog
from salmonn_omni.training.trainer import Trainer
from salmonn_omni.voice.connect import read_hidden

torch.set_num_threads(1)
ALONE = Processes(0, 1, torch.device("cpu"))
SMALL = model.ModelConfig(
    EncoderConfig(channels=16, mamba=MambaConfig(width=32, layers=2, state_size=16, head_size=16)),
    connector_width=48, language=language.LanguageConfig(2048, 32, 64, 2, 2), tap=1,
)
WORDS = ["one", "two", "three", "four"]


def chord(word: int, count: int = 3200) -> np.ndarray:
    """What a word sounds like here: two tones."""
    n = np.arange(count) / 16000
    tones = np.sin(2 * np.pi * (300 + 170 * word) * n) + np.sin(2 * np.pi * (1500 + 400 * word) * n)
    return 0.2 * tones * np.hanning(count)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty conversations: somebody says two words, and the assistant says them again."""
    root = tmp_path_factory.mktemp("corpus")
    draw = np.random.default_rng(1)
    for split, count in (("train", 40), ("valid", 6)):
        out = root / split
        out.mkdir()
        (out / "corpus.json").write_text("{}")
        offset, lines, pcm = 0, [], b""
        for number in range(count):
            first, second = draw.integers(4, size=2)
            blocks = int(draw.integers(18, 30))
            both = np.zeros((2, blocks * model.BLOCK))
            start = int(draw.integers(0, 4)) * 1280
            for place, word in enumerate((first, second)):
                both[0, start + 4000 * place :][:3200] = chord(word)
            shift = (start + 7200) // 1280 + 1
            heard = (shift + 3) * 1280
            for place, word in enumerate((first, second)):
                both[1, heard + 2560 * place :][:2560] = chord(word, 2560)
            text = f"{WORDS[first]} {WORDS[second]}"
            record = {
                "id": f"{split}{number}", "seed": number, "kind": "qa", "offset": offset,
                "blocks": blocks, "conditions": {},
                "user": [{"speaker": "a", "engine": "tones", "voice": "a", "role": "user",
                          "kind": "question", "text": text, "start": start,
                          "end": start + 7200, "form": "repeat", "answer": text + "."}],
                "assistant": [{"shift": shift, "text": text + ".", "audioStart": heard,
                               "audioEnd": heard + 5120, "fullEnd": heard + 5120,
                               "back": shift + 8, "cause": "end", "about": 0}],
                "events": [{"kind": "turn", "type": "question", "by": "user", "expected": "start",
                            "start": start, "end": start + 7200, "user": 0, "assistant": 0}],
            }
            lines.append(json.dumps(record))
            samples = np.round(both * 32767).astype("<i2")
            pcm += samples.tobytes()
            offset += samples.nbytes
        (out / "shard-00000.jsonl").write_text("\n".join(lines) + "\n")
        (out / "shard-00000.pcm").write_bytes(pcm)
    tokenizer.save(tokenizer.train(["one two three four."], 20), root / "tokenizer.json")
    return root


def config(folder: Path, **changes: object) -> train.DialogueConfig:
    values: dict = {
        "trainer": train.TrainerConfig(60, learning_rate=4e-3, warmup=5), "model": SMALL,
        "tokenizer": str(folder / "tokenizer.json"), "train": [str(folder / "train")],
        "valid": [str(folder / "valid")], "seconds": 20.0,
    }
    return train.DialogueConfig(**(values | changes))


def test_an_answer_starts_in_the_block_of_the_shift() -> None:
    turns = (Turn(2, "", 6, "end"), Turn(8, "", 10, "yield"))
    tokens = labels.block_tokens(turns, [[11, 12], [21, 22, 23]], 12)
    assert tokens.last == [0, 0, 11, 12, 0, 0, SHIFT, 0, 21, 22, SHIFT, 0]
    assert tokens.opens == {2, 8} and tokens.closes == {6, 10}
    row = labels.positions(tokens, 0, 12, 12)
    # Three positions a block, and one more where an answer starts.
    assert len(row.audio) == 3 * 12 + 2
    fed = [(t, y) for a, t, y in zip(row.audio, row.token, row.target) if a < 0]
    assert fed == [
        (0, 0), (0, 0), (0, SHIFT), (SHIFT, 11), (11, 12), (12, 0), (0, 0), (0, SHIFT), (SHIFT, 0),
        (0, SHIFT), (SHIFT, 21), (21, 22), (22, SHIFT), (SHIFT, 0),
    ]
    assert list(row.audio[:5]) == [0, 12, -1, 1, 13]


def test_a_shift_that_comes_late_is_due_in_every_block_before_it() -> None:
    turn = Turn(4, "", 9, "end", due=2, back_due=7)
    tokens = labels.block_tokens((turn,), [[11, 12]], 11)
    row = labels.positions(tokens, 0, 11, 11)
    fed = [(t, y) for a, t, y in zip(row.audio, row.token, row.target) if a < 0]
    assert fed == [
        (0, 0), (0, 0), (0, SHIFT), (0, SHIFT), (0, SHIFT), (SHIFT, 11), (11, 12), (12, 0),
        (0, SHIFT), (0, SHIFT), (0, SHIFT), (SHIFT, 0),
    ]
    heavy = labels.Weights(think=0.5, shift=3.0, text=1.0)
    weights = labels.positions(tokens, 0, 11, 11, heavy).weight
    assert sum(weight == 3 for weight in weights) == 6


def test_a_part_goes_on_from_the_token_before_it() -> None:
    tokens = labels.block_tokens((Turn(2, "", 7, "end"),), [[11, 12, 13]], 10)
    row = labels.positions(tokens, 4, 9, 6)
    assert row.token[2] == 12 and row.target[2] == 13
    # What the answer is about was before the part, but the way back is to be learnt.
    assert row.weight[2] == 0
    assert row.weight[list(row.target).index(SHIFT)] == labels.Weights().shift
    assert list(row.audio[:2]) == [0, 6]


def test_language_model_equals_transformers() -> None:
    shape = language.LanguageConfig(64, 32, 80, 3, 2)
    torch.manual_seed(1)
    own = language.LanguageModel(shape)
    public = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**shape.hugging_face(), attn_implementation="eager")
    ).eval()
    missing = public.load_state_dict(own.state_dict(), strict=False)
    assert not missing.unexpected_keys and missing.missing_keys in ([], ["lm_head.weight"])
    public.tie_weights()
    ids = torch.randint(64, (2, 17))
    with torch.no_grad():
        found = own.logits(own(own.embed(ids)))
        wanted = public(ids, output_hidden_states=True)
        assert torch.allclose(found, wanted.logits, atol=1e-4)
        _, tapped = own(own.embed(ids), tap=2)
        assert torch.allclose(tapped, wanted.hidden_states[2], atol=1e-4)


def test_steps_with_a_cache_equal_the_whole() -> None:
    torch.manual_seed(2)
    own = language.LanguageModel(SMALL.language)
    x = torch.randn(3, 12, 32)
    with torch.no_grad():
        whole = own(x)
        cache = language.Cache(SMALL.language, 3, 32)
        # The second row stands still in the second step, and takes it later.
        first = own.step(x[:, :5], cache)
        own.step(x[:, 5:6], cache, torch.tensor([True, False, True]))
        assert cache.lengths.tolist() == [6, 5, 6]
        rest = own.step(torch.stack([x[0, 6:10], x[1, 5:9], x[2, 6:10]]), cache)
    assert torch.allclose(first, whole[:, :5], atol=1e-5)
    assert torch.allclose(rest[0], whole[0, 6:10], atol=1e-5)
    assert torch.allclose(rest[1], whole[1, 5:9], atol=1e-5)


def test_streaming_encoder_equals_the_chunked_form() -> None:
    torch.manual_seed(3)
    encoder = SpeechEncoder(SMALL.encoder)
    samples = 0.1 * torch.randn(2, 1280 * 9)
    with torch.no_grad():
        whole = encoder(LogMel()(samples))
        stream = streaming.EncoderStream(encoder, 2)
        pieces = [stream.step(samples[:, i : i + n * 1280])
                  for i, n in ((0, 1), (1280, 3), (5120, 1), (6400, 4))]
    assert torch.allclose(torch.cat(pieces, 1), whole, atol=1e-4)


def test_shards_are_read(folder: Path) -> None:
    conversations = corpus.read([str(folder / "train")])
    assert len(conversations) == 40
    environment, assistant = conversations[7].samples()
    assert len(environment) == len(assistant) == 1280 * conversations[7].blocks
    start = conversations[7].turns[0].audio_start
    assert not assistant[:start].any() and assistant[start:].any()
    _, heard = conversations[7].heard(0, 18)
    assert not heard[: start + 1280].any() and heard[start + 1280 :].any()
    _, heard = conversations[7].heard(3, 18)
    assert np.array_equal(heard, assistant[2560 : 17 * 1280])
    cut, _ = conversations[7].samples(2, 5)
    assert np.array_equal(cut, environment[2560:6400])


def test_a_stage_learns_to_answer(folder: Path) -> None:
    torch.manual_seed(4)
    task = train.DialogueTask(config(folder), ALONE)
    trainer_out = folder / "run"
    before = task.evaluate()
    Trainer(task, task.config.trainer, trainer_out, ALONE).run()
    after = task.evaluate()
    assert after["valid text"] < 0.6 * before["valid text"]
    assert after["valid shift"] < 0.5 * before["valid shift"]


def test_silence_has_one_embedding_per_block_whatever_the_batch(folder: Path) -> None:
    torch.manual_seed(5)
    own = model.DialogueModel(SMALL)
    environment = LogMel()(0.1 * torch.randn(2, 1280 * 4))
    silent = LogMel()(torch.zeros(2, 1280 * 4))
    with torch.no_grad():
        found = own.audio_embeddings(environment, None)
        wanted = own.audio_embeddings(environment, silent)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_new_words_take_new_ids(folder: Path) -> None:
    first = tokenizer.train(["hello there."], 10)
    second = tokenizer.with_words(first, ["what is new here?"])
    before, after = first.get_vocab(), second.get_vocab()
    assert before.items() <= after.items()
    assert len(second.encode("what is new here?").ids) == 5
    assert (after["<think>"], after["<shift>"]) == (THINK, SHIFT)
    assert second.decode(second.encode("xylophones, hello there.").ids) == "xylophones, hello there."


def test_block_by_block_equals_the_whole_in_training_form(folder: Path) -> None:
    """A model that does what the script says, fed block by block, has the logits of training."""
    torch.manual_seed(6)
    task = train.DialogueTask(config(folder), ALONE)
    item = task.items[3]
    batch = task.make([item])
    with torch.no_grad():
        wanted = task.model(batch.environment, batch.assistant, batch.sequences)
    expected = batch.sequences.target[batch.sequences.target >= 0].tolist()
    rollout_ = rollout.Rollout(task.model, [item.conversation])
    found: list[torch.Tensor] = []
    logits = task.model.language.logits

    def scripted(hidden: torch.Tensor) -> torch.Tensor:
        found.append(logits(hidden)[0])
        chosen = torch.full((1, 2048), -1e9)
        chosen[0, expected[len(found) - 1]] = 0
        return chosen

    task.model.language.logits = scripted
    said = rollout_.run()[0]
    assert torch.allclose(torch.stack(found), wanted, atol=2e-4)
    turn = item.conversation.turns[0]
    assert [(s.shift, s.back) for s in said] == [(turn.shift, turn.back)]
    assert rollout.text_of(said[0], task.tokenizer) == turn.text


def test_with_the_oracle_answers_begin_where_the_script_says(folder: Path) -> None:
    torch.manual_seed(2)
    task = train.DialogueTask(config(folder), ALONE)
    conversations = [item.conversation for item in task.items[:4]]
    said = rollout.roll(task.model.eval(), conversations, oracle=True)
    for conversation, answers in zip(conversations, said):
        assert answers[0].shift == conversation.turns[0].shift and answers[0].text
    # Weights that nobody trained begin elsewhere on their own.
    own = rollout.roll(task.model, conversations)
    assert [[s.shift for s in a] for a in own] != [[s.shift for s in a] for a in said]


def test_scores_count_what_happened(folder: Path) -> None:
    conversation = corpus.read([str(folder / "train")])[3]
    turn, words = conversation.turns[0], tokenizer.Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = words.encode(turn.text).ids

    def table(*said: rollout.Spoken) -> dict[str, float]:
        scores = evaluate.Scores()
        scores.add(conversation, list(said), words)
        return scores.table()

    right = table(rollout.Spoken(turn.shift, ids, 0, turn.back))
    assert right["turn-taking success"] == 1 and right["text correct, of turns"] == 1
    wrong = table(rollout.Spoken(turn.shift, ids[:1], 0, turn.back))
    assert wrong["turn-taking success"] == 1 and wrong["text correct, of turns"] == 0
    assert table()["turn-taking success"] == 0
    assert table(rollout.Spoken(turn.shift + 25, ids, 0, -1))["turn-taking success"] == 0
    # What comes while the question is asked is wrong, too.
    question = conversation.events[0]
    early = table(rollout.Spoken(question.start // model.BLOCK, ids, 0, -1))
    assert early["turn-taking success"] == 0 and early["text correct, of turns"] == 0
    # An answer with little left to say is no case of an interruption.
    for left, judged in ((2.5, 1), (1.5, 0)):
        end = turn.full_end + model.BLOCK - int(16000 * left)
        event = corpus.Event("barge-in", "direct", "user", "stop", end - model.BLOCK, end, 0, 0)
        scores = evaluate.Scores()
        scores.add(
            replace(conversation, events=(event,)),
            [rollout.Spoken(turn.shift, ids, 0, turn.back)], words,
        )
        assert scores.counts["direct stop"] == judged


def test_decisions_are_at_the_stop_and_where_the_model_nearly_stops(folder: Path) -> None:
    words = tokenizer.Tokenizer.from_file(str(folder / "tokenizer.json"))
    base = corpus.read([str(folder / "train")])[0]
    said = words.encode("one two three four one two three four.").ids
    events = (
        corpus.Event("distractor", "backchannel", "user", "none", 5 * 1280, 6 * 1280, 0, 0),
        corpus.Event("barge-in", "direct", "user", "stop", 8 * 1280, 9 * 1280, 0, 0),
        corpus.Event("turn", "question", "user", "start", 0, 4 * 1280, 0, 0),
    )
    turn = Turn(4, "one two three four one two three four.", 10, "yield", full_end=20 * 1280)
    conversation = replace(base, blocks=16, turns=(turn,), events=events)
    tokens = labels.block_tokens((turn,), [said], 16)
    scores = {b: torch.full((2048,), -5.0) for b in range(16)}
    scores[5][SHIFT] = -1.0
    found = decisions.decisions(conversation, tokens, [said], scores)
    # The backchannel's pair is where the model is nearest to stopping; the right token is text.
    assert [(d.block, d.chosen, d.rejected) for d in found] == [
        (5, said[1], SHIFT), (10, SHIFT, said[6]), (4, SHIFT, THINK)
    ]
    assert found[0].margin == -4 and found[1].margin == 0
    # Alone with itself it may stop from two blocks before the end of its sound, not before.
    alone = replace(turn, back=15, cause="end", full_end=12 * 1280)
    silence = corpus.Event("distractor", "silence", "", "none", 7 * 1280, 12 * 1280, -1, 0)
    scores[10][SHIFT] = -0.5
    found = decisions.decisions(
        replace(conversation, turns=(alone,), events=(silence,)),
        labels.block_tokens((alone,), [said], 16), [said], scores,
    )
    assert [(d.block, d.rejected) for d in found] == [(7, SHIFT)]


def test_preferences_move_the_decision_they_are_about(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(7)
    conversations = corpus.read([str(folder / "train")])
    pairs = {
        decisions.key(c): [
            {"block": c.turns[0].shift, "chosen": THINK, "rejected": SHIFT, "margin": 0.0,
             "type": "test"}
        ]
        for c in conversations
    }
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    settings = config(folder).__dict__ | {
        "pairs": str(tmp_path / "pairs.json"), "supervised": 0.0,
        "trainer": train.TrainerConfig(12, learning_rate=1e-3, warmup=2, log_every=1),
    }
    task = prefer.PreferTask(prefer.PreferConfig(**settings), ALONE)
    Trainer(task, task.config.trainer, tmp_path / "run", ALONE).run()
    rows = RunLog(tmp_path / "run" / "log.csv", 100).rows
    assert float(rows[0]["preference"]) == pytest.approx(math.log(2), abs=1e-3)
    assert float(rows[-1]["preference"]) < 0.65
    assert float(rows[-1]["preferred"]) == 1


@pytest.mark.parametrize("compact", [0, 50])
def test_text_stage_learns_and_its_tags_go_on(folder: Path, tmp_path: Path, compact: int) -> None:
    torch.manual_seed(8)
    lines = [f"say {a} {b}\t{a} {b}." for a in WORDS for b in WORDS]
    (tmp_path / "text.tsv").write_text("\n".join(lines) + "\n")
    settings = text.TextConfig(
        train.TrainerConfig(80, learning_rate=5e-3, warmup=5), str(folder / "tokenizer.json"),
        [str(tmp_path / "text.tsv")], [str(folder / "valid")], SMALL, blocks=200, compact=compact,
    )
    task = text.TextTask(settings, ALONE)
    Trainer(task, settings.trainer, tmp_path / "run", ALONE).run()
    rows = RunLog(tmp_path / "run" / "log.csv", 100).rows
    assert float(rows[-1]["text"]) < 0.5 * float(rows[0]["text"])
    whole = model.DialogueModel(SMALL)
    train.load_parts(whole, [str(tmp_path / "run" / "model.pt")])
    assert torch.equal(whole.connector.tag.weight, task.model.tag.weight)


def test_lines_of_text_count_as_often_as_they_are_drawn(folder: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "text.tsv"
    drawn.write_text("hello\thi.\nsay one\tone.\nhello\thi.\n")
    asked = text.questions([str(drawn), str(folder / "train")])
    assert asked[:3] == [("hello", "hi."), ("say one", "one."), ("hello", "hi.")]
    # What conversations ask is there once.
    assert len(asked) > 3 and len(set(asked[3:])) == len(asked) - 3
    settings = text.TextConfig(
        train.TrainerConfig(1), str(folder / "tokenizer.json"), [str(folder / "train")],
        [str(drawn)], SMALL,
    )
    assert text.TextTask(settings, ALONE).valid == [("hello", "hi."), ("say one", "one.")]


def test_words_without_time_are_followed_by_their_answer(folder: Path) -> None:
    settings = text.TextConfig(
        train.TrainerConfig(1), str(folder / "tokenizer.json"), [str(folder / "train")],
        [str(folder / "valid")], SMALL, misheard=0.0,
    )
    task = text.TextTask(settings, ALONE)
    batch = task.batches.make_compact([("say one two", "one two.")], [1])
    asked = task.tokenizer.encode(" say one two").ids
    said = task.tokenizer.encode("one two.").ids
    assert batch.heard.tolist() == [asked]
    sequences = batch.sequences
    assert sequences.audio[0].tolist() == [*range(len(asked)), *[-1] * (len(said) + 2)]
    fed = sequences.token[0][len(asked) :].tolist()
    assert fed == [0, SHIFT, *said]
    assert sequences.target[0][len(asked) :].tolist() == [SHIFT, *said, 0]


def test_hidden_states_are_those_that_predict_the_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    task = train.DialogueTask(config(folder), ALONE)
    task.model.eval()
    conversations = [item.conversation for item in task.items[:4]]
    answers = hidden.hidden_states(task, task.items[:4])
    for conversation, answer in zip(conversations, answers, strict=True):
        assert answer.tokens == task.tokenizer.encode(conversation.turns[0].text).ids
        # The same as alone: the others and the padding change nothing.
        single = task.make([train.Item(conversation)])
        with torch.no_grad():
            audio = task.model.audio_embeddings(single.environment, single.assistant)
            x = task.model.positions(audio, single.sequences)
            _, tapped = task.model.language(x, tap=SMALL.tap)
        wanted = tapped[0][single.sequences.target[0] > SHIFT]
        assert torch.allclose(answer.hidden.float(), wanted, atol=2e-3)
    # Of the model's own answers one has another last token: that one is left out.
    chosen = [list(answer.tokens) for answer in answers]
    chosen[1][-1] += 1
    ids = iter(chosen)
    monkeypatch.setattr(
        task.model.language, "logits", lambda _: torch.eye(2048)[torch.tensor(next(ids))]
    )
    given = hidden.hidden_states(task, task.items[:4], own=True)
    assert [a.tokens for a in given] == [answers[i].tokens for i in (0, 2, 3)]


def test_hidden_states_of_a_mean_are_those_of_its_weights(folder: Path, tmp_path: Path) -> None:
    settings = config(folder)
    runs = [tmp_path / "after", tmp_path / "before"]
    for run in runs:
        command.keep(settings, run, again=False)
        torch.save(train.DialogueTask(settings, ALONE).model.state_dict(), run / "model.pt")
    mean.main(["--runs", *map(str, runs), "--out", str(tmp_path / "mean")])
    path = tmp_path / "hidden.safetensors"
    hidden.main(["--run", str(tmp_path / "mean"), "--count", "12", "--out", str(path)])
    found = read_hidden(path)
    task = train.DialogueTask(settings, ALONE)
    task.model.load_state_dict(mean.mean_weights(runs))
    wanted = hidden.hidden_states(task, task.items)
    assert len(found) == 12
    for answer in found:
        same = [w for w in wanted if w.tokens == answer.tokens]
        assert any(torch.allclose(answer.hidden, w.hidden.float(), atol=1e-2) for w in same)


def test_margins_move_the_shift_and_no_other_score(folder: Path, tmp_path: Path) -> None:
    settings, run, moved = config(folder), tmp_path / "run", tmp_path / "moved"
    command.keep(settings, run, again=False)
    torch.manual_seed(7)
    task = train.DialogueTask(settings, ALONE)
    torch.save(task.model.state_dict(), run / "model.pt")
    data = ["--data", str(folder / "train"), "--count", "8"]
    calibrate.main(
        ["--run", str(run), *data, "--start", "2", "--end", "-1", "--out", str(moved)]
    )
    after = train.of_run(moved)
    head = task.model.language.model.embed_tokens.weight.detach()
    own = after.model.language.lm_head.weight.detach()
    others = torch.arange(len(own)) != SHIFT
    assert torch.equal(own[others], head[others])
    # A model that has learnt nothing hardly tells what it does: the mean is held all the same.
    for kind, change in ((calibrate.unanswered, -2), (calibrate.unended, 1)):
        courses, states = calibrate.courses(task, head, task.items[:8], kind)
        assert len(courses) == 8
        found = states @ (own[SHIFT] - head[SHIFT])
        assert abs(float(found.mean()) - change) < 0.5


class Letters(pretrain.Lexicon):
    """Letters instead of sounds, so that no synthesizer is needed."""

    def add(self, words: set[str]) -> None:
        for word in sorted(words):
            self.words[word] = [ord(letter) - 96 for letter in word if letter.isalpha()]


def bank_of_pairs(bank: Path, count: int) -> None:
    """Writes a bank of questions of two words."""
    draw = np.random.default_rng(2)
    lines, pcm, offset = [], b"", 0
    for _ in range(count):
        said = draw.integers(4, size=2)
        samples = np.concatenate([chord(w) for w in said])
        words = " ".join(WORDS[w] for w in said)
        lines.append({"count": len(samples), "kind": "question", "offset": offset, "text": words,
                      "speaker": {"engine": "tones", "voice": "a"},
                      "exchange": {"answer": words + ".", "form": "repeat"}})
        pcm += np.round(samples * 32767).astype("<i2").tobytes()
        offset += len(samples)
    bank.mkdir()
    (bank / "utterances.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    (bank / "samples.pcm").write_bytes(pcm)


def test_pretraining_learns_a_bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(9)
    monkeypatch.setattr(pretrain, "Lexicon", Letters)
    bank = tmp_path / "bank"
    bank_of_pairs(bank, 40)
    found = corpus.read([str(bank)])
    assert len(found) == 40 and found[0].turns[0].text == found[0].user[0].answer
    environment, assistant = found[5].samples()
    start = found[5].user[0].start
    assert not environment[:start].any() and environment[start : start + 6400].any()
    assert not assistant.any()
    tokenizer.save(tokenizer.train(["one two three four."], 20), tmp_path / "tokenizer.json")
    settings = pretrain.PretrainConfig(
        train.TrainerConfig(200, learning_rate=8e-3, warmup=10), [str(bank)], [str(bank)],
        str(tmp_path / "tokenizer.json"), model=SMALL, seconds=20.0,
        changes=sound.Changes(gain=0.5, noise=0.2, band=0.2, speed=0.2),
    )
    task = pretrain.PretrainTask(settings, ALONE)
    before = task.evaluate()["bank wer"]
    Trainer(task, settings.trainer, tmp_path / "run", ALONE).run()
    assert before > 0.9 and task.evaluate()["bank wer"] < 0.5


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
def test_words_become_sounds() -> None:
    lexicon = pretrain.Lexicon()
    lexicon.add({"nine", "fine", "ten"})
    nine, fine, ten = (lexicon.phonemes(word) for word in ("nine", "fine", "ten"))
    assert nine[1:] == fine[1:] and nine[0] != fine[0] and len(ten) == 3
    assert lexicon.phonemes("ten nine") == ten + nine


def test_bent_frequencies_keep_their_ends() -> None:
    mel = torch.linspace(-1, 1, 80).expand(3, 4, 80).contiguous()
    shifts = torch.tensor([[0.0, 0.0, 0.0], [0.05, 0.0, 0.0], [0.0, -0.03, 0.02]])
    found = sound.bent(mel, shifts)
    assert torch.allclose(found[0], mel[0], atol=1e-6)
    assert torch.allclose(found[..., [0, -1]], mel[..., [0, -1]], atol=1e-6)
    # Half a wave moves the middle most: by 0.05 of the axis, which is 2 long here.
    assert torch.allclose((found[1, 0] - mel[1, 0]).max(), torch.tensor(0.1), atol=1e-3)
    assert bool((found[2].diff(dim=-1) > 0).all())


def test_ears_learn_words_and_leave_the_language_model(
    folder: Path, studio: mixing.StudioConfig, tmp_path: Path
) -> None:
    torch.manual_seed(4)
    bank = tmp_path / "bank"
    bank_of_pairs(bank, 40)
    studio = replace(studio, users=[str(bank)])
    changes = sound.Changes(bend=0.5, bin_masks=1, bins=4)
    settings = ears.EarsConfig(
        train.TrainerConfig(80, learning_rate=4e-3, warmup=5, rates={"language.": 0.0}),
        str(folder / "tokenizer.json"), [str(bank)], [], model=SMALL, seconds=20.0, studio=studio,
        changes=changes, same=0.02,
    )
    task = ears.EarsTask(settings, ALONE)
    assert len(task.items) == 40
    language = {n: v.clone() for n, v in task.model.language.state_dict().items()}
    batch = task.batch(0, ALONE)
    assert batch is not None
    before = task.losses(batch)
    # From the first weights themselves only the changes are far.
    same = task.losses(replace(batch, environment=batch.unchanged))["same"]
    assert float(same.total.detach()) < 1e-6 < float(before["same"].total.detach())
    Trainer(task, settings.trainer, tmp_path / "run", ALONE).run()
    after = task.losses(batch)["words"]
    assert float(after.total.detach()) < 0.5 * float(before["words"].total.detach())
    assert all(torch.equal(v, language[n]) for n, v in task.model.language.state_dict().items())


def test_ears_learn_to_pass_over_the_assistants_echo(
    folder: Path, studio: mixing.StudioConfig, tmp_path: Path
) -> None:
    torch.manual_seed(4)
    # The users' tones, each 2500 Hz lower and higher: a voice that can be told from theirs.
    voice = tmp_path / "voice"
    shutil.copytree(studio.assistant[0], voice)
    samples = np.fromfile(voice / "samples.pcm", dtype="<i2")
    moved = samples * np.cos(2 * np.pi * 2500 / 16000 * np.arange(len(samples)))
    moved.astype("<i2").tofile(voice / "samples.pcm")
    studio = replace(studio, assistant=[str(voice)])

    def task(no_echo: float, **changes: Any) -> ears.EarsTask:
        around = mixing.Surroundings(quiet=1, no_echo=no_echo, full_echo=1, no_room=1)
        trainer = train.TrainerConfig(80, learning_rate=4e-3, warmup=5, rates={"language.": 0.0})
        scripts = str(folder / "studio" / "scripts")
        return ears.EarsTask(
            ears.EarsConfig(
                trainer, str(folder / "tokenizer.json"), [scripts], [], model=SMALL, seconds=20.0,
                studio=replace(studio, surroundings=around), **changes,
            ),
            ALONE,
        )

    words = task(no_echo=1, same=0.0)
    assert len(words.items) == 30
    Trainer(words, words.config.trainer, tmp_path / "words", ALONE).run()
    free = task(
        no_echo=0, initial=[str(tmp_path / "words" / "model.pt")], words=0.0, same=1.0,
        echo_free=True,
    )
    batch = free.batch(0, ALONE)
    assert batch is not None and batch.unchanged is not None

    def distance(heard: torch.Tensor) -> float:
        return float(free.losses(replace(batch, environment=heard))["same"].total.detach())

    before = distance(batch.environment)
    assert distance(batch.unchanged) < 1e-6 < before  # the echo alone is far
    Trainer(free, free.config.trainer, tmp_path / "free", ALONE).run()
    assert distance(batch.environment) < 0.5 * before


def test_a_question_of_a_bank_that_breaks_off_is_answered_late(tmp_path: Path) -> None:
    bank = tmp_path / "bank"
    bank.mkdir()
    speaker = {"engine": "tones", "voice": "a"}
    part = {"count": 6400, "kind": "pause-part", "speaker": speaker, "exchange": {"answer": "four."}}
    lines = [
        part | {"offset": 0, "text": "how much is"},
        part | {"offset": 6400, "text": "two and two", "after": 0},
    ]
    (bank / "utterances.jsonl").write_text("\n".join(map(json.dumps, lines)))
    np.ones(12800, dtype="<i2").tofile(bank / "samples.pcm")
    assert [len(c.turns) for c in corpus.read([str(bank)])] == [0, 1]
    broken, whole = corpus.read([str(bank)], unfinished="i do not know that.")
    assert broken.turns[0].text == "i do not know that." and whole.turns[0].text == "four."
    assert (broken.user[-1].text, whole.user[-1].text) == ("how much is", "two and two")
    # The block of the shift ends 1.1 s after the last word: later than any hesitation, and early
    # enough for a sound 0.24 s later to be in time.
    late = [(c.turns[0].shift + 1) * model.BLOCK - c.user[-1].end for c in (broken, whole)]
    assert 17600 <= late[0] < 17600 + model.BLOCK and 1280 <= late[1] < 2560
    # An answer that begins late was due when it would have begun.
    missed = corpus.read([str(bank)], misses=1)[1]
    assert missed.turns[0].due == whole.turns[0].shift < missed.turns[0].shift
    assert missed.blocks - missed.turns[0].shift == whole.blocks - whole.turns[0].shift
    assert whole.turns[0].due == -1


def test_a_question_of_a_bank_breaks_where_it_is_quiet(tmp_path: Path) -> None:
    bank = tmp_path / "bank"
    bank.mkdir()
    tone = (8000 * np.sin(np.arange(6400) * 0.3)).astype("<i2")
    gap = np.zeros(800, dtype="<i2")
    samples = np.concatenate([tone, gap, tone])
    question = {
        "count": len(samples), "kind": "question", "offset": 0, "text": "how many legs has a cat",
        "speaker": {"engine": "tones", "voice": "a"}, "exchange": {"answer": "four."},
    }
    (bank / "utterances.jsonl").write_text(json.dumps(question))
    samples.tofile(bank / "samples.pcm")
    assert corpus.quiet_places(samples) == [6800]
    assert corpus.quiet_places(tone) == [] and corpus.quiet_places(samples[3200:]) == []
    whole = corpus.read([str(bank)])[0]
    broken = corpus.read([str(bank)], breaks=1, response=160)[0]
    first, second = broken.user
    pause = second.start - first.end
    assert 1600 <= pause <= 5600 and (first.text, second.text) == ("", "how many legs has a cat")
    # Nothing of it is lost, and its answer waits for its end.
    found = broken.samples()[0]
    assert np.array_equal(found[first.start : first.end], samples[:6800])
    assert np.array_equal(found[second.start : second.end], samples[6800:])
    assert not found[first.end : second.start].any()
    for conversation, response in ((whole, 1280), (broken, 2560)):
        wait = (conversation.turns[0].shift + 1) * model.BLOCK - conversation.user[-1].end
        assert response <= wait < response + model.BLOCK
    # The same as a bank of its own, to measure.
    (bank / "bank.json").write_text("{}")
    breaks.main([str(bank), str(tmp_path / "broken")])
    longer = corpus.Bank(tmp_path / "broken").utterances[0]["count"] - len(samples)
    assert breaks.PAUSE[0] <= longer <= breaks.PAUSE[1]
    found = np.fromfile(tmp_path / "broken" / "samples.pcm", dtype="<i2")
    assert np.array_equal(found[:6800], samples[:6800]) and np.array_equal(found[-6800:], samples[-6800:])


def test_utterances_are_cut_where_nobody_else_speaks(folder: Path) -> None:
    base = corpus.read([str(folder / "train")])[0]
    user = tuple(
        replace(base.user[0], text=name, start=start, end=end)
        for name, start, end in (("a", 0, 5000), ("b", 9000, 16000), ("c", 15000, 20000))
    )
    found = pretrain.windows(replace(base, user=user))
    # The second and the third overlap; the first ends where the second begins.
    assert [(w.text, w.first, w.last) for w in found] == [("a", 0, 7)]


def test_a_bundle_has_the_names_of_the_runtime(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(10)
    own = model.DialogueModel(SMALL)
    (tmp_path / "manifest.json").write_text('{"synthesizer": {"weights": "s.safetensors"}}')
    export.write_bundle(own, folder / "tokenizer.json", tmp_path, "test", 512)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["synthesizer"] == {"weights": "s.safetensors"}
    assert manifest["language"]["tapLayer"] == SMALL.tap
    names = load_file(tmp_path / "encoder.safetensors").keys()
    assert {n.split(".")[0] for n in names} == {"encoder", "connector"}
    assert "model.layers.0.self_attn.q_proj.weight" in load_file(tmp_path / "language.safetensors")


def test_a_bundle_comes_back_as_the_run_that_it_was(folder: Path, tmp_path: Path) -> None:
    own = model.DialogueModel(SMALL)
    out = tmp_path / "bundle"
    export.write_bundle(own, folder / "tokenizer.json", out, "test", 512)
    restore.main(["--bundle", str(out), "--out", str(tmp_path / "run")])
    found = torch.load(tmp_path / "run" / "model.pt", weights_only=True)
    wanted = own.state_dict()
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0)
    assert restore.model_config(out) == SMALL


def test_quantised_tensors_come_back_as_scale_times_whole_numbers(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    whole = draw.integers(-127, 128, (3, 2, 32)).astype(np.int8)
    scales = draw.uniform(0.001, 0.1, (3, 2, 1)).astype("<f2")
    rows = np.concatenate([scales.view(np.uint8), whole.view(np.uint8)], 2).reshape(3, 68)
    path = tmp_path / "weights.safetensors"
    tensors = {"a": torch.from_numpy(rows), "b": torch.ones(2).half()}
    save_file(tensors, path, metadata={"a": "Q8_0 3 16 4"})
    found = restore.read_tensors(path)
    expected = (whole.astype(np.float32) * scales.astype(np.float32)).reshape(3, 16, 4)
    np.testing.assert_array_equal(found["a"].numpy(), expected)
    assert found["b"].dtype == torch.float32
    save_file(tensors, path, metadata={"a": "Q4_0 3 64"})
    with pytest.raises(ValueError, match="Q4_0"):
        restore.read_tensors(path)


def test_the_mean_of_two_runs_is_between_them(tmp_path: Path) -> None:
    states = []
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        states.append(model.DialogueModel(SMALL).state_dict())
        torch.save(states[-1], tmp_path / name / "model.pt")
    found = mean.mean_weights([tmp_path / "after", tmp_path / "before"])
    assert found.keys() == states[0].keys()
    for name, value in found.items():
        assert torch.allclose(value, (states[0][name] + states[1][name]) / 2)
    alone = mean.mean_weights([tmp_path / "after"])
    assert all(torch.equal(value, states[1][name]) for name, value in alone.items())
    (tmp_path / "other").mkdir()
    torch.save({"weight": torch.ones(1)}, tmp_path / "other" / "model.pt")
    with pytest.raises(ValueError, match="other has other tensors"):
        mean.mean_weights([tmp_path / "after", tmp_path / "other"])


@pytest.fixture(scope="module")
def studio(folder: Path) -> mixing.StudioConfig:
    """Banks of what is said in the conversations of `folder`, and scripts that point into them."""
    root = folder / "studio"
    (root / "scripts").mkdir(parents=True)
    draw = np.random.default_rng(2)
    for name in ("users", "own"):
        (root / name).mkdir()
        samples = [np.rint(chord(word) * 32767).astype("<i2") for word in range(4)]
        lines = [{"offset": 3200 * word, "count": 3200} for word in range(4)]
        (root / name / "utterances.jsonl").write_text("\n".join(map(json.dumps, lines)))
        np.concatenate(samples).tofile(root / name / "samples.pcm")
    records = []
    for number in range(30):
        word, blocks = int(draw.integers(4)), int(draw.integers(16, 24))
        start = 1280 * int(draw.integers(1, 4))
        shift = (start + 3200) // 1280 + 1
        audio = (shift + 3) * 1280
        records.append({
            "id": number, "kind": "duplex", "blocks": blocks, "offset": 0, "events": [
                {"kind": "pause", "type": "hesitation", "expected": "none", "start": start,
                 "end": start + 2560, "user": 0, "assistant": -1},
            ],
            "user": [{"text": WORDS[word], "start": start, "end": start + 3200, "role": "user",
                      "source": 3200 * word}],
            "assistant": [{
                "shift": shift, "text": WORDS[word], "audioStart": audio, "audioEnd": audio + 3200,
                "fullEnd": audio + 3200, "back": audio // 1280 + 3, "cause": "end", "about": 0,
                "source": 3200 * word,
            }],
        })
    (root / "scripts" / "shard-00000.jsonl").write_text("\n".join(map(json.dumps, records)))
    (root / "scripts" / "shard-00000.pcm").write_bytes(b"")
    (root / "pairs.tsv").write_text("".join(f"say {w}\t{w}\n" for w in WORDS))
    return mixing.StudioConfig([str(root / "users")], [str(root / "own")], rooms=8)


def scripted(folder: Path, studio: mixing.StudioConfig, **changes: object) -> train.DialogueConfig:
    """The configuration of a stage that mixes scripts itself."""
    scripts = [str(folder / "studio" / "scripts")]
    return config(
        folder, train=scripts, valid=scripts, studio=studio,
        text=[str(folder / "studio" / "pairs.tsv")], text_blocks=40, **changes,
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_worker_processes_change_nothing(
    folder: Path, studio: mixing.StudioConfig, tmp_path: Path, workers: int
) -> None:
    losses = []
    for count in (0, workers):
        torch.manual_seed(5)
        settings = scripted(folder, studio)
        short = replace(settings.trainer, steps=3, workers=count, evaluate_every=0, log_every=1)
        out = tmp_path / f"run-{count}-{len(losses)}"
        Trainer(train.DialogueTask(replace(settings, trainer=short), ALONE), short, out, ALONE).run()
        losses.append([row["tokens"] for row in RunLog(out / "log.csv", 3).rows])
    assert losses[0] == losses[1] and len(losses[0]) == 3


def test_decisions_of_scripts_are_found_and_preferred(
    folder: Path, studio: mixing.StudioConfig, tmp_path: Path
) -> None:
    torch.manual_seed(6)
    settings = scripted(folder, studio)
    task = train.DialogueTask(settings, ALONE)
    found = decisions.mine(task, task.items[:12])
    assert found and all(d.type == "hesitation" for ds in found.values() for d in ds)
    pairs = tmp_path / "pairs.json"
    pairs.write_text(json.dumps({n: [vars(d) for d in ds] for n, ds in found.items()}))
    values = {f: getattr(settings, f) for f in settings.__dataclass_fields__}
    chosen = prefer.PreferTask(
        prefer.PreferConfig(**values, pairs=str(pairs), margin=1e9, others=0.5), ALONE
    )
    assert len(chosen.items) == round(1.5 * len(found))
    batch = chosen.batch(0, ALONE)
    assert batch is not None and len(batch.rows) > 0
    assert (batch.rejected == SHIFT).all()
    # The decision is at a position that predicts.
    assert (batch.dialogue.sequences.target[batch.rows, batch.places] >= 0).all()
    assert torch.isfinite(chosen.losses(batch)["preference"].total)


def test_words_too_many_are_never_put_among_digits(folder: Path) -> None:
    found = Tokenizer.from_file(config(folder).tokenizer)
    batches = text.TextBatches(found, labels.Weights(), 0.0, 1.0)
    question = "please say one two three four"
    plain = found.encode(" " + question).ids
    for seed in range(200):
        padded = batches.question(question, random.Random(seed))
        if batches.digits <= set(plain):
            assert padded[-4:] == plain[-4:]
        assert [t for t in padded if t in plain and t not in batches.small][-1] == plain[-1]
