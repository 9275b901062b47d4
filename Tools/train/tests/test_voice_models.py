"""The trained modules at tiny sizes: causality, streaming, resuming, sharing, writing."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from test_voice_speech import utterance
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import Tensor

from salmonn_omni.models.flow import Flow, FlowConfiguration
from salmonn_omni.models.speech_tokens import interleaved
from salmonn_omni.models.vocoder import Vocoder, VocoderConfig
from salmonn_omni.training import settings
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.trainer import Trainer, TrainerConfig
from salmonn_omni.voice import codec as codecs
from salmonn_omni.voice import config as configs
from salmonn_omni.voice import connect as connectors
from salmonn_omni.voice import chosen, data, export, flow, listen, restore, spoken, tokens, vocoder
from salmonn_omni.voice.__main__ import STAGES
from salmonn_omni.voice.generate import Sampling, generate, greedy

torch.set_num_threads(1)
CONFIGS = Path(__file__).parents[1] / "configs"
CPU = torch.device("cpu")
ALONE = Processes(0, 1, CPU)
TRAINER = TrainerConfig(
    steps=4, learning_rate=3e-3, warmup=1, schedule="constant", log_every=1, checkpoint_every=2
)
DATA = configs.DataConfig(held_out=2)
CODEC = configs.CodecConfig(levels=(3, 3), width=16, layers=1)
FLOW = FlowConfiguration(
    codes=9, width=16, heads=2, feed_forward=32, layers=1, upsampled_layers=1, lookahead=0, chunk=6,
    left_context=2, channels=16, estimator_heads=2, head_width=8, estimator_feed_forward=16,
    block_layers=1, mid_blocks=1, time_width=16, speaker_width=1, steps=2, guidance=0,
    noise_frames=100,
)
VOCODER = VocoderConfig.causal(
    sample_rate=16000, phase="accumulated", upsample_rates=[8, 5], upsample_kernels=[16, 10],
    base_channels=16, fourier_size=32, fourier_hop=8, residual_kernels=[3],
    residual_dilations=[[1, 3]], source_kernels=[3, 3], source_dilations=[[1], [1]], harmonics=2,
    pitch_channels=8, pitch_layers=2, pre_lookahead=3, voiced_threshold=80.0,
)
TRANSFORMER = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "vocab_size": 40, "max_position_embeddings": 512,
    "tie_word_embeddings": True,
}
WORDS = "one two three four five six seven eight nine ten".split()


@pytest.fixture(autouse=True)
def _voice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the place of flite's speech."""
    said = [utterance(20 + 7 * n, n, " ".join(WORDS[: n + 1])) for n in range(10)]
    voice = data.Voice(said, 2)
    monkeypatch.setattr(data.Voice, "load", staticmethod(lambda config: voice))
    monkeypatch.setattr(tokens.Lexicon, "learn", lambda self, words: None)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with a trained tokenizer of two levels and a tokenizer of words."""
    stage = configs.CodecStage(TRAINER, DATA, CODEC, batch=4, crop=12)
    folder = tmp_path / "codec"
    Trainer(codecs.CodecTask(stage, ALONE), replace(TRAINER, steps=1), folder, ALONE).run()
    (folder / "config.json").write_text(json.dumps(settings.as_json(stage)))
    words = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="one"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def tasks(runs: Path) -> dict[str, object]:
    """Every task with a seed's fresh weights."""
    torch.manual_seed(5)
    found: dict[str, object] = {
        "codec": codecs.CodecTask(configs.CodecStage(TRAINER, DATA, CODEC, 4, 12), ALONE),
        "flow": flow.FlowTask(
            configs.FlowStage(TRAINER, FLOW, str(runs / "codec"), "", DATA, 4, 12), ALONE
        ),
        "vocoder": vocoder.VocoderTask(
            configs.VocoderStage(TRAINER, VOCODER, DATA, 3, 20, (64, 256)), ALONE
        ),
        "tokens": tokens.TokensTask(token_stage(runs), ALONE),
    }
    return found


