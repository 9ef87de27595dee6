"""Launches on the GPU, timed by CUDA events."""

from __future__ import annotations

from collections.abc import Callable

import torch

Launch = Callable[[], None]

#: Clocks that the GPU is kept waiting for before a launch, so that the host, which may
#: be slow, has asked for it when the first event happens.
AHEAD = 200_000


class Gpu:
    """The first GPU, through PyTorch."""

    device = "cuda"

    def __init__(self) -> None:
        """Begins a context; raises RuntimeError where there is no GPU."""
        torch.cuda.init()
        # What products of f32 are compared with; the reference is f64.
        torch.backends.cuda.matmul.allow_tf32 = True
        self.name = torch.cuda.get_device_name()
        self.stream = torch.cuda.current_stream().cuda_stream
        size = torch.cuda.get_device_properties(0).L2_cache_size
        # Takes L2's place when it is written.
        self._flush = torch.empty(
            4 * max(size, 1 << 26), dtype=torch.int8, device="cuda"
        )

    def synchronize(self) -> None:
        """Waits for all launches."""
        torch.cuda.synchronize()

    def measure(
        self, launches: dict[str, Launch], count: int,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> dict[str, list[float]]:  # fmt: skip
        """Microseconds of `count` launches of each, by turns, L2 flushed before each.

        `meanwhile` is called while the GPU is still busy with them.
        """
        for launch in launches.values():
            for _ in range(3):
                launch()
        events: dict[str, list[tuple[torch.cuda.Event, torch.cuda.Event]]] = {
            name: [] for name in launches
        }
        for _ in range(count):
            for name, launch in launches.items():
                begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                self._flush.zero_()
                torch.cuda._sleep(AHEAD)
                begin.record()
                launch()
                end.record()
                events[name].append((begin, end))
        meanwhile()
        self.synchronize()
        return {
            name: [1e3 * begin.elapsed_time(end) for begin, end in pairs]
            for name, pairs in events.items()
        }
