"""Several processes that train one model together, as `torchrun` starts them.

Each has the whole model and takes its share of every batch; gradients are summed, so that all take the same steps.
What has to be decided once, the first process decides and tells the others.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn

from holley_graph.errors import ProcessLost
from holley_graph.snapshot.snapshot import Ints

WAIT = timedelta(minutes=30)
"""Longest that the others wait for one, who may be measuring or writing meanwhile."""


@dataclass(frozen=True)
class Processes:
    """Who trains.

    Attributes:
        rank: number of this process.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this one decides and writes."""
        return self.rank == 0

    def shard(self, rows: Ints) -> Ints:
        """Return what of a batch is this process's to do."""
        return rows[self.rank :: self.count]

    def sum(self, loss: Float[Tensor, ""], parameters: Iterable[nn.Parameter]) -> float:
        """Sum the gradients of all processes, in place, and their losses."""
        if self.count == 1:
            return loss.item()
        grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([loss.detach().reshape(1), *(parameter.flatten() for parameter in grads)])
        with _together():
            dist.all_reduce(flat)
        for grad, summed in zip(grads, flat[1:].split([parameter.numel() for parameter in grads]), strict=True):
            grad.copy_(summed.view_as(grad))
        return flat[0].item()

    def broadcast(self, work: Callable[[], Any]) -> Any:
        """Let the first process do some work, and tell all of them what came of it, as JSON."""
        if self.count == 1:
            return work()
        return json.loads(self.broadcast_bytes(lambda: json.dumps(work()).encode()))

    def broadcast_bytes(self, work: Callable[[], bytes]) -> bytes:
        """Let the first process do some work, and send all of them the bytes that came of it."""
        if self.count == 1:
            return work()
        content = bytearray(work() if self.first else b"")
        size = torch.tensor([len(content)])
        with _together():
            dist.broadcast(size, 0)
            content = content or bytearray(int(size))
            if content:
                dist.broadcast(torch.frombuffer(content, dtype=torch.uint8), 0)
        return bytes(content)


ALONE = Processes()


@contextmanager
def process_group() -> Iterator[Processes]:
    """Join the other processes, if `torchrun` started this one among several.

    Raises:
        ProcessLost: they do not find together.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    with _together():
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=WAIT)
    before = signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        yield Processes(dist.get_rank(), count)
    finally:
        signal.signal(signal.SIGTERM, before)
        dist.destroy_process_group()


@contextmanager
def _together() -> Iterator[None]:
    """Say in one line that another process is gone, which is all that is known of it here."""
    try:
        yield
    except RuntimeError as error:
        raise _lost() from error


def _on_sigterm(*_: object) -> None:
    """What `torchrun` does to the others when one has ended, and to all when it is told to end itself."""
    raise _lost()


def _lost() -> ProcessLost:
    return ProcessLost(
        "this process ends, for another one of this training did or cannot be reached",
        "what it said last says why; the same command goes on from the last steps that were kept",
    )
