"""The loop of every stage: batches, gradients, schedule, checkpoints, records."""

import contextlib
import math
import os
import pickle
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from .processes import Processes
from .records import RunLog


@dataclass(frozen=True)
class TrainerConfig:
    """How a stage is trained."""

    steps: int
    seed: int = 1
    learning_rate: float = 1e-3
    #: The steps over which the rate rises from 0.
    warmup: int = 100
    #: "cosine" or "linear" from the rate to `final_rate` times it, or "constant".
    schedule: str = "cosine"
    final_rate: float = 0.05
    betas: tuple[float, float] = (0.9, 0.98)
    weight_decay: float = 0.01
    #: Gradients longer than this are shortened to it; 0 is never.
    clip: float = 1.0
    #: "float32", or "bfloat16" for the products (weights and sums stay float32).
    precision: str = "float32"
    #: Name prefixes of parameters with a multiple of the rate; 0 freezes them. The longest counts.
    rates: dict[str, float] = field(default_factory=dict)
    log_every: int = 20
    checkpoint_every: int = 200
    #: Steps between measurements on held-out data; 0 is only at the end.
    evaluate_every: int = 0
    device: str = "auto"
    threads: int = 1
    #: Where a machine is lent for a time: after 50 steps `steps` becomes what fits into so many
    #: seconds. The log's column `steps` tells what it became.
    seconds: float = 0.0
    #: Processes that lay out batches ahead, for tasks that `prepare`; 0 is none.
    workers: int = 0


@dataclass
class Loss:
    """One term: a sum over this process's items, and what the sum over all is divided by."""

    total: Tensor
    weight: Tensor
    factor: float = 1.0


class Task(Protocol):
    """What a stage trains, on what, towards what."""

    model: nn.Module
    #: The names of the terms that `losses` gives.
    terms: tuple[str, ...]

    def batch(self, step: int, processes: Processes) -> Any:
        """This process's share of the items of a step; a function of the arguments alone.

        None where the step has fewer items than there are processes, and this one gets none.
        """

    def losses(self, batch: Any) -> dict[str, Loss]:
        """The terms whose weighted sum is made small; a factor of 0 is only recorded."""

    def evaluate(self) -> dict[str, float]:
        """Measures on held-out data, in the first process."""


class PreparedTask:
    """A task whose batches are made in two parts, of which worker processes can do the first ahead.

    `prepare(step, processes)` lays a batch out in numpy, or gives None where this process has no part
    of it; `finish(prepared)` makes the batch of it, on the device.
    """

    prepare: Any
    finish: Any

    def batch(self, step: int, processes: Processes) -> Any:
        """Both parts, one after the other."""
        prepared = self.prepare(step, processes)
        return None if prepared is None else self.finish(prepared)


def rate_factor(config: TrainerConfig, step: int) -> float:
    """What the learning rate is multiplied by at a step, counted from 0."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    if config.schedule == "constant":
        return 1.0
    part = min(1.0, (step - config.warmup) / max(1, config.steps - config.warmup))
    falling = 0.5 * (1 + math.cos(math.pi * part)) if config.schedule == "cosine" else 1 - part
    return config.final_rate + (1 - config.final_rate) * falling


def parameter_groups(model: nn.Module, config: TrainerConfig) -> list[dict[str, Any]]:
    """Parameters by multiple of the rate and by weight decay, which only matrices have."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        matching = [p for p in config.rates if name.startswith(p)]
        rate = config.rates[max(matching, key=len)] if matching else 1.0
        parameter.requires_grad_(rate != 0)
        if rate != 0:
            decay = config.weight_decay if parameter.dim() > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "rate": rate, "weight_decay": decay, "lr": 0.0}
        for (rate, decay), parameters in groups.items()
    ]


@dataclass
class Ahead(torch.utils.data.Dataset):
    """The batches of the steps to come, laid out by worker processes; they have no end."""

    task: Any
    processes: Processes
    first: int

    def __len__(self) -> int:
        return sys.maxsize - self.first

    def __getitem__(self, index: int) -> Any:
        return self.task.prepare(self.first + index, self.processes)

    def batches(self, workers: int) -> Iterator[Any]:
        """What `prepare` gives for each step, in order."""
        # Pickled by hand, it comes through a pipe, not through shared memory, which may be small.
        pickled = torch.utils.data.DataLoader(
            self, batch_size=None, num_workers=workers, prefetch_factor=4,
            collate_fn=pickle.dumps,
        )
        return map(pickle.loads, pickled)


