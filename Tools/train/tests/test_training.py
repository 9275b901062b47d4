"""The shared trainer on a problem of a few numbers: resuming, several processes, records."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import nn

from salmonn_omni.training import settings
from salmonn_omni.training.batches import BatchPlan, item_seed
from salmonn_omni.training.command import run_stage
from salmonn_omni.training.processes import Processes
from salmonn_omni.training.records import RunLog
from salmonn_omni.training.trainer import Loss, PreparedTask, Trainer, TrainerConfig, rate_factor

ITEMS = 23


@dataclass(frozen=True)
class ToyConfig:
    """A stage with nothing but a trainer and one size."""

    trainer: TrainerConfig
    width: int = 4


class ToyTask:
    """Learns which class a noisy vector of a length of its own belongs to."""

    terms = ("loss", "accuracy")

    def __init__(self, config: ToyConfig, processes: Processes) -> None:
        self.model = nn.Sequential(nn.Linear(config.width, 16), nn.Tanh(), nn.Linear(16, 3))
        self.width = config.width
        self.plan = BatchPlan(tuple(3 + i % 5 for i in range(ITEMS)), 30, seed=5)

    def batch(self, step: int, processes: Processes) -> list | None:
        epoch, items = self.plan.batch(step)
        rows = []
        for item in processes.share(list(items)):
            draw = torch.Generator().manual_seed(item_seed(5, epoch, item))
            x = torch.randn(3 + item % 5, self.width, generator=draw) + item % 3
            rows.append((x, torch.full((len(x),), item % 3)))
        return rows or None

    def losses(self, batch: list) -> dict[str, Loss]:
        total, count, right = torch.zeros(()), torch.zeros(()), torch.zeros(())
        for x, y in batch:
            logits = self.model(x)
            total = total + nn.functional.cross_entropy(logits, y, reduction="sum")
            right = right + (logits.argmax(-1) == y).sum()
            count = count + len(x)
        return {"loss": Loss(total, count), "accuracy": Loss(right, count, factor=0)}

    def evaluate(self) -> dict[str, float]:
        return {"bias": float(self.model[2].bias.norm())}


def main() -> None:
    run_stage(ToyConfig, ToyTask, sys.argv[1:])


CONFIG = """{"trainer": {"steps": 24, "warmup": 4, "log_every": 1, "checkpoint_every": 5,
 "evaluate_every": 8, "learning_rate": 0.02}}"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "toy.json"
    path.write_text(CONFIG)
    return path


def train(config: Path, out: Path, *arguments: str):
    return run_stage(
        ToyConfig, ToyTask, ["--config", str(config), "--out", str(out), *arguments]
    )


def test_a_resumed_run_gives_the_same_bits(config: Path, tmp_path: Path) -> None:
    whole = train(config, tmp_path / "whole")
    part = train(config, tmp_path / "part", "--set", "trainer.steps=24")

    class Stopped(Exception):
        pass

    # The second run dies in its 14th step, four after its last checkpoint.
    broken = tmp_path / "broken"
    original = ToyTask.losses

    def losses(self, batch):
        if losses.steps == 13:
            raise Stopped
        losses.steps += 1
        return original(self, batch)

    losses.steps = 0
    ToyTask.losses = losses
    try:
        with pytest.raises(Stopped):
            train(config, broken)
    finally:
        ToyTask.losses = original
    resumed = train(config, broken)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, part.model.state_dict()[name]), name
        assert torch.equal(value, resumed.model.state_dict()[name]), name
    rows = [(out / "log.csv").read_text().splitlines() for out in (tmp_path / "whole", broken)]
    assert len(rows[0]) == 25
    clock = rows[0][0].split(",").index("seconds")
    for first, second in zip(*rows):
        first, second = first.split(","), second.split(",")
        del first[clock], second[clock]
        assert first == second
    assert (broken / "curves.png").stat().st_size > 1000


def test_training_learns(config: Path, tmp_path: Path) -> None:
    train(config, tmp_path / "run", "--set", "trainer.steps=120")
    rows = RunLog(tmp_path / "run" / "log.csv", 1000).rows
    losses = [float(row["loss"]) for row in rows]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])


