"""Trains a stage: `python -m salmonn_omni.voice STAGE --config FILE --out FOLDER`."""

import importlib
import sys

from salmonn_omni.training.command import run_stage
from salmonn_omni.voice import config

STAGES = {
    "codec": (config.CodecStage, "CodecTask"),
    "listen": (config.CodecStage, "ListenTask"),
    "flow": (config.FlowStage, "FlowTask"),
    "vocoder": (config.VocoderStage, "VocoderTask"),
    "tokens": (config.TokensStage, "TokensTask"),
    "connect": (config.ConnectStage, "ConnectTask"),
}


def main(arguments: list[str]) -> None:
    """Runs the stage that the first argument names."""
    if not arguments or arguments[0] not in STAGES:
        raise SystemExit(f"name a stage: {', '.join(STAGES)}")
    stage = arguments[0]
    kind, task = STAGES[stage]
    make = getattr(importlib.import_module(f"salmonn_omni.voice.{stage}"), task)
    run_stage(kind, make, arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
