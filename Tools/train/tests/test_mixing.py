"""Conversations that are mixed while training: what sounds where, and that seeds repeat it."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from salmonn_omni.dialogue import corpus, mixing, sound
from salmonn_omni.dialogue.model import BLOCK
from salmonn_omni.models.log_mel import LogMel

torch.set_num_threads(1)
CPU = torch.device("cpu")
#: Nothing between the speakers and the microphone.
CLEAN = mixing.Surroundings(quiet=1, no_echo=1, no_room=1, gain=(0, 0))


def bank(folder: Path, count: int, seed: int) -> np.ndarray:
    """A bank of `count` utterances of noise; gives its samples."""
    folder.mkdir()
    draw = np.random.default_rng(seed)
    lines, samples = [], []
    for number in range(count):
        length = 4000 + 500 * number
        lines.append({"offset": sum(map(len, samples)), "count": length})
        samples.append((draw.standard_normal(length) * 1600).astype("<i2"))
    (folder / "utterances.jsonl").write_text("\n".join(map(json.dumps, lines)))
    np.concatenate(samples).tofile(folder / "samples.pcm")
    return np.concatenate(samples)


def conversation(cause: str = "end", back: int = 20) -> corpus.Conversation:
    """One question of the first utterance, and an answer of the assistant's second."""
    start, shift = 2000, 6
    audio = (shift + 3) * BLOCK
    end = audio + 4500 if cause == "end" else audio + 2 * BLOCK + mixing.FADE
    return corpus.Conversation(
        "one", "duplex", 24, (corpus.Utterance("a", start, start + 4000, "user", source=0),),
        (corpus.Turn(shift, "b", back, cause, audio, end, audio + 4500, 0, source=4000),),
        (), {}, 0, 0, None,  # type: ignore[arg-type]
    )


@pytest.fixture
def studio(tmp_path: Path) -> tuple[mixing.Studio, np.ndarray, np.ndarray]:
    """Two banks without surroundings, and their samples."""
    users, own = bank(tmp_path / "users", 4, 1), bank(tmp_path / "own", 3, 2)
    config = mixing.StudioConfig(
        [str(tmp_path / "users")], [str(tmp_path / "own")], CLEAN, rooms=20
    )
    return mixing.Studio(config, 1, CPU), users, own


def mixed(
    studio: mixing.Studio, row: mixing.Row, blocks: int = 24, seed: int = 3
) -> tuple[np.ndarray, np.ndarray | None]:
    """What a row sounds like."""
    found = studio.mixer.mix(mixing.planned([row], blocks, seed, studio.places))
    return found.environment[0].numpy(), None if found.heard is None else found.heard[0].numpy()


def test_everybody_is_heard_where_the_script_says(
    studio: tuple[mixing.Studio, np.ndarray, np.ndarray],
) -> None:
    made, users, own = studio
    environment, heard = mixed(made, mixing.laid_out(conversation(), 0, 24))
    assert heard is not None
    assert np.allclose(environment[2000:6000], users[:4000] / 32768, atol=1e-4)
    assert not environment[:2000].any() and not environment[6000:].any()
    # The model hears itself a block later than it is put out.
    audio = 9 * BLOCK + BLOCK
    assert np.allclose(heard[audio : audio + 4500], own[4000:8500] / 32768, atol=1e-4)
    assert not heard[:audio].any() and not heard[audio + 4500 :].any()


def test_a_part_sounds_as_in_the_whole(
    studio: tuple[mixing.Studio, np.ndarray, np.ndarray],
) -> None:
    made, _, _ = studio
    whole, own = mixed(made, mixing.laid_out(conversation(), 0, 24))
    part, own_part = mixed(made, mixing.laid_out(conversation(), 3, 15), 12)
    assert own is not None and own_part is not None
    assert np.array_equal(part, whole[3 * BLOCK : 15 * BLOCK])
    assert np.array_equal(own_part[BLOCK:], own[4 * BLOCK : 15 * BLOCK])


