"""Scripts to sound, on the device that trains: every epoch hears a conversation in another room.

What a row of a batch consists of is laid out in numpy, by worker processes; `Mixer` then adds it up
in the frequency domain. The ranges are those of `Conditions.swift`, and the noises, rooms and band
limits those of the Swift mixer, which makes the corpora of the tests.
"""

import json
import math
import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .corpus import Conversation, bank_size
from .model import BLOCK

#: Who speaks: the rows of a conversation's dry tracks. What others babble is one more.
USER, THIRD, ASSISTANT, BABBLE = range(4)
NOISES = ("none", "white", "pink", "brown", "hum", "babble")
BANDS = ("full", "telephone", "muffled")
#: The level of utterances, -26 dBFS, and the fade of a yield in samples.
LEVEL, FADE = 0.05, 160
#: Samples of a room's response: longer than 0.7 times the longest reverberation time.
RESPONSE = 6400
#: The longest way of the echo, in samples.
ECHO_DELAY = (BLOCK, BLOCK + 2560)


@dataclass(frozen=True)
class Surroundings:
    """How often what lies between speakers and microphone, as `Conditions.drawn` has it."""

    quiet: float = 0.15
    no_echo: float = 0.25
    full_echo: float = 0.35
    no_room: float = 0.35
    #: Speech to noise in dB.
    ratios: tuple[float, float] = (10.0, 30.0)
    gain: tuple[float, float] = (-12.0, 6.0)
    #: The share of utterances of banks into which the assistant speaks.
    overlaid: float = 0.0


@dataclass
class Row:
    """One conversation of a batch, or a part of it, from its first sample."""

    #: `[speech, 4]`: who, the first sample, the first sample in the bank, how many samples.
    speech: list[tuple[int, int, int, int]]
    #: Where an answer that was cut short ends.
    fades: list[int] = field(default_factory=list)
    #: Decibels, seconds, factors: see `drawn`.
    levels: tuple[float, float] = (0.0, 0.0)
    echo: float = 0.0
    echo_delay: int = BLOCK
    rooms: tuple[int, int, int] = (0, 0, 0)
    noise: int = 0
    ratio: float = 0.0
    band: int = 0
    gain: float = 0.0
    #: The mains' frequency, where the noise is their hum.
    hum: float = 50.0


def drawn(row: Row, around: Surroundings, rooms: int, draw: random.Random) -> Row:
    """A row with conditions of its own."""
    if draw.random() >= around.quiet:
        row.noise = draw.choice((1, 2, 2, 3, 4, 5, 5))
        row.ratio = draw.uniform(*around.ratios)
    if draw.random() >= around.no_echo:
        full = draw.random() < around.full_echo
        low = draw.random() < 0.3
        row.echo = 1.0 if full else 0.1 if low else draw.uniform(0.02, 1)
    row.echo_delay = draw.randint(*ECHO_DELAY)
    if draw.random() >= around.no_room and rooms > 1:
        # One reverberation time has many neighbours in the pool: see `room_pool`.
        near = draw.randrange(1, max(2, rooms - 8))
        row.rooms = tuple(near + draw.randrange(min(8, rooms - near)) for _ in range(3))
    band = draw.random()
    row.band = 1 if band < 0.12 else 2 if band < 0.24 else 0
    row.gain = draw.uniform(*around.gain)
    row.levels = (draw.uniform(-6, 4), draw.uniform(-9, 2))
    row.hum = draw.choice((50.0, 60.0))
    return row


def laid_out(conversation: Conversation, first: int, last: int) -> Row:
    """What sounds in some blocks of a conversation of a script or a bank."""
    start, end = first * BLOCK, last * BLOCK
    row = Row([])

    def add(who: int, begins: int, ends: int, source: int) -> None:
        skipped = max(0, start - begins)
        count = min(ends, end) - begins - skipped
        if count > 0:
            row.speech.append((who, begins + skipped - start, source + skipped, count))

    for utterance in conversation.user:
        who = THIRD if utterance.role == "third" else USER
        add(who, utterance.start, utterance.end, utterance.source)
    for turn in conversation.turns:
        if turn.source < 0:
            continue
        # What is put out in block k is heard in block k + 1, by `Mixer`.
        add(ASSISTANT, turn.audio_start, turn.audio_end, turn.source)
        if turn.cause == "yield" and start + FADE <= turn.audio_end <= end:
            row.fades.append(turn.audio_end - start)
    return row


