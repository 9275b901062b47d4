"""Several processes, started by torchrun, that train one model."""

import os
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Processes:
    """This process's place among those that train together."""

    rank: int
    count: int
    device: torch.device

    @classmethod
    def join(cls, device: str = "auto") -> "Processes":
        """Joins the others where torchrun started this process; alone otherwise."""
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        count = int(os.environ.get("WORLD_SIZE", "1"))
        rank = int(os.environ.get("RANK", "0"))
        if device == "cuda":
            device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
            torch.cuda.set_device(device)
        if count > 1 and not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
        return cls(rank, count, torch.device(device))

    def leave(self) -> None:
        """Ends the work in common."""
        if self.count > 1:
            distributed.destroy_process_group()

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, items: list) -> list:
        """The part of a batch that this process works on."""
        return items[self.rank :: self.count]

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes."""
        if self.count > 1:
            distributed.all_reduce(values)
        return values

    def add_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        """Sums the gradients over all processes, as one message."""
        if self.count == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:  # a part that this process's items do not reach
                parameter.grad = torch.zeros_like(parameter)
        flat = torch.cat([p.grad.reshape(-1) for p in parameters if p.grad is not None])
        distributed.all_reduce(flat)
        start = 0
        for parameter in parameters:
            size = parameter.numel()
            parameter.grad = flat[start : start + size].view_as(parameter).clone()
            start += size

    def barrier(self) -> None:
        """Waits for the others."""
        if self.count > 1:
            distributed.barrier()
