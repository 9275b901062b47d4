"""A tiny text-speech language model: logits of whole sequences, and codes decoded greedily."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import Qwen2Config

from salmonn_omni.goldens.fill import fill_module, plain
from salmonn_omni.models.speech_tokens import (
    HiddenConnector,
    SpeechTokenConfig,
    SpeechTokenModel,
    interleaved,
)

HIDDEN = 32
CODES = 27
SOURCES = ["start", "task", "text", "speech"]


@dataclass(frozen=True)
class Case:
    """A text to be spoken; the prompt's codes are (11 i + 4) mod 27."""

    name: str
    mode: str
    chunks: tuple[int, int]
    text: int
    prompt_text: int = 0
    prompt_codes: int = 0
    one_shot: bool = False


CASES = [
    Case("chunk", "chunk", (4, 12), 10),
    Case("chunk-prompt", "chunk", (4, 12), 9, 5, 17),
    Case("fill", "fill", (5, 15), 13),
    Case("fill-many", "fill", (2, 6), 31),
    Case("fill-prompt", "fill", (5, 15), 12, 7, 20),
    Case("fill-prompt-whole-chunk", "fill", (5, 15), 11, 5, 15),
    Case("fill-prompt-over", "fill", (5, 15), 4, 3, 18),
    Case("whole", "fill", (5, 15), 6, one_shot=True),
    Case("whole-prompt", "fill", (5, 15), 5, 4, 9, one_shot=True),
]


def config(mode: str, chunks: tuple[int, int]) -> SpeechTokenConfig:
    """27 codes on a Qwen2 of 32 channels."""
    transformer = Qwen2Config(
        hidden_size=HIDDEN,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=32,
        rms_norm_eps=1e-6,
        rope_parameters={"rope_theta": 1e6, "rope_type": "default"},
        tie_word_embeddings=True,
    )
    transformer._attn_implementation = "eager"
    return SpeechTokenConfig(transformer, CODES, *chunks, mode)


def filled(settings: SpeechTokenConfig) -> SpeechTokenModel:
    """A model whose parameters follow the fill rule; the end and fill tokens are made likelier."""
    model = SpeechTokenModel(settings).eval()
    fill_module(model)
    with torch.no_grad():
        model.llm_decoder.bias[CODES] += 0.4
        model.llm_decoder.bias[CODES + 2] += 0.4
    return model.double()


class Decoder:
    """Decodes without a cache: a full pass over everything for each token."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.config = config(case.mode, case.chunks)
        self.model = filled(self.config)
        self.text = 2 * plain(f"speech.{case.name}", case.prompt_text + case.text, HIDDEN)
        self.prompt = [(11 * i + 4) % CODES for i in range(case.prompt_codes)]
        self.rows = [self.model.llm_embedding.weight[:1]]
        self.codes: list[int] = []

    def feed(self, rows: Tensor) -> None:
        """Adds rows to the input."""
        self.rows.append(rows)

    def feed_codes(self, codes: list[int]) -> None:
        """Adds the embeddings of codes to the input."""
        self.feed(self.model.speech_embedding.weight[codes])

    def token(self, forbidden: list[int]) -> int:
        """The likeliest token that may follow; a code also goes to the output and the input."""
        logits = self.model(torch.cat(self.rows)[None])[0, -1]
        logits[forbidden] = -torch.inf
        best = logits.topk(2)
        assert best.values[0] - best.values[1] > 1e-4, f"{self.case.name} is nearly a tie"
        token = int(best.indices[0])
        if token < CODES:
            self.codes.append(token)
            self.feed_codes([token])
        return token

    @torch.no_grad()
    def run(self) -> tuple[list[int], bool]:
        """All codes, and whether the end token came."""
        end, unused, fill = self.config.end, CODES + 1, self.config.fill
        (n, m), used, prompt = self.case.chunks, 0, self.prompt
        while not self.case.one_shot and len(self.text) - used >= n:
            self.feed(self.text[used : used + n])
            used += n
            known, prompt = prompt[:m], prompt[m:]
            self.feed_codes(known)
            forbidden = [end, unused] if self.case.mode == "fill" else [end, unused, fill]
            for _ in range(m - len(known)):
                if self.token(forbidden) == fill:
                    break
        self.feed(self.text[used:])
        self.feed(self.model.llm_embedding.weight[1:])
        self.feed_codes(prompt)
        while len(self.codes) < (20 if self.case.mode == "fill" else 15) * self.case.text:
            forbidden = [unused, fill]
            if self.case.one_shot:
                early = len(self.codes) < 2 * self.case.text
                forbidden = [end, unused, fill] if early else []
            if self.token(forbidden) >= CODES:
                return self.codes, True
        return self.codes, False


@torch.no_grad()
def teacher_forced(mode: str, chunks: tuple[int, int]) -> dict[str, Tensor]:
    """A sequence of 11 text positions and 40 codes, and the logits after each position."""
    settings = config(mode, chunks)
    model = filled(settings)
    codes = [(7 * i + 3) % CODES for i in range(40)]
    sequence = interleaved(11, codes, settings)
    inputs = model.inputs(sequence, 2 * plain("speech.forced", 11, HIDDEN))
    return {
        f"{mode}.sources": torch.tensor([float(SOURCES.index(s)) for s, _ in sequence.inputs]),
        f"{mode}.indices": torch.tensor([float(i) for _, i in sequence.inputs]),
        f"{mode}.logits": model(inputs[None])[0].float().contiguous(),
    }


@torch.no_grad()
def connected(input_norm: bool, vocabulary: int = 0) -> Tensor:
    """Hidden states of 48 channels, 20 times as large as usual, through the connector."""
    connector = HiddenConnector(48, 40, HIDDEN, input_norm, vocabulary)
    fill_module(connector, "connector.")
    return connector(20 * plain("speech.states", 5, 48).float(), torch.tensor([3, 0, 5, 3, 1]))


def write(root: Path) -> None:
    """Writes logits, codes and connected states."""
    torch.set_num_threads(1)
    folder = root / "SpeechModelTests" / "Goldens" / "speech_tokens"
    folder.mkdir(parents=True, exist_ok=True)
    codes = {}
    for case in CASES:
        found, ended = Decoder(case).run()
        codes[case.name] = torch.tensor([*found, CODES if ended else -1], dtype=torch.float32)
    save_file(codes, folder / "codes.safetensors")
    forced = {**teacher_forced("fill", (5, 15)), **teacher_forced("chunk", (4, 12))}
    save_file(forced, folder / "logits.safetensors")
    states = {"plain": connected(False), "normed": connected(True), "worded": connected(True, 6)}
    save_file(states, folder / "connector.safetensors")