def overlay(row: Row, answers: np.ndarray, count: int, draw: random.Random) -> None:
    """Lets the assistant speak into a row that it does not speak in: an echo to be passed over."""
    source, length = (int(v) for v in answers[draw.randrange(len(answers))])
    start = draw.randint(-length // 2, max(0, count - 8000))
    skipped = max(0, -start)
    inside = min(length, count - start) - skipped
    if inside > 0:
        row.speech.append((ASSISTANT, start + skipped, source + skipped, inside))


@dataclass
class Plan:
    """The rows of a batch in numbers."""

    blocks: int
    #: `[speeches, 5]`: row, who, first sample, first sample in the bank, samples.
    speech: np.ndarray
    #: `[fades, 2]`: row, last sample.
    fades: np.ndarray
    #: `[rows, ...]`
    rooms: np.ndarray
    values: np.ndarray
    kinds: np.ndarray
    seed: int


def planned(
    rows: list[Row], blocks: int, seed: int, others: np.ndarray | None = None
) -> Plan:
    """A batch; `others` are (first sample, samples) of what can babble, `[utterances, 2]`."""
    speech = [(i, *s) for i, row in enumerate(rows) for s in row.speech]
    draw = np.random.default_rng(seed)
    for index, row in enumerate(rows):
        if NOISES[row.noise] == "babble" and others is not None and len(others):
            for _ in range(5):
                place = -int(draw.integers(16000))
                while place < blocks * BLOCK:
                    source, count = (int(v) for v in others[draw.integers(len(others))])
                    skipped = max(0, -place)
                    inside = min(count, blocks * BLOCK - place) - skipped
                    if inside > 0:
                        speech.append((index, BABBLE, place + skipped, source + skipped, inside))
                    place += count + int(draw.integers(8000))
    return Plan(
        blocks, np.array(speech, dtype=np.int64).reshape(-1, 5),
        np.array([(i, f) for i, row in enumerate(rows) for f in row.fades], np.int64).reshape(-1, 2),
        np.array([row.rooms for row in rows], dtype=np.int64),
        np.array(
            [(*r.levels, r.echo, r.echo_delay, r.ratio, r.gain, r.hum) for r in rows], np.float32
        ),
        np.array([(row.noise, row.band) for row in rows], dtype=np.int64), seed,
    )


def room_pool(count: int, seed: int) -> np.ndarray:
    """Responses `[count, RESPONSE]`, ordered by reverberation time; the first is the direct sound."""
    draw = np.random.default_rng(seed)
    pool = np.zeros((count, RESPONSE), dtype=np.float32)
    pool[:, 0] = 1
    for row, time in zip(pool[1:], np.sort(draw.uniform(0.12, 0.55, count - 1))):
        delays = draw.uniform(0.001, 0.02, 6)
        gains = draw.uniform(0.1, 0.5, 6) * 10 ** (-3 * delays / time)
        density, energy = 1200.0, 10 ** draw.uniform(-1.6, -0.4)
        largest = math.sqrt(energy * 13.8 / time / density)
        places = 0.006 + np.cumsum(2 * draw.uniform(size=int(1200 * time)) / density)
        places = places[places < min(0.7 * time, RESPONSE / 16000 - 1e-3)]
        delays = np.concatenate([delays, places])
        gains = np.concatenate([gains, largest * 10 ** (-3 * places / time)])
        gains *= draw.choice([-1.0, 1.0], len(gains))
        np.add.at(row, (delays * 16000).astype(np.int64), gains.astype(np.float32))
    return pool


def biquad(frequency: float, is_high: bool, omega: Tensor) -> Tensor:
    """The response of a Butterworth filter of second order (Bristow-Johnson's cookbook)."""
    angle = 2 * math.pi * frequency / 16000
    alpha, cosine = math.sin(angle) / math.sqrt(2), math.cos(angle)
    edge = (1 + cosine) / 2 if is_high else (1 - cosine) / 2
    z = torch.polar(torch.ones_like(omega), -omega)
    above = edge * (1 + (-2 if is_high else 2) * z + z * z)
    return above / (1 + alpha - 2 * cosine * z + (1 - alpha) * z * z)


def band_responses(omega: Tensor) -> Tensor:
    """The responses of `BANDS`, `[bands, frequencies]`."""
    telephone = (biquad(300, True, omega) * biquad(3400, False, omega)) ** 2
    return torch.stack([torch.ones_like(telephone), telephone, biquad(2600, False, omega)])


def noise_shapes(omega: Tensor) -> Tensor:
    """The magnitudes of `NOISES`, `[noises, frequencies]`; the hum's peaks are added in rows."""
    hertz = omega / (2 * math.pi) * 16000
    z = torch.polar(torch.ones_like(omega), -omega)
    # Paul Kellet's filters for pink noise, and a leaky sum for brown.
    pink = (
        0.099046 / (1 - 0.99765 * z) + 0.2965164 / (1 - 0.963 * z) + 1.0526913 / (1 - 0.57 * z)
        + 0.1848
    ).abs()
    brown = (1 / (1 - 0.992 * z)).abs()
    nothing = torch.zeros_like(hertz)
    return torch.stack([nothing, torch.ones_like(hertz), pink, brown, nothing + 0.1, nothing])


def smooth_size(least: int) -> int:
    """The least even number from one on that has no prime factor above 5."""
    size = least + least % 2
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 2


@dataclass
class Mixed:
    """The streams of a batch, `[rows, samples]`."""

    #: What the microphone gives.
    environment: Tensor
    #: What the model hears of itself; None where the assistant says nothing.
    heard: Tensor | None = None
    #: What the microphone would give if nothing of the assistant came back to it; where asked for,
    #: and where the assistant says something.
    echo_free: Tensor | None = None


class Mixer:
    """Adds up batches of conversations from banks that lie in the device's memory."""

    def __init__(self, users: Tensor, assistant: Tensor, rooms: np.ndarray) -> None:
        """Banks as 16-bit samples; `assistant` `[voices, samples]`: the same lines in several."""
        self.users, self.assistant = users, assistant
        self.rooms = torch.from_numpy(rooms).to(users.device)

    def tracks(self, plan: Plan, draw: torch.Generator) -> Tensor:
        """Everybody's dry speech, `[rows, 4, samples]`."""
        device, rows, count = self.users.device, len(plan.kinds), plan.blocks * BLOCK
        tracks = torch.zeros(rows * 4 * count, device=device)
        voices = torch.randint(len(self.assistant), (rows,), generator=draw, device=device)
        for is_assistant in (False, True):
            chosen = plan.speech[(plan.speech[:, 1] == ASSISTANT) == is_assistant]
            if not len(chosen):
                continue
            row, who, start, source, length = (
                torch.from_numpy(np.ascontiguousarray(c)).to(device) for c in chosen.T
            )
            pcm = self.users
            if is_assistant:
                pcm = self.assistant.reshape(-1)
                source = source + voices[row] * self.assistant.shape[1]
            total = int(chosen[:, 4].sum())
            offset = torch.cumsum(length, 0) - length
            within = torch.arange(total, device=device)
            expanded = torch.repeat_interleave(
                torch.stack([source - offset, (row * 4 + who) * count + start - offset]), length,
                dim=1, output_size=total,
            ) + within
            tracks.index_add_(0, expanded[1], pcm[expanded[0]].float() / 32768)
        tracks = tracks.view(rows, 4, count)
        if len(plan.fades):
            row, end = torch.from_numpy(plan.fades).to(device).T
            ramp = torch.linspace(1, 0, FADE, device=device)
            places = end[:, None] - FADE + torch.arange(FADE, device=device)
            tracks[row[:, None], ASSISTANT, places] *= ramp
        return tracks

    @torch.no_grad()
    def mix(self, plan: Plan, echo_free: bool = False) -> Mixed:
        """The streams of a batch; `echo_free` also asks for the microphone's without the echo."""
        device, count = self.users.device, plan.blocks * BLOCK
        draw = torch.Generator(device).manual_seed(plan.seed)
        tracks = self.tracks(plan, draw)
        size = smooth_size(count + RESPONSE + ECHO_DELAY[1])
        values = torch.from_numpy(plan.values).to(device)
        user, third, echo, delay, ratio, gain, hum = values.T
        kinds = torch.from_numpy(plan.kinds).to(device)
        factors = torch.stack([10 ** (user / 20), 10 ** (third / 20), echo], dim=1)
        omega = torch.arange(size // 2 + 1, device=device) * (2 * math.pi / size)
        spectra = torch.fft.rfft(tracks, n=size)
        rooms = self.rooms[torch.from_numpy(plan.rooms).to(device)]
        ways = torch.fft.rfft(rooms, n=size)
        ways[:, ASSISTANT] *= torch.polar(
            torch.ones(len(values), size // 2 + 1, device=device), -omega * delay[:, None]
        )
        parts = spectra[:, :3] * ways * factors[..., None]
        # Noise of the user's level, less the ratio.
        shape = noise_shapes(omega)[kinds[:, 0]]
        hertz = omega / (2 * math.pi) * 16000
        is_hum = (kinds[:, 0] == NOISES.index("hum")).float()[:, None]
        distance = (hertz[None] / hum[:, None]).round().clamp(1, 8) * hum[:, None] - hertz
        shape = shape + is_hum * 40 * torch.exp(-((distance / 1.0) ** 2)) * 50 / (hertz + 50)
        real = torch.randn(len(values), size // 2 + 1, 2, generator=draw, device=device)
        noise = torch.view_as_complex(real) * shape + spectra[:, BABBLE]
        power = 2 * noise.abs().square().sum(-1, keepdim=True) / size**2
        level = LEVEL * 10 ** ((user - ratio) / 20) * (kinds[:, 0] > 0)
        noise = noise * (level[:, None] / (power.sqrt() + 1e-12))
        band, loudness = band_responses(omega)[kinds[:, 1]], (10 ** (gain / 20))[:, None]

        def at_microphone(parts: Tensor) -> Tensor:
            found = torch.fft.irfft((parts.sum(1) + noise) * band * loudness, n=size)[:, :count]
            return (found.clamp(-1, 1) * 32767).round() / 32768

        mixed = Mixed(at_microphone(parts))
        if bool((plan.speech[:, 1] == ASSISTANT).any()):
            if echo_free:
                mixed.echo_free = at_microphone(parts[:, :ASSISTANT])
            mixed.heard = torch.zeros_like(mixed.environment)
            mixed.heard[:, BLOCK:] = tracks[:, ASSISTANT, :-BLOCK]
        return mixed


def joined(folders: list[str], device: torch.device) -> Tensor:
    """The samples of banks, one after the other, as scripts count them."""
    parts = [np.fromfile(Path(folder) / "samples.pcm", dtype="<i2") for folder in folders]
    return torch.from_numpy(np.concatenate(parts)).to(device)


def places(folders: list[str]) -> np.ndarray:
    """First sample and number of samples of every utterance of banks, `[utterances, 2]`."""
    found, before = [], 0
    for folder in folders:
        for line in (Path(folder) / "utterances.jsonl").read_text().splitlines():
            utterance = json.loads(line)
            found.append((before + utterance["offset"], utterance["count"]))
        before += bank_size(folder)
    return np.array(found, dtype=np.int64).reshape(-1, 2)


@dataclass(frozen=True)
class StudioConfig:
    """Where conversations are mixed from, and into what surroundings."""

    #: Banks of users, in the order in which scripts count their samples; empty where conversations
    #: are read as they were mixed.
    users: list[str] = field(default_factory=list)
    #: The assistant's bank in several voices: the same lines at the same places.
    assistant: list[str] = field(default_factory=list)
    surroundings: Surroundings = field(default_factory=Surroundings)
    #: The size of the pool of rooms.
    rooms: int = 2000


class Studio:
    """Lays out batches of conversations, and mixes them."""

    def __init__(self, config: StudioConfig, seed: int, device: torch.device) -> None:
        self.config = config
        self.places, self.answers = places(config.users), places(config.assistant[:1])
        voices = [joined([folder], device) for folder in config.assistant]
        nothing = torch.zeros(1, 1, dtype=torch.int16, device=device)
        self.mixer = Mixer(
            joined(config.users, device), torch.stack(voices) if voices else nothing,
            room_pool(config.rooms, seed),
        )

    def plan(
        self, parts: list[tuple[Conversation, int, int]], blocks: int, seeds: list[int]
    ) -> Plan:
        """Parts of conversations, from a block to a block, in surroundings drawn by the seeds."""
        rows = []
        for (conversation, first, last), seed in zip(parts, seeds):
            draw = random.Random(seed)
            row = laid_out(conversation, first, min(last, conversation.blocks))
            drawn(row, self.config.surroundings, self.config.rooms, draw)
            is_alone = not any(turn.source >= 0 for turn in conversation.turns)
            if is_alone and len(self.answers):
                if draw.random() < self.config.surroundings.overlaid:
                    overlay(row, self.answers, (last - first) * BLOCK, draw)
            rows.append(row)
        return planned(rows, blocks, seeds[0] % 2**31, self.places)