def test_another_configuration_is_refused(config: Path, tmp_path: Path) -> None:
    train(config, tmp_path / "run", "--set", "trainer.steps=5")
    with pytest.raises(SystemExit, match="another configuration"):
        train(config, tmp_path / "run", "--set", "trainer.steps=6")
    assert train(config, tmp_path / "run", "--set", "trainer.steps=6", "--again").step == 6


def test_two_processes_give_the_losses_of_one(config: Path, tmp_path: Path) -> None:
    train(config, tmp_path / "one")
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        number = port.getsockname()[1]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2",
               f"--master-port={number}", __file__, "--config", str(config),
               "--out", str(tmp_path / "two")]
    package = str(Path(__file__).parents[1])
    environment = os.environ | {
        "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": package
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    one, two = (RunLog(tmp_path / n / "log.csv", 1000).rows for n in ("one", "two"))
    assert len(one) == len(two) == 24
    for first, second in zip(one, two):
        for name in ("loss", "accuracy", "gradient"):
            assert float(second[name]) == pytest.approx(float(first[name]), rel=1e-4), name


class AheadTask(PreparedTask):
    """The toy, laid out by workers."""

    terms = ToyTask.terms

    def __init__(self, config: ToyConfig, processes: Processes) -> None:
        self.toy = ToyTask(config, processes)
        self.model = self.toy.model
        self.prepare, self.losses, self.evaluate = self.toy.batch, self.toy.losses, self.toy.evaluate

    def finish(self, prepared: list) -> list:
        return prepared


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stage_takes_its_time_also_when_it_is_resumed(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More steps than are configured fit: at 0.1 s each, 12 s are 120.
    config = TrainerConfig(
        steps=70, warmup=4, checkpoint_every=10, seconds=12, workers=workers, learning_rate=0.01
    )
    alone = Processes.join("cpu")

    def trainer(name: str) -> Trainer:
        torch.manual_seed(0)
        task = AheadTask(ToyConfig(config), alone)
        made = Trainer(task, config, tmp_path / name, alone)
        monkeypatch.setattr(time, "monotonic", lambda: 0.1 * made.step)
        return made

    whole = trainer("whole")
    whole.run()
    assert whole.step == 120
    stopped = trainer("part")
    update = stopped.update

    def stop_later() -> dict:
        stopped.asked_to_stop = stopped.step == 89
        return update()

    monkeypatch.setattr(stopped, "update", stop_later)
    stopped.run()
    assert stopped.step == 90
    resumed = trainer("part")
    resumed.run()
    assert resumed.step == 120
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_frozen_parameters_stay(config: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = ToyTask(ToyConfig(TrainerConfig(1)), Processes(0, 1, torch.device("cpu"))).model
    after = train(config, tmp_path / "run", "--set", 'trainer.rates={"0.": 0}').model
    assert torch.equal(before[0].weight, after[0].weight.detach())
    assert not torch.equal(before[2].weight, after[2].weight.detach())


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_the_rate_rises_and_falls(schedule: str) -> None:
    config = TrainerConfig(steps=100, warmup=10, schedule=schedule, final_rate=0.1)
    factors = [rate_factor(config, step) for step in range(100)]
    assert factors[0] == 0.1 and factors[9] == 1
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert 0.1 <= factors[-1] < 0.12


def test_every_item_comes_once_an_epoch_within_the_budget() -> None:
    plan = BatchPlan(tuple(1 + (7 * i) % 40 for i in range(300)), 100, seed=3, group=64)
    batches = plan.epoch(0)
    assert sorted(i for batch in batches for i in batch) == list(range(300))
    for batch in batches:
        longest = max(plan.lengths[i] for i in batch)
        assert len(batch) == 1 or len(batch) * longest <= 100
    assert plan.epoch(1) != batches
    assert plan.batch(len(batches) + 2) == (1, plan.epoch(1)[2])


def test_settings_are_checked() -> None:
    @dataclass(frozen=True)
    class Outer:
        inner: TrainerConfig
        names: dict[str, float] = field(default_factory=dict)

    read = settings.from_json(Outer, {"inner": {"steps": 3, "betas": [0.5, 0.6]}})
    assert read.inner.betas == (0.5, 0.6)
    with pytest.raises(ValueError, match="inner.step is no setting"):
        settings.from_json(Outer, {"inner": {"step": 3}})
    with pytest.raises(ValueError, match="inner.steps"):
        settings.from_json(Outer, {"inner": {"steps": "3"}})


if __name__ == "__main__":
    main()