@pytest.mark.parametrize("name", ["flow", "tokens"])
def test_a_voice_that_ships_may_learn_of_every_line(
    runs: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = data.Voice(data.Voice.load(DATA).utterances, 0)
    monkeypatch.setattr(data.Voice, "load", staticmethod(lambda config: everything))
    stage, kind = {
        "flow": (configs.FlowStage(TRAINER, FLOW, str(runs / "codec"), "", DATA, 4, 12), flow.FlowTask),
        "tokens": (token_stage(runs), tokens.TokensTask),
    }[name]
    task = kind(stage, ALONE)
    learnt = task.voice.training if name == "flow" else task.items
    assert len(learnt) == len(everything.utterances)
    assert task.evaluate() == {}


def test_a_codec_that_goes_on_begins_with_the_weights_of_a_run(runs: Path) -> None:
    kept = torch.load(runs / "codec" / "model.pt", weights_only=True)
    stage = configs.CodecStage(
        TRAINER, DATA, CODEC, 4, 12, initial=str(runs / "codec" / "model.pt")
    )
    torch.manual_seed(6)
    weights = codecs.CodecTask(stage, ALONE).model.state_dict()
    assert all(torch.equal(weights[name], value) for name, value in kept.items())


#: Stages of configurations whose names end otherwise.
KINDS = {
    "pairs": "tokens", "more": "tokens", "reconnect": "connect", "join": "connect", "spoken": "flow",
    "retell": "tokens", "whole": "tokens", "sound": "flow",
}
VOICES = [*sorted(CONFIGS.glob("voice-*.json")), *sorted(CONFIGS.glob("heart-*.json"))]


def stage_of(file: Path) -> str:
    """The stage that a configuration of the voice is for."""
    name = file.stem.split("-", 1)[1]
    return KINDS.get(name, name)


def test_every_stage_has_configurations() -> None:
    counts = Counter(map(stage_of, VOICES))
    assert set(counts) == set(STAGES)
    # Only what ships has lost its tokenizer.
    assert all(counts[stage] > 1 for stage in STAGES if stage != "listen")


@pytest.mark.parametrize("file", VOICES, ids=lambda file: file.stem)
def test_configurations_name_only_settings_that_there_are(file: Path) -> None:
    kind, _ = STAGES[stage_of(file)]
    settings.load(kind, file)


def token_stage(runs: Path) -> configs.TokensStage:
    """The text-speech model at a tiny size."""
    return configs.TokensStage(
        TRAINER, str(runs / "codec"), TRANSFORMER, DATA, str(runs / "tokenizer.json"), budget=300,
        corrupted=0.1, alignment_weight=0.3, alignment_layer=1,
    )


TASKS = ["codec", "flow", "vocoder", "tokens"]


@pytest.mark.parametrize("stage", TASKS)
def test_a_resumed_run_gives_the_same_losses(stage: str, runs: Path) -> None:
    def losses(folder: Path) -> list[str]:
        lines = (folder / "log.csv").read_text().splitlines()
        clock = lines[0].split(",").index("seconds")
        return [",".join(v for i, v in enumerate(row.split(",")) if i != clock) for row in lines]

    whole, parts = runs / "whole", runs / "parts"
    Trainer(tasks(runs)[stage], TRAINER, whole, ALONE).run()
    Trainer(tasks(runs)[stage], replace(TRAINER, steps=2), parts, ALONE).run()
    Trainer(tasks(runs)[stage], TRAINER, parts, ALONE).run()
    assert losses(whole)[-1].startswith("4,")
    assert losses(parts)[3:] == losses(whole)[3:]


@pytest.mark.parametrize("stage", TASKS)
def test_two_processes_share_what_one_does(stage: str, runs: Path) -> None:
    task = tasks(runs)[stage]

    def totals(processes: Processes) -> dict[str, Tensor]:
        torch.manual_seed(3)
        batch = task.batch(2, processes)
        return {n: torch.stack([v.total, v.weight]) for n, v in task.losses(batch).items()}

    shares = [totals(Processes(rank, 2, CPU)) for rank in range(2)]
    for name, wanted in totals(ALONE).items():
        torch.testing.assert_close(shares[0][name] + shares[1][name], wanted, msg=name)


@pytest.mark.parametrize("stage", TASKS)
def test_training_lowers_the_loss(stage: str, runs: Path) -> None:
    task = tasks(runs)[stage]
    trainer = Trainer(task, replace(TRAINER, steps=40), runs / "learns", ALONE)
    name = task.terms[0]
    losses = [float(trainer.update()[name]) for _ in range(40)]
    assert sum(losses[-8:]) < 0.985 * sum(losses[:8])


def test_codes_and_rounded_values_belong_together() -> None:
    quantizer = codecs.Quantizer((8, 5, 5, 5))
    x = torch.linspace(-4, 4, 4000).reshape(-1, 4)[:, torch.randperm(4)]
    x = torch.cat([x, torch.randn(2000, 4) * 2])
    values, codes = quantizer(x)
    assert codes.min() >= 0 and codes.max() < 1000
    torch.testing.assert_close(quantizer.values(codes), values)
    every = quantizer.values(torch.arange(1000))
    assert len({tuple(row) for row in every.tolist()}) == 1000


def test_padding_changes_no_code() -> None:
    torch.manual_seed(1)
    model = codecs.Codec(CODEC)
    mel = torch.randn(1, 20, 80)
    alone = model.encode(mel, torch.tensor([10]))[0]
    padded = torch.cat([mel, torch.randn(1, 8, 80)], 1)
    torch.testing.assert_close(model.encode(padded, torch.tensor([10]))[0][:, :10], alone)


@pytest.mark.parametrize("size", ["tiny", "shipped"])
def test_a_chunk_of_frames_needs_no_later_token(size: str) -> None:
    sizes = FLOW
    if size == "shipped":
        sizes = settings.load(configs.FlowStage, CONFIGS / "voice-flow.json").flow
    assert sizes.lookahead == 0
    torch.manual_seed(2)
    model = Flow(sizes).eval()
    codes = [5, 1, 2, 3, 8, 7, 0, 1, 4, 4, 2, 6, 3, 3]
    other = codes[: sizes.chunk] + [(c + 1) % 9 for c in codes[sizes.chunk :]]
    frames = 2 * sizes.chunk
    a, b = flow.sample(model, codes), flow.sample(model, other)
    torch.testing.assert_close(a[:frames], b[:frames], atol=1e-5, rtol=0)
    assert (a[frames:] - b[frames:]).abs().max() > 1e-3
    # What is cut off after whole chunks is the same as well: a sentence may stop there.
    c = flow.sample(model, codes[: sizes.chunk])
    torch.testing.assert_close(a[:frames], c, atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("size", ["tiny", "shipped"])
def test_the_vocoder_hears_no_further_than_its_lookahead(size: str) -> None:
    sizes = VOCODER
    if size == "shipped":
        sizes = settings.load(configs.VocoderStage, CONFIGS / "voice-vocoder.json").vocoder
    assert sizes.hop == configs.HOP and sizes.sample_rate == configs.SAMPLE_RATE
    torch.manual_seed(2)
    model = vocoder.make(sizes).eval()
    mel = torch.randn(1, 80, 16)
    other = mel.clone()
    other[:, :, 12:] += 1
    # The source's spectrum looks on by a window, and by the stride down to the first stage.
    ahead = sizes.fourier_size + sizes.upsample_rates[1] * sizes.fourier_hop
    same = sizes.hop * (12 - max(sizes.pre_lookahead, sizes.pitch_lookahead)) - ahead
    difference = (model(mel) - model(other)).abs()[0]
    assert difference[:same].max() == 0
    assert difference[same:].max() > 0


def test_the_distance_of_spectra_is_zero_only_for_the_same() -> None:
    torch.manual_seed(1)
    a = torch.randn(2, 4000)
    assert vocoder.spectral_distance(a, a, (128, 512)).abs().max() < 1e-6
    assert vocoder.spectral_distance(a, 0.5 * a, (128, 512)).min() > 0.5


@torch.no_grad()
def test_speech_tokens_come_as_in_one_pass(runs: Path) -> None:
    torch.manual_seed(4)
    task = tokens.TokensTask(token_stage(runs), ALONE)
    model = task.model.speech.eval()
    for count in (3, 9):
        text = torch.randn(count, 16)
        greedy = Sampling(top_k=1, threshold=2)
        found = generate(model, text, greedy)
        assert 12 * (count // 4) <= len(found) <= 15 * count
        sequence = interleaved(count, found, model.config)
        logits = model(model.inputs(sequence, text)[None])[0]
        logits[:, model.config.codes + 1 :] = -torch.inf
        wanted = [
            (row, target) for row, target in zip(logits, sequence.targets, strict=True)
            if target >= 0
        ]
        ended = len(found) < 15 * count
        for row, target in wanted if ended else wanted[:-1]:
            row = row if target == model.config.end else row[: model.config.codes]
            assert int(row.argmax()) == target


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_many_texts_are_said_as_each_alone(seed: int, runs: Path) -> None:
    torch.manual_seed(seed)
    model = tokens.TokensTask(token_stage(runs), ALONE).model.speech.eval()
    with torch.no_grad():
        # So that some end before others.
        model.llm_decoder.bias[model.config.end] += 0.5
        model.llm_decoder.weight.mul_(20)
    for length in (3, 8, 9):
        texts = torch.randn(5, length, 16)
        wanted = [generate(model, text, Sampling(top_k=1, threshold=2)) for text in texts]
        assert greedy(model, texts) == wanted


def test_repeated_tokens_are_put_aside() -> None:
    logits = torch.tensor([5.0, 0.0, -1.0])
    draw = torch.Generator().manual_seed(0)
    assert Sampling(top_k=1, threshold=2).draw(logits, [0] * 10, draw) == 0
    assert Sampling(top_k=1).draw(logits, [0], draw) != 0


def connected(
    runs: Path, words: bool = False
) -> tuple[configs.ConnectStage, connectors.ConnectTask]:
    """A connector of random hidden states, one for each word."""
    stage = token_stage(runs)
    folder = runs / "tokens"
    trainer = Trainer(tokens.TokensTask(stage, ALONE), replace(TRAINER, steps=1), folder, ALONE)
    trainer.run()
    (folder / "config.json").write_text(json.dumps(settings.as_json(stage)))
    torch.manual_seed(6)
    table = torch.randn(len(WORDS), 8)
    answers = [
        connectors.Answer(list(range(n + 1)), table[: n + 1].half().float()) for n in range(10)
    ]
    connectors.write_hidden(runs / "hidden.safetensors", answers)
    read = connectors.read_hidden(runs / "hidden.safetensors")
    assert [answer.tokens for answer in read] == [answer.tokens for answer in answers]
    torch.testing.assert_close(read[4].hidden, answers[4].hidden)
    connect = configs.ConnectStage(
        TRAINER, str(folder), [str(runs / "hidden.safetensors")], inner=12, words=words, budget=300,
        imitation=60, held_out=2,
    )
    return connect, connectors.ConnectTask(connect, ALONE)


def test_the_connector_learns_to_repeat_the_embeddings(runs: Path) -> None:
    _, task = connected(runs)
    before = [p.clone() for p in task.model.tokens.parameters()]
    trainer = Trainer(task, replace(TRAINER, steps=60, learning_rate=1e-2, weight_decay=0.0),
                      runs / "connect", ALONE)
    losses = [float(trainer.update()["imitation"]) for _ in range(60)]
    assert losses[-1] < 0.2 * losses[0]
    for old, new in zip(before, task.model.tokens.parameters(), strict=True):
        torch.testing.assert_close(old, new, msg="what is imitated has changed")


def test_with_words_the_connector_begins_with_their_embeddings(runs: Path) -> None:
    _, task = connected(runs, words=True)
    model, batch = task.model, task.batch(0, ALONE)
    said = [len(task.items[i][1]) for i, _ in task.plan.seeded(0)]
    assert batch.tokens.tolist() == [token for count in said for token in range(count)]
    table = model.tokens.speech.transformer.embed_tokens.weight
    states, chosen = 30 * torch.randn(5, 8), torch.tensor([4, 2, 0, 9, 4])
    torch.testing.assert_close(model.connector(states, chosen), table[chosen])
    with torch.no_grad():
        assert float(task.losses(batch)["imitation"].total) == 0
        model.connector.norm.weight.fill_(1)
        assert float(task.losses(batch)["imitation"].total) > 0


@pytest.mark.parametrize("words", [False, True])
def test_what_is_written_is_what_was_trained(runs: Path, words: bool) -> None:
    stage, task = connected(runs, words)
    model, folder = task.model.eval(), runs / "bundle"
    decoder, voice = Flow(FLOW).eval(), vocoder.make(VOCODER).eval()
    folder.mkdir()
    (folder / "manifest.json").write_text('{"name": "tiny", "synthesizer": {"capacity": 1}}')
    export.write(folder, model, stage.inner, TRANSFORMER, decoder, voice, Sampling(top_p=0.5))
    section = json.loads((folder / "manifest.json").read_text())["synthesizer"]
    assert section["flowConfiguration"]["upsampledLayers"] == 1
    assert section["vocoderConfiguration"]["upsampleRates"] == [8, 5]
    assert section["sampling"] == {"topP": 0.5, "topK": 25, "window": 10, "threshold": 0.1}
    assert "leftContext" in section["flowConfiguration"]

    found = load_file(folder / "speech-tokens.safetensors")
    wanted = {f"connector.{n}": x for n, x in model.connector.state_dict().items()}
    wanted |= model.tokens.speech.state_dict()
    assert wanted.keys() - found.keys() == {"llm.model.model.embed_tokens.weight"}
    for name, x in found.items():
        torch.testing.assert_close(x.float(), wanted[name], atol=2e-3, rtol=1e-3)
    again = Flow(FLOW)
    again.load_state_dict({n: x.float() for n, x in load_file(folder / "flow.safetensors").items()})
    codes = [1, 2, 3, 4, 5, 6, 7]
    rounded = export.rounded(decoder)
    torch.testing.assert_close(flow.sample(again.eval(), codes), flow.sample(rounded, codes))
    plain = export.rounded(voice)
    stored = load_file(folder / "vocoder.safetensors")
    assert stored.keys() == plain.state_dict().keys()
    assert not any("original" in name for name in stored)
    mel = torch.randn(1, 80, 6)
    with torch.no_grad():
        torch.testing.assert_close(plain(mel), voice(mel), atol=2e-3, rtol=0)
    prompt = load_file(folder / "voice.safetensors")
    assert prompt["tokens"].shape == (0,) and prompt["mel"].shape == (0, 80)


def bundle(runs: Path, words: bool = True) -> tuple[Path, connectors.ConnectTask, Flow, Vocoder]:
    """A bundle's synthesizer, and the models that it was written from."""
    stage, task = connected(runs, words)
    decoder, voice, folder = Flow(FLOW).eval(), vocoder.make(VOCODER).eval(), runs / "bundle"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"language": {"tokenizer": "tokenizer.json"}}')
    shutil.copyfile(runs / "tokenizer.json", folder / "tokenizer.json")
    export.write(
        folder, task.model.eval(), stage.inner, TRANSFORMER, decoder, voice, Sampling()
    )
    return folder, task, decoder, voice


def test_what_ships_comes_back_as_it_speaks(runs: Path) -> None:
    folder, task, decoder, voice = bundle(runs)
    parts = restore.read_parts(folder)
    wanted = export.rounded(task.model.tokens.speech).state_dict()
    for name, value in parts.speech.state_dict().items():
        torch.testing.assert_close(value, wanted[name], rtol=0, atol=0)
    for name, value in parts.flow.state_dict().items():
        torch.testing.assert_close(value, export.rounded(decoder).state_dict()[name])
    wanted = export.rounded(task.model.connector).state_dict()
    for name, value in parts.connector.state_dict().items():
        torch.testing.assert_close(value, wanted[name], rtol=0, atol=0)
    mel = torch.randn(1, 80, 6)
    with torch.no_grad():
        torch.testing.assert_close(parts.vocoder(mel), export.rounded(voice)(mel))
    # The magnitudes of its weights are their norms: it can be trained on.
    assert {n for n, _ in parts.vocoder.named_parameters()} == {
        n for n, _ in voice.named_parameters()
    }
    restore.main(["--bundle", str(folder), "--out", str(runs / "back")])
    found = flow.load(runs / "back" / "flow").state_dict()
    assert all(torch.equal(found[n], value) for n, value in parts.flow.state_dict().items())
    found = vocoder.load(runs / "back" / "vocoder").state_dict()
    assert all(torch.equal(found[n], value) for n, value in parts.vocoder.state_dict().items())
    # The runs that speak wait for the tokenizer, which is found apart.
    shutil.copytree(runs / "codec", runs / "back" / "codec")
    _, connect = connectors.load(runs / "back" / "connect")
    for name, value in parts.speech.state_dict().items():
        assert torch.equal(connect.tokens.speech.state_dict()[name], value)
    for name, value in parts.connector.state_dict().items():
        assert torch.equal(connect.connector.state_dict()[name], value)


def test_a_bundle_without_words_has_no_text_table(runs: Path) -> None:
    folder, *_ = bundle(runs, words=False)
    with pytest.raises(ValueError, match="no words"):
        restore.read_parts(folder)


def test_another_sound_leaves_the_rest_of_a_bundle(runs: Path) -> None:
    folder, _, decoder, voice = bundle(runs)
    kept = {p.name: p.read_bytes() for p in folder.iterdir()}
    torch.manual_seed(9)
    other = Flow(FLOW).eval()
    export.write_sound(folder, other, voice)
    changed = {p.name for p in folder.iterdir() if p.read_bytes() != kept[p.name]}
    assert changed == {"flow.safetensors"}
    found = restore.read_parts(folder).flow.state_dict()
    for name, value in export.rounded(other).state_dict().items():
        torch.testing.assert_close(found[name], value)
    with pytest.raises(ValueError, match="flowConfiguration"):
        export.write_sound(folder, Flow(replace(FLOW, steps=3)), voice)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lines_are_alike_until_they_part(seed: int) -> None:
    torch.manual_seed(seed)
    wanted = torch.randn(100, 80)
    assert spoken.alike(wanted + 0.1, wanted, 0.3) == 50
    assert spoken.alike(wanted[:61], wanted, 0.3) == 30
    assert spoken.alike(wanted[:9], wanted, 0.3) == 0
    found = wanted.clone()
    found[60:] += 2
    # The first window of 16 frames that is too far has three of these: 3 * 2 / 16 > 0.3.
    assert spoken.alike(found, wanted, 0.3) == (60 + 3 - 16) // 2


class Echo:
    """A recogniser to which every sound is its words' numbers."""

    unknown: list[str] = []
    WORDS = ("it", "is", "on", "off")

    def words(self, text: str) -> list[str]:
        """The words of a line."""
        return text.rstrip(".").split()

    def hear(self, samples: np.ndarray) -> list[str]:
        """The words of their numbers."""
        return [self.WORDS[int(n)] for n in samples]


def chosen_of(*candidates: tuple[str, list[int] | None]) -> tuple[str, list[int], int] | None:
    """What is chosen for a line of three tokens."""
    line = data.Utterance(
        "it is off.", *(np.zeros(n) for n in (1920, 6)), pitch=np.zeros(6), phones=np.zeros(6)
    )
    return chosen.best(line, candidates, np.array, Echo())


def test_the_codes_that_are_heard_right_are_chosen_and_the_first_of_equals() -> None:
    right, near, far = [0, 1, 3], [0, 1, 2], [2, 2, 2]
    assert chosen_of(("a", far), ("b", right), ("c", right)) == ("b", right, 0)
    assert chosen_of(("a", far), ("b", near), ("c", near)) == ("b", near, 1)


def test_codes_of_another_length_than_the_recording_are_not_chosen() -> None:
    assert chosen_of(("a", None), ("b", [0, 1]), ("c", [2, 2, 2])) == ("c", [2, 2, 2], 3)
    assert chosen_of(("a", None), ("b", [0, 1])) is None


def test_lines_are_used_as_far_as_they_run_alike(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, *_ = bundle(runs)
    voice = data.Voice.load(DATA)
    model = restore.read_parts(folder).flow
    codes = {u.text: [n % 9 for n in range(u.tokens)] for u in voice.utterances}
    first = voice.utterances[4]
    monkeypatch.setattr(spoken, "say", lambda model, tokenizer, texts: codes)
    # A recording is what the flow makes of the codes, but for one from its 20th on.
    for u in voice.utterances:
        u.mel = flow.sample(model, codes[u.text]).numpy()
    first.mel[40:] += 3
    (runs / "stage.json").write_text("{}")
    spoken.main(["--bundle", str(folder), "--config", str(runs / "stage.json"),
                 "--out", str(runs / "spoken.json"), "--farthest", "0.3"])
    found = json.loads((runs / "spoken.json").read_text())
    assert len(found.pop(first.text)) in range(12, 20)
    assert found == {text: line for text, line in codes.items() if text != first.text}


def test_another_text_speech_model_takes_its_place_with_its_table(runs: Path) -> None:
    _, task = connected(runs, words=True)
    torch.manual_seed(10)
    other = tokens.TokensModel(token_stage(runs), 9)
    states = task.model.connector(torch.zeros(1, 8), torch.tensor([3]))
    task.model.take(other)
    table = other.speech.transformer.embed_tokens.weight
    changed = task.model.connector(torch.zeros(1, 8), torch.tensor([3]))
    assert not torch.allclose(changed, states)
    torch.testing.assert_close(changed, table[3:4])
    assert task.model.tokens is other
    _, plain = connected(runs)
    with pytest.raises(ValueError, match="no words"):
        plain.model.take(other)


def test_the_tokenizer_of_a_bundle_is_found_again(runs: Path) -> None:
    """The codes of a tokenizer that is not looked at are learnt from its answers."""
    voice = data.Voice.load(DATA)
    hidden = codecs.Codec.load(runs / "codec")
    with torch.no_grad():
        hidden.narrow.weight.mul_(8)
    path = runs / "spoken.json"
    known = dict(zip([u.text for u in voice.utterances], hidden.codes_of(voice.utterances)))
    assert len({code for line in known.values() for code in line}) > 3
    path.write_text(json.dumps(known))
    stage = configs.CodecStage(TRAINER, DATA, CODEC, 8, 12, spoken=str(path))
    torch.manual_seed(11)
    task = listen.ListenTask(stage, ALONE)
    trainer = Trainer(task, replace(TRAINER, steps=80), runs / "listen", ALONE)
    losses = [trainer.update() for _ in range(80)]
    assert float(losses[-1]["codes"]) < 0.3 * float(losses[0]["codes"])
    assert float(losses[-1]["accuracy"]) > float(losses[0]["accuracy"])
    with pytest.raises(ValueError, match="name a file"):
        listen.ListenTask(replace(stage, spoken=""), ALONE)


def test_known_codes_of_whole_lines_go_before_the_tokenizers(runs: Path) -> None:
    voice = data.Voice.load(DATA)
    whole, part = voice.training[2:4]
    path = runs / "spoken.json"
    path.write_text(json.dumps({
        whole.text: [8] * whole.tokens, part.text: [8] * (part.tokens - 1),
    }))
    stage = token_stage(runs)
    plain = tokens.TokensTask(stage, ALONE).items
    found = tokens.TokensTask(replace(stage, spoken=str(path)), ALONE).items
    changed = [n for n, (a, b) in enumerate(zip(plain, found)) if list(a.targets) != list(b.targets)]
    assert len(changed) == 1
    spoken_codes = {t for t in found[changed[0]].targets.tolist() if 0 <= t < 9}
    assert spoken_codes == {8}


def test_the_flow_learns_of_spoken_codes_alone(runs: Path) -> None:
    voice = data.Voice.load(DATA)
    codes = {u.text: [1] * (u.tokens - 3) for u in voice.utterances[1:]}
    path = runs / "spoken.json"
    path.write_text(json.dumps(codes))
    stage = configs.FlowStage(TRAINER, FLOW, "", str(path), DATA, 4, 12)
    task = flow.FlowTask(stage, ALONE)
    assert [len(line) for line in task.codes] == [u.tokens for u in task.voice.training]
    assert [u.text for u in task.voice.held_out] == [u.text for u in voice.held_out]
    assert [u.text for u in task.voice.training] == [u.text for u in voice.training[1:]]
    trainer = Trainer(task, replace(TRAINER, steps=2), runs / "flow", ALONE)
    assert float(trainer.update()["flow"]) > 0
    both = replace(stage, codec=str(runs / "codec"))
    for wrong in (both, replace(stage, spoken="")):
        with pytest.raises(ValueError, match="name a run"):
            flow.FlowTask(wrong, ALONE)
    path.write_text(json.dumps(codes | {voice.utterances[1].text: [9]}))
    with pytest.raises(ValueError, match="code 9"):
        flow.FlowTask(stage, ALONE)
