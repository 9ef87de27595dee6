"""What the kernels are to reach, and which of it results show.

Ratios of one run, in f16; the geometric mean over the cases of a goal counts. Of what a
user is free to choose (windows; of plain 2:4, V) the best counts for each shape.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cases import LAST, Case

LARGE = range(2048, 8193)
FEW = range(1, 17)
SOME = range(32, 65)
ANY = range(1, 1 << 31)
_GOLDEN = (1 + math.sqrt(5)) / 2


class Timed(Protocol):
    """A case with the times of its contenders (kernel_report.Result)."""

    case: Case
    microseconds: Mapping[str, float]
    floor: float


Figure = Callable[[Timed], float | None]


def over(peer: str) -> Figure:
    """How much faster than a peer we are."""

    def figure(result: Timed) -> float | None:
        times = result.microseconds
        if peer not in times or "hinm" not in times:
            return None
        return times[peer] / times["hinm"]

    return figure


def of_the_roof(result: Timed) -> float | None:
    """The share of the time that the roof needs."""
    ours = result.microseconds.get("hinm")
    return None if ours is None else result.floor / ours


def cost_of_orders(result: Timed) -> float | None:
    """How much longer arbitrary orders take, as a factor."""
    times = result.microseconds
    if "hinm_rows" not in times or "hinm_identity" not in times:
        return None
    return times["hinm_rows"] / times["hinm_identity"]


@dataclass(frozen=True)
class Goal:
    """One line of what is to be reached.

    Attributes:
        text: which cases, and over whom.
        figure: what is compared.
        least: the least, or of a cost the most, that counts as reached.
        aim: what is aimed at.
        sparsities, tiles, tokens: the cases; none means all.
        any_tile: whether V is free to choose.
        cost: whether less is better.
    """

    text: str
    figure: Figure
    least: float
    aim: float
    sparsities: tuple[float, ...] = ()
    tiles: tuple[int, ...] = ()
    tokens: range = ANY
    any_tile: bool = False
    cost: bool = False

    def concerns(self, case: Case) -> bool:
        """Whether a case is one of its."""
        return (
            case.dtype == "f16"
            and (not self.sparsities or case.sparsity in self.sparsities)
            and (not self.tiles or case.tile in self.tiles)
            and case.tokens in self.tokens
        )

    def values(self, results: Iterable[Timed]) -> list[float]:
        """The figure of each case."""
        found: dict[tuple[object, ...], list[float]] = defaultdict(list)
        for result in results:
            case, value = result.case, self.figure(result)
            if value is not None and self.concerns(case):
                tile = 0 if self.any_tile else case.tile
                found[case.name, case.tokens, case.sparsity, tile].append(value)
        return [min(v) if self.cost else max(v) for v in found.values()]


def _cublas(
    text: str, least: float, aim: float, sparsity: float, tokens: range, *tiles: int
) -> Goal:
    return Goal(text, over("cublas"), least, aim, (sparsity,), tiles, tokens)


_LARGE = "N = 2048 … 8192, over cuBLAS"
GOALS = (
    _cublas(f"75 %, V = 128, {_LARGE}", 2.0, 2.8, 0.75, LARGE, 128),
    _cublas(f"75 %, V = 256, {_LARGE}", 2.8, 4.0, 0.75, LARGE, 256),
    _cublas(f"75 %, V = 64, {_LARGE}", 1.1, 2.5, 0.75, LARGE, 64),
    _cublas(f"87.5 %, V = 128, {_LARGE}", 3.7, 5.5, 0.875, LARGE, 128),
    _cublas(f"87.5 %, V = 256, {_LARGE}", 5.5, 8.0, 0.875, LARGE, 256),
    _cublas("75 %, N = 1 … 16, over cuBLAS", 2.7, 3.5, 0.75, FEW),
    _cublas("87.5 %, N = 1 … 16, over cuBLAS", 5.2, 6.9, 0.875, FEW),
    _cublas("75 %, V = 128, N = 32 … 64, over cuBLAS", 2.6, 3.4, 0.75, SOME, 128),
    Goal("50 % (plain 2:4), over cuSPARSELt", over("cusparselt"), 0.9, 1.1, (0.5,),
         any_tile=True),
    Goal("same sparsity and V, over Spatha", over("spatha"), 1.3, 2.0),
    Goal("roof over measured", of_the_roof, 0.6, 0.85),
    Goal("arbitrary orders over columns and rows as they come", cost_of_orders, 1.03,
         1.0, cost=True),
)  # fmt: skip
#: Seconds from IR to machine code, which needs no GPU (compile_time.py).
COMPILE = Goal("compile one layer, seconds", lambda _: None, 2.0, 0.3, cost=True)


def is_needed(case: Case) -> bool:
    """Whether a goal is about the case in particular, and it is not one of the last.

    Of those, what is measured counts for the goals as well.
    """
    return case.name not in LAST and any(
        goal.concerns(case) for goal in GOALS if goal.sparsities or goal.tiles
    )


def _spread(cases: Iterable[Case]) -> Iterator[Case]:
    """From the one of middle size in steps of the golden section, around the end.

    Any first few are of small and large sizes, and of all sparsities and V: steps of
    halves would meet the same of those again and again.
    """

    def size(case: Case) -> tuple[object, ...]:
        work = case.rows * case.columns * case.tokens
        return work, case.name, case.sparsity, case.tile, case.dtype, case.window

    ordered = sorted(cases, key=size)
    count = len(ordered)
    step = next(
        step
        for step in itertools.count(round(count / _GOLDEN))
        if math.gcd(step, count) == 1
    )
    for place in range(count):
        yield ordered[((count - 1) // 2 + place * step) % count]


def by_turns(cases: Iterable[Case]) -> list[Case]:
    """The cases in an order that may be ended anywhere.

    Every goal has a case before one has to wait for others to have two, and so on; a
    case counts for all goals that it concerns. Those that only goals of all cases are
    about come after the others, then what no goal is about, then cases.LAST.
    """
    last: list[Case] = []
    first: list[Case] = []
    for case in cases:
        (last if case.name in LAST else first).append(case)
    queues: Sequence[deque[Case]] = [
        deque(_spread(filter(goal.concerns, first))) for goal in GOALS
    ]
    counts = [0] * len(GOALS)
    # Their order counts.
    chosen: dict[Case, None] = {}
    for turn in itertools.count(1):
        for place, queue in enumerate(queues):
            while queue and queue[0] in chosen:
                queue.popleft()
            if not queue or counts[place] >= turn:
                continue
            case = queue.popleft()
            chosen[case] = None
            for other, goal in enumerate(GOALS):
                counts[other] += goal.concerns(case)
        if not any(queues):
            break
    rest = (case for case in first if case not in chosen)
    return [*chosen, *_spread(rest), *_spread(last)]


def verdict(goal: Goal, value: float | None) -> str:
    """Whether it is reached."""
    if value is None:
        return "not measured"

    def reaches(bound: float) -> bool:
        return value <= bound if goal.cost else value >= bound

    if reaches(goal.aim):
        return "aim reached"
    return "reached" if reaches(goal.least) else "not reached"


def goal_table(
    results: Iterable[Timed], compile_seconds: Iterable[float] = ()
) -> list[str]:
    """The goals as rows of Markdown, with what the results have of them."""
    results = list(results)
    lines = ["| goal | at least | aim | mean | least | most | cases | |",
             "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for goal, values in (
        *((goal, goal.values(results)) for goal in GOALS),
        (COMPILE, list(compile_seconds)),
    ):
        mean = statistics.geometric_mean(values) if values else None
        # No layer may take longer than that.
        judged = max(values, default=None) if goal is COMPILE else mean
        numbers = (mean, min(values), max(values)) if values else (None,) * 3
        cells = ["–" if number is None else f"{number:.2f}" for number in numbers]
        bound = f"≤ {goal.least:g}" if goal.cost else f"{goal.least:g}"
        lines.append(
            f"| {goal.text} | {bound} | {goal.aim:g} | {' | '.join(cells)} | "
            f"{len(values)} | {verdict(goal, judged)} |"
        )
    return lines