def save_atomically(state: Any, path: Path) -> None:
    """Writes a file that is whole or not there."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def go_on(model: nn.Module, initial: str) -> None:
    """Takes the weights of the `model.pt` of a run to go on from; an empty path leaves a new model."""
    if initial:
        model.load_state_dict(torch.load(initial, weights_only=True))


class Trainer:
    """Runs a task to the end, from its last checkpoint where there is one.

    Everything random is a function of seed and step, so that a resumed run gives the same bits.
    """

    def __init__(self, task: Task, config: TrainerConfig, out: Path, processes: Processes) -> None:
        self.task, self.config, self.out, self.processes = task, config, out, processes
        self.model = task.model.to(processes.device)
        self.optimizer = torch.optim.AdamW(
            parameter_groups(self.model, config), betas=config.betas,
            fused=processes.device.type == "cuda",
        )
        self.parameters = [p for g in self.optimizer.param_groups for p in g["params"]]
        self.step = 0
        self.ahead: Iterator[Any] | None = None
        self.asked_to_stop = False
        #: Whether the steps are those that `seconds` allows.
        self.is_fitted = False
        out.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            state = torch.load(self.checkpoint, map_location=processes.device, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]
            if config.seconds and "fitted" in state:
                self.config, self.is_fitted = replace(config, steps=state["fitted"]), True
        self.log = RunLog(out / "log.csv", self.step) if processes.is_first else None

    @property
    def checkpoint(self) -> Path:
        """The file that a run resumes from."""
        return self.out / "last.pt"

    def save(self) -> None:
        """Writes the checkpoint, the model alone beside it, and the curves."""
        if self.log is None:
            return
        model = self.model.state_dict()
        state = {"model": model, "optimizer": self.optimizer.state_dict(), "step": self.step}
        if self.is_fitted:
            state["fitted"] = self.config.steps
        save_atomically(state, self.checkpoint)
        save_atomically(model, self.out / "model.pt")
        self.log.draw(self.out / "curves.png")

    def precision(self) -> contextlib.AbstractContextManager:
        """The number format of the products."""
        if self.config.precision == "float32":
            return contextlib.nullcontext()
        dtype = getattr(torch, self.config.precision)
        return torch.autocast(self.processes.device.type, dtype=dtype)

    def update(self) -> dict[str, Tensor]:
        """One step; gives the mean of every term over all processes."""
        config = self.config
        torch.manual_seed(config.seed * 1_000_003 + self.step)
        if self.ahead is None:
            batch = self.task.batch(self.step, self.processes)
        else:
            prepared = next(self.ahead)
            batch = None if prepared is None else self.task.finish(prepared)
        for group in self.optimizer.param_groups:
            group["lr"] = config.learning_rate * group["rate"] * rate_factor(config, self.step)
        self.optimizer.zero_grad(set_to_none=True)
        with self.precision():
            losses = self.task.losses(batch) if batch is not None else {}
        sums = torch.zeros(len(self.task.terms), 2, device=self.processes.device)
        for index, name in enumerate(self.task.terms):
            if name in losses:
                sums[index, 0] = losses[name].total.detach()
                sums[index, 1] = losses[name].weight
        sums = self.processes.total(sums)
        weights = dict(zip(self.task.terms, sums[:, 1].clamp(min=1e-9)))
        used = [term.factor * term.total / weights[name] for name, term in losses.items() if term.factor]
        if used:
            sum(used).backward()
        self.processes.add_gradients(self.parameters)
        values = {name: sums[i, 0] / weights[name] for i, name in enumerate(self.task.terms)}
        if config.clip:
            norm = nn.utils.clip_grad_norm_(self.parameters, config.clip)
            values["gradient"] = norm
            # On a GPU the answer would have to be waited for; there `clip` makes infinity nothing.
            if self.processes.device.type == "cpu" and not bool(norm.isfinite()):
                self.step += 1  # the batch is passed over, in every process alike
                return values
        self.optimizer.step()
        self.step += 1
        return values

    def run(self) -> None:
        """Trains to the last step; SIGTERM and SIGINT write a checkpoint and end it."""
        torch.set_num_threads(self.config.threads)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "asked_to_stop", True))
        self.model.train()
        if self.config.workers and isinstance(self.task, PreparedTask):
            self.ahead = Ahead(self.task, self.processes, self.step).batches(self.config.workers)
        started, since = time.monotonic(), self.step
        sums: dict[str, list[Tensor]] = {}
        timed = started
        while self.step < self.config.steps and not self.asked_to_stop:
            try:
                values = self.update()
            except RuntimeError:
                if not self.asked_to_stop:
                    raise
                break  # what asked to stop reached the workers as well
            for name, value in values.items():
                sums.setdefault(name, []).append(value)
            if self.config.seconds and not self.is_fitted and self.step - since in (10, 50):
                if self.processes.device.type == "cuda":
                    torch.cuda.synchronize()
                now = time.monotonic()
                if self.step - since == 50:  # the first steps wait for what is loaded
                    self.fit((now - timed) / 40, self.config.seconds - (now - started))
                timed = now
            step, config = self.step, self.config
            is_last = step == config.steps
            if step % config.log_every == 0 or is_last:
                means = {name: float(torch.stack(v).mean()) for name, v in sums.items()}
                sums = {}
                pace = (time.monotonic() - started) / (step - since)
                means |= {"seconds": pace, "rate": rate_factor(config, step - 1)}
                self.note(step, means)
            if is_last or (config.evaluate_every and step % config.evaluate_every == 0):
                self.measure()
            if step % config.checkpoint_every == 0 or is_last:
                self.save()
        if self.asked_to_stop:
            self.save()

    def fit(self, pace: float, left: float) -> None:
        """Sets the steps to those that fit into `left` seconds, by the first process's clock."""
        steps = self.step + max(10, int(left / pace))
        # All stop at the same step: one that went on would wait for the others for ever.
        own = torch.tensor(steps if self.processes.is_first else 0, device=self.processes.device)
        steps = int(self.processes.total(own))
        self.config, self.is_fitted = replace(self.config, steps=steps), True
        self.note(self.step, {"steps": steps})

    def measure(self) -> None:
        """Measures on held-out data and records it."""
        if self.processes.is_first:
            self.model.eval()
            with torch.no_grad(), self.precision():
                self.note(self.step, self.task.evaluate())
            self.model.train()
        self.processes.barrier()

    def note(self, step: int, values: dict[str, float]) -> None:
        """Records and prints numbers."""
        if self.log is None or not values:
            return
        self.log.append(step, values)
        texts = " ".join(f"{name} {value:.4g}" for name, value in values.items())
        print(f"step {step}: {texts}", flush=True)
