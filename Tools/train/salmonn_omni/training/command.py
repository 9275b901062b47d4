"""The command line that every stage has: `--config`, `--out`, `--set`."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from . import settings
from .processes import Processes
from .trainer import Task, Trainer, TrainerConfig

T = TypeVar("T")


def keep(config: Any, out: Path, again: bool) -> None:
    """Writes the configuration into the run's folder; refuses a folder with another one."""
    out.mkdir(parents=True, exist_ok=True)
    kept = out / "config.json"
    text = json.dumps(settings.as_json(config), indent=2) + "\n"
    if kept.exists() and kept.read_text() != text and not again:
        raise SystemExit(f"{kept} is another configuration; name a new folder, or say --again")
    kept.write_text(text)


def run_stage(
    config_type: type[T], make_task: Callable[[T, Processes], Task], arguments: list[str] | None
) -> Trainer:
    """Reads the configuration, which has a section `trainer`, and trains the task it describes.

    The configuration is kept in the output folder; a run that is there already is resumed, and
    one with another configuration is refused.
    """
    parser = argparse.ArgumentParser(description=make_task.__doc__)
    parser.add_argument("--config", required=True, help="a JSON file")
    parser.add_argument("--out", required=True, type=Path, help="the run's folder")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE",
                        help="a setting that goes over the file's, such as trainer.steps=20")
    parser.add_argument("--again", action="store_true",
                        help="resume although the configuration is another")
    options = parser.parse_args(arguments)
    config: Any = settings.load(config_type, options.config, options.set)
    trainer_config: TrainerConfig = config.trainer
    torch.set_num_threads(trainer_config.threads)
    processes = Processes.join(trainer_config.device)
    if processes.is_first:  # alone: another process could read a file that is half written
        keep(config, options.out, options.again)
    processes.barrier()
    torch.manual_seed(trainer_config.seed)
    trainer = Trainer(make_task(config, processes), trainer_config, options.out, processes)
    trainer.run()
    processes.leave()
    return trainer
