"""From a bundle back to runs of the voice's stages: what ships can be trained on.

`python -m salmonn_omni.voice.restore --bundle BUNDLE --out FOLDER` writes the runs `tokens`,
`connect`, `flow` and `vocoder` into a folder. The speech tokenizer does not ship, since nothing needs
it to speak: `voice.spoken` and the stage `listen` find it again, and the runs expect it at
FOLDER/codec.
"""

import argparse
import dataclasses
import json
import shutil
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from transformers import Qwen2Config

from salmonn_omni.dialogue.restore import read_manifest, read_tensors, tokenizer_of
from salmonn_omni.models.flow import Flow, FlowConfiguration
from salmonn_omni.models.speech_tokens import HiddenConnector, SpeechTokenConfig, SpeechTokenModel
from salmonn_omni.models.vocoder import Vocoder, VocoderConfig
from salmonn_omni.training import settings
from salmonn_omni.training.trainer import save_atomically
from salmonn_omni.voice.config import TokensStage, spelt
from salmonn_omni.voice.connect import ConnectModel
from salmonn_omni.voice.tokens import TokensModel

T = TypeVar("T")
CONNECTOR = "connector."
TABLE = "llm.model.model.embed_tokens.weight"


@dataclass
class Parts:
    """The synthesizer of a bundle, in single precision.

    The text-speech model's text table is that of the connector, which begins as a copy of it and is
    one still where its rate was nought.
    """

    connector: HiddenConnector
    speech: SpeechTokenModel
    flow: Flow
    vocoder: Vocoder


def configuration(kind: type[T], section: dict[str, Any]) -> T:
    """A configuration from the manifest's spelling of it."""
    names = {spelt(field.name): field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{names[key]: value for key, value in section.items()})


def unfolded(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Loads plain weights into a model whose weights may be normalised.

    A weight's direction is the weight itself, and its magnitude is its norm: their product is the
    same number, rounding aside.
    """
    wanted = dict(tensors)
    for name, module in model.named_modules():
        if parametrize.is_parametrized(module, "weight"):
            module.weight = wanted.pop(f"{name}.weight")
            for part in (0, 1):
                key = f"{name}.parametrizations.weight.original{part}"
                wanted[key] = getattr(module.parametrizations.weight, f"original{part}").detach()
    model.load_state_dict(wanted)


def transformer_of(bundle: Path, section: dict[str, Any]) -> dict[str, Any]:
    """The settings of the text-speech transformer, as a stage's configuration has them."""
    found = json.loads((bundle / section["config"]).read_text())
    found.pop("model_type", None)
    return found


def read_parts(bundle: Path) -> Parts:
    """The models of a bundle's synthesizer.

    Raises `ValueError` where its connector has no table of words.
    """
    section = read_manifest(bundle)["synthesizer"]
    transformer = transformer_of(bundle, section)
    tensors = read_tensors(bundle / section["weights"])
    words = tensors.get(f"{CONNECTOR}words.weight")
    if words is None:
        raise ValueError(f"{bundle}: the connector has no words, so there is no text table")
    speech = SpeechTokenModel(SpeechTokenConfig(
        transformer=Qwen2Config(**transformer),
        codes=section["flowConfiguration"]["codes"], text_chunk=section["textChunk"],
        speech_chunk=section["speechChunk"], mode=section["mode"],
    ))
    own = {name: value for name, value in tensors.items() if not name.startswith(CONNECTOR)}
    connected = {n.removeprefix(CONNECTOR): x for n, x in tensors.items() if n not in own}
    inner, inputs = connected["fc1.weight"].shape
    connector = HiddenConnector(inputs, inner, words.shape[1], vocabulary=len(words))
    connector.load_state_dict(connected)
    speech.load_state_dict(own | {TABLE: words})
    flow = Flow(configuration(FlowConfiguration, section["flowConfiguration"]))
    flow.load_state_dict(read_tensors(bundle / section["flow"]))
    vocoder = Vocoder(configuration(VocoderConfig, section["vocoderConfiguration"]))
    unfolded(vocoder, read_tensors(bundle / section["vocoder"]))
    return Parts(connector.eval(), speech.eval(), flow.eval(), vocoder.eval())


def save(run: Path, config: dict[str, Any], model: nn.Module) -> None:
    """Writes a model as a finished run of no steps."""
    run.mkdir(parents=True, exist_ok=True)
    config = {"trainer": {"steps": 0}, **config}
    (run / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_atomically(model.state_dict(), run / "model.pt")
    print(f"{run}: {sum(p.numel() for p in model.parameters())} weights")


def main(arguments: list[str] | None = None) -> None:
    """Writes a bundle's synthesizer as runs, from which its stages go on."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="a bundle's folder")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the runs")
    options = parser.parse_args(arguments)
    parts, out = read_parts(options.bundle), options.out
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = out / "tokenizer.json"
    shutil.copyfile(tokenizer_of(options.bundle), tokenizer)
    transformer = transformer_of(options.bundle, read_manifest(options.bundle)["synthesizer"])
    shape = parts.speech.config
    stage = {
        "codec": str(out / "codec"), "transformer": transformer, "tokenizer": str(tokenizer),
        "text_chunk": shape.text_chunk, "speech_chunk": shape.speech_chunk,
    }
    # Its side head, which is thrown away after training, is a new one.
    tokens = TokensModel(
        settings.from_json(TokensStage, {"trainer": {"steps": 0}, **stage}), shape.codes
    )
    tokens.speech.load_state_dict(parts.speech.state_dict())
    save(out / "tokens", stage, tokens)
    inner, inputs = parts.connector.fc1.weight.shape
    connect = ConnectModel(inputs, inner, tokens, words=True)
    connect.connector.load_state_dict(parts.connector.state_dict())
    save(out / "connect", {"tokens": str(out / "tokens"), "inner": inner, "words": True}, connect)
    flow, vocoder = parts.flow, parts.vocoder
    save(out / "flow", {"flow": dataclasses.asdict(flow.configuration)}, flow)
    save(out / "vocoder", {"vocoder": dataclasses.asdict(vocoder.config)}, vocoder)


if __name__ == "__main__":
    main()
