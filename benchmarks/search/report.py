#!/usr/bin/env python3
"""Write docs/results/search/README.md and its plots from raw/*.jsonl."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import mean

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "results" / "search"
Line = dict[str, object]

HEAD = """# The permutation search, measured

Written by `benchmarks/search/report.py` from the lines in [raw/](raw), which
`benchmarks/search/run.py` appends; everything below can be made again with

```sh
pip install -r benchmarks/search/requirements.txt
PYTHONPATH=python python benchmarks/search/run.py all && python benchmarks/search/report.py
```

*Retained* is the share of the saliency |w| that a pattern keeps, computed by one
evaluator from the orders (or the mask) that a search returns. *Unstructured* is what the
largest weights, as many, would keep: no pattern reaches it. Seconds are wall time of one
search. {machine}
"""

SECTIONS = {
    "quality": """## Beside the others, 75 % sparse

`gyro, released` is the authors' Python (sminy67/hinm_sp at f0c4d84) as it is,
`gyro, corrected` the same without the faults that `benchmarks/search/peers.py` lists and
takes out, `our gyro` the published algorithm in C++ (`algorithm=gyro`), `clustering` is
OVW's: one balanced k-means of all rows. `exchange` is the default, run to its end, then
with time budgets. Where there are several seeds the mean is shown, and the range.
""",
    "speed": """## How soon we keep as much

The authors' corrected code, one run, and the smallest time budget with which `exchange`
keeps at least as much on the average of three seeds.
""",
    "nm": """## Plain 2:4, one order of the columns for all rows

ASP's search (NVIDIA apex, channel swaps, its CPU path; ended after the time that its name
gives where it would take hours, and where each swap had gained), RIA's two steps, and ours
with one tile as high as the weight. One core, with other work beside it.
""",
    "everyone": """## Everyone, on every weight

What each search retains, as a share of what unstructured pruning keeps, over all weights
that the authors' code can do (whole tiles, at least two; its k-means needs 10.8 GB in one
array at 4096×11008 and ends with a MemoryError within 19 GB, so larger ones are missing).
Measured beside other work, so that there are no times here. *Least ahead* is the smallest
difference between `exchange` and the best of the others, over the weights of a row. It is
negative once: heavy-tailed 3072×768 consists of 48 planted families of rows, which k-means
finds as they are; there `exchange` retains 0.8372 when it ends by itself, 0.8397 with a
budget of 20 s and 0.8417 with one of 60 s, the authors' code 0.8394 after 237 s.
""",
    "layers": """## Every layer, every pattern

Retained, as a share of what unstructured pruning keeps; means over the layers of a model.
Each column is a vector size.
""",
    "price": """## What the kernels' wishes cost

`list_rows`: that many rows share a set of kept columns. `window`: a tile keeps the same
share of every window of that many columns, and groups stay inside.
""",
    "scale": """## Large weights

`peak` is the largest resident size of the process, with the saliency itself, NumPy's copy
of it and the evaluator.
""",
    "growth": """## Growth