def test_a_yield_fades(studio: tuple[mixing.Studio, np.ndarray, np.ndarray]) -> None:
    made, _, own = studio
    _, heard = mixed(made, mixing.laid_out(conversation("yield", 11), 0, 24))
    assert heard is not None
    end = 9 * BLOCK + 2 * BLOCK + BLOCK
    said = own[4000 + 2 * BLOCK :][: mixing.FADE] / 32768
    assert np.allclose(
        heard[end : end + mixing.FADE], said * np.linspace(1, 0, mixing.FADE), atol=1e-4
    )
    assert not heard[end + mixing.FADE :].any()


def test_the_echo_comes_late_and_as_loud_as_drawn(
    studio: tuple[mixing.Studio, np.ndarray, np.ndarray],
) -> None:
    made, _, own = studio
    row = mixing.laid_out(conversation(), 0, 24)
    row.echo, row.echo_delay = 0.5, 1700
    environment, _ = mixed(made, row)
    start = 9 * BLOCK + 1700
    assert np.allclose(environment[start : start + 4500], own[4000:8500] / 65536, atol=1e-4)


@pytest.mark.parametrize("noise", range(1, len(mixing.NOISES)))
def test_noise_has_the_ratio_that_was_drawn(
    studio: tuple[mixing.Studio, np.ndarray, np.ndarray], noise: int,
) -> None:
    made, _, _ = studio
    row = mixing.Row([], noise=noise, ratio=12.0, levels=(-2.0, 0.0))
    environment, _ = mixed(made, row, 200)
    level = 20 * np.log10(np.sqrt(np.mean(environment**2)))
    assert abs(level - (20 * np.log10(mixing.LEVEL) - 2 - 12)) < 1.5


def test_a_band_limit_takes_what_lies_outside(
    studio: tuple[mixing.Studio, np.ndarray, np.ndarray],
) -> None:
    made, _, _ = studio
    spectra = []
    for band in range(len(mixing.BANDS)):
        environment, _ = mixed(made, mixing.Row([], noise=1, ratio=0.0, band=band), 200)
        spectra.append(np.abs(np.fft.rfft(environment)) ** 2)
    hertz = np.fft.rfftfreq(200 * BLOCK, 1 / 16000)
    high, low, middle = hertz > 6000, hertz < 100, (hertz > 800) & (hertz < 1500)
    telephone, muffled = spectra[1] / spectra[0], spectra[2] / spectra[0]
    assert telephone[low].mean() < 0.01 and telephone[high].mean() < 0.03
    assert muffled[high].mean() < 0.05 and abs(muffled[middle].mean() - 1) < 0.1
    assert abs(telephone[middle].mean() - 1) < 0.1


@pytest.mark.parametrize("seed", [1, 2])
def test_equal_seeds_mix_equally_and_others_do_not(tmp_path: Path, seed: int) -> None:
    bank(tmp_path / "users", 4, 1), bank(tmp_path / "own", 3, 2)
    config = mixing.StudioConfig([str(tmp_path / "users")], [str(tmp_path / "own")], rooms=20)
    made = mixing.Studio(config, 1, CPU)
    parts = [(conversation(), 0, 24)] * 3
    first = made.mixer.mix(made.plan(parts, 24, [seed, 7, 9])).environment
    again = made.mixer.mix(made.plan(parts, 24, [seed, 7, 9])).environment
    other = made.mixer.mix(made.plan(parts, 24, [seed + 10, 7, 9])).environment
    assert torch.equal(first, again)
    assert not torch.equal(first[0], other[0])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_mix_without_the_echo_differs_by_nothing_else(
    studio: tuple[mixing.Studio, np.ndarray, np.ndarray], seed: int
) -> None:
    made, _, _ = studio
    around = mixing.Surroundings(quiet=0, no_echo=0, full_echo=1, no_room=0)
    row = mixing.drawn(mixing.laid_out(conversation(), 0, 24), around, 20, random.Random(seed))
    plan = mixing.planned([row], 24, seed, made.places)
    both = made.mixer.mix(plan, echo_free=True)
    assert torch.equal(both.environment, made.mixer.mix(plan).environment)
    row.echo = 0
    silent = made.mixer.mix(mixing.planned([row], 24, seed, made.places))
    assert both.echo_free is not None
    assert torch.equal(both.echo_free, silent.environment)
    assert not torch.equal(both.echo_free, both.environment)


