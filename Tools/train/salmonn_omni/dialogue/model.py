"""The whole model: two streams through one encoder, their embeddings through a language model."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..models.encoder import Connector, ConnectorConfig, EncoderConfig, MambaConfig, SpeechEncoder
from ..models.log_mel import LogMel
from .language import LanguageConfig, LanguageModel

#: What one block is, in samples.
BLOCK = 1280


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of all parts."""

    encoder: EncoderConfig = field(
        default_factory=lambda: EncoderConfig(
            channels=128, mamba=MambaConfig(width=256, layers=6, state_size=64, chunk=32)
        )
    )
    connector_width: int = 512
    language: LanguageConfig = field(default_factory=LanguageConfig)
    #: The layer after which the hidden state goes to the synthesizer.
    tap: int = 5


@dataclass
class Sequences:
    """The positions of a batch of conversations, `[rows, positions]`, padded on the right.

    `audio` is the place of a position's embedding among the row's blocks, the environment's
    first, then the assistant's; -1 is a token. `token` is the token that is fed there.
    `target` is the token to predict, -100 for none, and `weight` what its loss counts.
    """

    audio: Tensor
    token: Tensor
    target: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> "Sequences":
        """The same on a device."""
        names = ("audio", "token", "target", "weight")
        return Sequences(*(getattr(self, name).to(device) for name in names))


class DialogueModel(nn.Module):
    """Encoder, connector and language model; names as in a bundle, `language.` taken off there."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = LogMel()
        self.encoder = SpeechEncoder(config.encoder)
        self.connector = Connector(
            ConnectorConfig(
                config.encoder.mamba.width, config.connector_width, config.language.width
            )
        )
        self.language = LanguageModel(config.language)
        # Audio starts as large as the tokens' embeddings.
        with torch.no_grad():
            self.connector.linear2.weight.mul_(0.3)

    def audio_embeddings(self, environment: Tensor, assistant: Tensor | None) -> Tensor:
        """Log-mel frames `[rows, 8 blocks, bins]` of both to `[rows, 2 blocks, width]`.

        Without an assistant's stream its places hold the embeddings of silence. The encoder learns
        from the environment only: the assistant's one clean voice has nothing to teach it.
        """
        rows = len(environment)
        if assistant is None:
            assistant = torch.full_like(environment[:1], float(silence()))
        with torch.no_grad():
            heard = self.encoder(assistant)
        frames = torch.cat([self.encoder(environment), heard])
        streams = torch.zeros(len(frames), dtype=torch.long, device=frames.device)
        streams[rows:] = 1
        embeddings = self.connector(frames, streams)
        return torch.cat([embeddings[:rows], embeddings[rows:].expand(rows, -1, -1)], dim=1)

    def positions(self, audio: Tensor, sequences: Sequences) -> Tensor:
        """The embeddings of all positions, in the order that the language model takes them."""
        places = sequences.audio.clamp(min=0)[..., None].expand(-1, -1, audio.shape[-1])
        tokens = self.language.embed(sequences.token)
        return torch.where(
            sequences.audio[..., None] < 0, tokens, audio.to(tokens.dtype).gather(1, places)
        )

    def forward(
        self, environment: Tensor, assistant: Tensor | None, sequences: Sequences
    ) -> Tensor:
        """The logits at the positions that have a target, `[targets, vocabulary]`."""
        x = self.positions(self.audio_embeddings(environment, assistant), sequences)
        hidden = self.language(x)
        return self.language.logits(hidden[sequences.target >= 0]).float()


def silence() -> float:
    """The log-mel value of digital silence."""
    return (-10 + 4) / 4
