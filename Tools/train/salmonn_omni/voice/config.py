"""The configurations of the stages: nested dataclasses that JSON files fill."""

import math
from dataclasses import dataclass, field
from typing import Any

from transformers import Qwen2Config

from salmonn_omni.models.flow import FlowConfiguration
from salmonn_omni.models.speech_tokens import SpeechTokenConfig
from salmonn_omni.models.vocoder import VocoderConfig
from salmonn_omni.training.trainer import TrainerConfig

SAMPLE_RATE = 16000
HOP = 320
FRAMES_PER_TOKEN = 2
TOKEN = FRAMES_PER_TOKEN * HOP


def spelt(name: str) -> str:
    """A setting's name as a bundle's manifest spells it."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@dataclass(frozen=True)
class DataConfig:
    """Which lines are said, by which voice, and how they become mel frames."""

    #: Text files, tables or folders of shards, with the most lines that are taken of each; empty
    #: for the lines that `lines.py` makes.
    corpora: dict[str, int] = field(default_factory=dict)
    #: The lines that are made where there are no corpora.
    lines: int = 4000
    #: Further lines that are put together from sentences of these.
    composed: int = 0
    #: The lines that are kept out of training. A text-speech model says these worst: none for one that
    #: ships, whose answers are all known.
    held_out: int = 200
    seed: int = 1
    #: The synthesizer, flite or hibari, and its name of the voice.
    engine: str = "flite"
    voice: str = "slt"
    #: What samples are multiplied by: flite's slt speaks at -16.5 dBFS, users at -26 dBFS, and its
    #: echo in the microphone is to be as loud as in the scripts.
    gain: float = 0.336
    #: Seconds of silence before the first sound.
    lead: float = 0.03
    #: Longer lines are left out.
    maximum_seconds: float = 14.0
    fourier_size: int = 800
    #: Whether the pitch is found; the vocoder alone needs it.
    pitch: bool = True
    #: What the logarithmic mel is shifted and divided by.
    mel_mean: float = -6.8
    mel_deviation: float = 2.4
    #: Where the speech is kept.
    folder: str = "runs/voice-data"


@dataclass(frozen=True)
class CodecConfig:
    """The sizes of the speech tokenizer."""

    levels: tuple[int, ...] = (8, 5, 5, 5)
    width: int = 256
    layers: int = 3
    #: Whether a frame is made of its code and earlier ones alone.
    causal_decoder: bool = False
    #: The weight of naming the phone that is spoken.
    phone_weight: float = 0.2

    @property
    def codes(self) -> int:
        """The number of codes."""
        return math.prod(self.levels)


@dataclass(frozen=True)
class CodecStage:
    """Training of the speech tokenizer."""

    trainer: TrainerConfig
    data: DataConfig = DataConfig()
    codec: CodecConfig = CodecConfig()
    #: Utterances of a step.
    batch: int = 16
    #: Tokens of each.
    crop: int = 50
    #: The `model.pt` of a run to go on from, whose codes then keep about their meaning; empty for a
    #: new model.
    initial: str = ""
    #: A file that `voice.spoken` wrote: the codes that the stage `listen` learns to give.
    spoken: str = ""


@dataclass(frozen=True)
class FlowStage:
    """Training of the flow decoder."""

    trainer: TrainerConfig
    flow: FlowConfiguration
    #: The run of the speech tokenizer; empty where the codes are those of `spoken`.
    codec: str = ""
    #: A file that `voice.spoken` wrote: codes of lines, of which alone is learnt.
    spoken: str = ""
    data: DataConfig = DataConfig()
    batch: int = 16
    #: Tokens of each utterance: a whole number of mask chunks.
    crop: int = 60
    #: The weight of the encoder's own guess of the mel.
    prior_weight: float = 0.5
    #: The `model.pt` of a run to go on from; empty for a new model.
    initial: str = ""


@dataclass(frozen=True)
class VocoderStage:
    """Training of the vocoder."""

    trainer: TrainerConfig
    vocoder: VocoderConfig
    data: DataConfig = DataConfig()
    batch: int = 8
    #: Frames of each utterance.
    crop: int = 50
    #: Windows of the spectra that are compared.
    windows: tuple[int, ...] = (128, 256, 512, 1024, 2048)
    pitch_weight: float = 1.0
    #: The `model.pt` of a run to go on from; empty for a new model.
    initial: str = ""


@dataclass(frozen=True)
class TokensStage:
    """Training of the text-speech model on a table of text embeddings."""

    trainer: TrainerConfig
    #: The run of the speech tokenizer.
    codec: str
    #: The `config.json` of the transformer, in the Qwen2 form.
    transformer: dict[str, Any]
    data: DataConfig = DataConfig()
    tokenizer: str = "checkpoints/tokenizer.json"
    #: A file that `voice.spoken` wrote: codes of whole lines, which go before the codec's.
    spoken: str = ""
    #: The most positions of a batch, padding included.
    budget: int = 3000
    text_chunk: int = 4
    speech_chunk: int = 12
    #: The share of speech tokens that are replaced by others at the input.
    corrupted: float = 0.0
    #: The weight of naming the text that is spoken, and at which layer it is named.
    alignment_weight: float = 0.0
    alignment_layer: int = 2
    #: The `model.pt` of a run to go on from; empty for a new model.
    initial: str = ""

    def model(self, codes: int) -> SpeechTokenConfig:
        """The shape of the model for a number of codes."""
        return SpeechTokenConfig(
            transformer=Qwen2Config(**self.transformer), codes=codes, text_chunk=self.text_chunk,
            speech_chunk=self.speech_chunk, mode="chunk",
        )


@dataclass(frozen=True)
class ConnectStage:
    """Training of the connector, with the text-speech model behind it."""

    trainer: TrainerConfig
    #: The run of the text-speech model.
    tokens: str
    #: Safetensors files with hidden states, see `connect.py`.
    hidden: list[str] = field(default_factory=list)
    inner: int = 320
    #: Whether the chosen token's embedding is added to the connected state.
    words: bool = False
    budget: int = 3000
    #: Steps at the start in which the connector alone learns to repeat the text embeddings.
    imitation: int = 300
    held_out: int = 100
    #: The `model.pt` of a run to go on from; empty for a new connector.
    initial: str = ""