Run to its end, without a budget, 75 % sparse.
""",
}


def _read() -> dict[str, list[Line]]:
    return {
        path.stem: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted((FOLDER / "raw").glob("*.jsonl"))
    }


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = list(header)
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _group(lines: list[Line], *keys: str) -> dict[tuple, list[Line]]:
    groups: dict[tuple, list[Line]] = defaultdict(list)
    for line in lines:
        groups[tuple(line[key] for key in keys)].append(line)
    return groups


def _spread(values: list[float], digits: int = 4) -> str:
    text = f"{mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ({min(values):.{digits}f}–{max(values):.{digits}f})"
    return text


def _peers(lines: list[Line]) -> str:
    text = ""
    for (matrix, tile), group in _group(lines, "matrix", "tile").items():
        title = f"{matrix}, {group[0]['rows']}×{group[0]['cols']}, V = {tile}"
        bound = f"unstructured {group[0]['unstructured']:.4f}"
        text += f"\n**{title}** ({bound})\n\n"
        text += _table(
            ["search", "retained", "seconds"],
            [
                [
                    peer,
                    _spread([line["retained"] for line in runs]),
                    f"{mean(line['seconds'] for line in runs):.2f}",
                ]
                for (peer,), runs in _group(group, "peer").items()
            ],
        )
    return text


def _curves(lines: list[Line]) -> str:
    groups = _group(lines, "matrix", "tile")
    figure, axes = plt.subplots(
        (len(groups) + 1) // 2, 2, figsize=(9, 3 * ((len(groups) + 1) // 2))
    )
    for axis, ((matrix, tile), group) in zip(axes.flat, groups.items(), strict=False):
        ours = sorted(
            (line["seconds"], line["retained"])
            for line in group
            if line["peer"].startswith("exchange")
        )
        axis.plot(*zip(*ours, strict=True), "o-", ms=3, label="exchange")
        for (peer,), runs in _group(group, "peer").items():
            if peer in ("gyro, corrected", "our gyro", "clustering", "gyro, released"):
                axis.plot(
                    [line["seconds"] for line in runs],
                    [line["retained"] for line in runs],
                    "s", ms=4, label=peer,
                )  # fmt: skip
        natural = next(line["retained"] for line in group if line["peer"] == "none")
        axis.axhline(natural, color="grey", lw=0.8, label="no permutation")
        axis.set(xscale="log", title=f"{matrix}, V = {tile}", xlabel="seconds")
        axis.title.set_size(9)
    axes.flat[0].set_ylabel("retained saliency")
    axes.flat[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(FOLDER / "quality.svg", metadata={"Date": None})
    plt.close(figure)
    return "\n![Retained saliency against time](quality.svg)\n"


def _speed(lines: list[Line]) -> str:
    rows = []
    for (matrix, tile), group in _group(lines, "matrix", "tile").items():
        peers = _group(group, "peer")
        theirs = peers.pop(("gyro, corrected",))[0]
        for runs in peers.values():
            retained = mean(line["retained"] for line in runs)
            seconds = mean(line["seconds"] for line in runs)
            if retained >= theirs["retained"]:
                rows.append(
                    [
                        f"{matrix}, V = {tile}",
                        f"{theirs['retained']:.4f}", f"{theirs['seconds']:.2f}",
                        f"{retained:.4f}", f"{seconds:.3f}",
                        f"{theirs['seconds'] / seconds:.0f}×",
                    ]
                )  # fmt: skip
                break
    return "\n" + _table(
        ["matrix", "authors", "seconds", "exchange", "seconds", "ratio"], rows
    )


def _layers(lines: list[Line]) -> str:
    tiles = sorted({line["tile"] for line in lines})
    rows = []
    models = _group(lines, "vector_sparsity")
    for (vectors,), group in models.items():
        by_model: dict[str, list[Line]] = defaultdict(list)
        for line in group:
            by_model[str(line["matrix"]).split("-")[0]].append(line)
        for model, runs in by_model.items():
            for (peer,), same in _group(runs, "peer").items():
                row = [f"{1 - (1 - vectors) / 2:.1%}", model, peer]
                for tile in tiles:
                    shares = [
                        line["retained"] / line["unstructured"]
                        for line in same
                        if line["tile"] == tile
                    ]
                    row.append(f"{mean(shares):.4f}" if shares else "")
                rows.append(row)
    header = ["sparsity", "model", "search", *(f"V = {tile}" for tile in tiles)]
    return "\n" + _table(header, rows)


def _everyone(lines: list[Line]) -> str:
    peers = ["none", "clustering", "gyro, corrected", "our gyro", "exchange"]
    rows = []
    keys = ("vector_sparsity", "tile")
    for (vectors, tile), group in sorted(_group(lines, *keys).items()):
        models: dict[str, list[Line]] = defaultdict(list)
        for line in group:
            models[str(line["matrix"]).split("-")[0]].append(line)
        for model, runs in models.items():
            found = _group(runs, "peer")
            shares = {
                peer: [
                    line["retained"] / line["unstructured"] for line in found[(peer,)]
                ]
                for peer in peers
            }
            ahead = min(
                own - max(others)
                for own, *others in zip(
                    *(shares[peer] for peer in reversed(peers)), strict=True
                )
            )
            rows.append(
                [
                    f"{1 - (1 - vectors) / 2:.1%}", str(tile), model,
                    str(len(shares["none"])),
                    *(f"{mean(shares[peer]):.4f}" for peer in peers),
                    f"{ahead:+.4f}",
                ]
            )  # fmt: skip
    return "\n" + _table(
        ["sparsity", "V", "model", "weights", *peers, "least ahead"], rows
    )


def _price(lines: list[Line]) -> str:
    rows = []
    keys = ("matrix", "tile", "list_rows", "window")
    for (matrix, tile, shared, window), runs in _group(lines, *keys).items():
        found = {line["peer"]: line for line in runs}
        rows.append(
            [
                str(matrix), str(tile), str(shared or ""), str(window or ""),
                f"{found['none']['retained']:.4f}",
                f"{found['exchange']['retained']:.4f}",
            ]
        )  # fmt: skip
    return "\n" + _table(
        ["matrix", "V", "list_rows", "window", "without search", "exchange"], rows
    )


def _scale(lines: list[Line]) -> str:
    return "\n" + _table(
        ["matrix", "V", "search", "retained", "seconds", "peak MB"],
        [
            [
                str(line["matrix"]), str(line["tile"]), str(line["peer"]),
                f"{line['retained']:.4f}", f"{line['seconds']:.1f}",
                f"{line['peak_mb']:.0f}",
            ]
            for line in lines
        ],
    )  # fmt: skip


def _growth(lines: list[Line]) -> str:
    figure, axes = plt.subplots(1, 3, figsize=(9, 3))
    base = {"rows": 1024, "cols": 1024, "tile": 64}
    for axis, key in zip(axes, base, strict=True):
        others = [name for name in base if name != key]
        points = sorted(
            (line[key], line["seconds"])
            for line in lines
            if all(line[name] == base[name] for name in others)
        )
        axis.plot(*zip(*points, strict=True), "o-", ms=3)
        axis.set(xscale="log", yscale="log", xlabel={"tile": "V"}.get(key, key))
    axes[0].set_ylabel("seconds")
    figure.tight_layout()
    figure.savefig(FOLDER / "growth.svg", metadata={"Date": None})
    plt.close(figure)
    table = _table(
        ["rows", "columns", "V", "seconds", "ns a weight", "retained"],
        [
            [
                str(line["rows"]), str(line["cols"]), str(line["tile"]),
                f"{line['seconds']:.2f}",
                f"{1e9 * line['seconds'] / (line['rows'] * line['cols']):.0f}",
                f"{line['retained']:.4f}",
            ]
            for line in lines
        ],
    )  # fmt: skip
    return f"\n![Seconds against rows, columns and V](growth.svg)\n\n{table}"


def main() -> None:
    """Writes the report."""
    raw = _read()
    machines = {
        f"{line['cpu']}, {line['cores']} cores, Python {line['python']}, "
        f"commit {line['commit']}, {str(line['date'])[:10]}"
        for lines in raw.values()
        for line in lines
    }
    text = HEAD.format(machine="Measured on: " + "; ".join(sorted(machines)) + ".")
    render = {
        "quality": lambda lines: _curves(lines) + _peers(lines),
        "speed": _speed,
        "nm": _peers,
        "everyone": _everyone,
        "layers": _layers,
        "price": _price,
        "scale": _scale,
        "growth": _growth,
    }
    for name, introduction in SECTIONS.items():
        if name in raw:
            text += f"\n{introduction}{render[name](raw[name])}"
    (FOLDER / "README.md").write_text(text)


if __name__ == "__main__":
    main()