def test_rooms_begin_with_the_direct_sound_and_decay() -> None:
    pool = mixing.room_pool(200, 5)
    assert (pool[:, 0] == 1).all() and not pool[0, 1:].any()
    energy = np.square(pool[1:])
    assert (energy[:, 1:3200].sum(1) > energy[:, 3200:].sum(1)).all()
    # Ordered by reverberation time: later rooms ring longer.
    tail = energy[:, 2400:].sum(1)
    assert tail[150:].mean() > 10 * tail[:50].mean()


@pytest.mark.parametrize("factor", [0.86, 1.0, 1.16])
def test_a_shorter_vocal_tract_raises_every_frequency_below_the_knee(factor: float) -> None:
    time = torch.arange(16000) / 16000
    mel = LogMel()
    centres = sound.bin_centres(mel.config)

    def peak(features: torch.Tensor) -> float:
        return float(centres[features[0, 50].argmax()])

    for frequency in (400.0, 1000.0, 3000.0):
        before = mel(torch.sin(2 * torch.pi * frequency * time)[None])
        after = sound.stretched(before, centres, torch.tensor([factor]))
        assert peak(after) / peak(before) == pytest.approx(factor, rel=0.06)
    top = sound.stretched(centres[None, None], centres, torch.tensor([factor]))[0, 0]
    torch.testing.assert_close(top[-1], centres[-1])  # the highest frequency stays
    assert bool((top.diff() > 0).all())


def test_warped_time_moves_sounds_by_no_more_than_asked_and_keeps_their_order() -> None:
    frames = torch.arange(400.0)[None, :, None].expand(3, -1, 80)
    changed = sound.changed_on_device(
        frames, sound.Changes(warp=1.0, warps=1.5), torch.Generator().manual_seed(7)
    )
    moved = changed - frames
    assert 0.3 < float(moved.abs().max()) <= 3.0  # two waves, 1.5 frames each
    assert bool((changed.diff(dim=1) >= 0).all())  # nothing is heard backwards
    assert float((moved[0] - moved[1]).abs().max()) > 0.1  # every row has its own
    some = sound.changed_on_device(
        frames, sound.Changes(warp=0.5), torch.Generator().manual_seed(2)
    )
    kept = [bool((row == frame).all()) for row, frame in zip(some, frames)]
    assert True in kept and False in kept


def test_pieced_speech_jumps_at_its_joints_only() -> None:
    changes = sound.Changes(joints=1.0, jumps=0.06)
    changed = sound.changed_on_device(
        torch.zeros(2, 300, 80), changes, torch.Generator().manual_seed(11)
    )
    jumps = changed.diff(dim=1).abs().amax(2)
    share = float((jumps > 1e-6).float().mean())
    assert 0.06 < share < 0.14  # a piece is 100 ms on the average
    assert 0.02 < float(changed.abs().max()) <= 0.09
    heard = torch.ones(2, 300 * 160)
    same = sound.changed_on_device(
        torch.zeros(2, 300, 80), changes, torch.Generator().manual_seed(11), heard
    )
    assert not bool(same.any())


def test_nobody_has_another_vocal_tract_while_the_assistant_is_heard() -> None:
    mel = torch.rand(2, 24, 80, generator=torch.Generator().manual_seed(3))
    heard = torch.zeros(2, 3 * BLOCK)
    heard[1, 700:800] = 0.1
    changes = sound.Changes(tract=1.0)

    def changed(heard: torch.Tensor | None) -> torch.Tensor:
        draw = torch.Generator().manual_seed(5)
        return sound.changed_on_device(mel.clone(), changes, draw, heard)

    found = changed(heard)
    assert not torch.equal(found[0], mel[0])
    torch.testing.assert_close(found[1], mel[1])
    assert not torch.equal(changed(None)[1], mel[1])
