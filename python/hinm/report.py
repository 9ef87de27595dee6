"""Reports of ``hinm-run --json``, as values and as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self


class ReportError(ValueError):
    """A report does not have the fields it should."""


def _take(cls: type, value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401
    """Return the entries of ``value`` that ``cls`` has as fields; all must be there."""
    if not isinstance(value, Mapping):
        raise ReportError(f"{where} is no object")
    names = [field.name for field in fields(cls)]
    missing = [name for name in names if name not in value]
    if missing:
        raise ReportError(f"{where} lacks {', '.join(missing)}")
    return {name: value[name] for name in names}


@dataclass(frozen=True)
class LayerReport:
    """What became of one layer.

    Attributes:
        name: the layer's name in the model.
        rows: output channels R.
        columns: input channels C.
        tile: rows of a tile, V; 0 if the layer stayed dense.
        sparsity: fraction of the weights that are zero, in [0, 1].
        retained: Σ saliency of the kept weights / Σ saliency, in [0, 1].
        retained_no_permutation: the same with the channels in their original order.
        retained_unstructured: the same for unstructured pruning at equal sparsity.
        kernel: the kernel picked, empty if none.
        status: "packed", "dense" or "skipped".
        reason: why it was skipped, else empty.
        row_index: whether its kernel stores the rows by an index, as their order is not
            that of its consumers.
    """

    name: str
    rows: int
    columns: int
    tile: int
    sparsity: float
    retained: float
    retained_no_permutation: float
    retained_unstructured: float
    kernel: str
    status: str
    reason: str
    row_index: bool

    @classmethod
    def from_json(cls, value: Any, where: str = "layer") -> Self:  # noqa: ANN401
        """Read one entry of ``layers``; raises ReportError."""
        return cls(**_take(cls, value, where))


@dataclass(frozen=True)
class RunReport:
    """What ``hinm-run --json`` printed.

    Attributes:
        layers: one report a layer, in the order of the module.
        runtime_permutes: permutations that are executed at run time.
        error_vs_masked: relative error against the float64 reference with the same
            weights masked.
        error_vs_dense: relative error against the unpruned model.
        bound: the bound that ``error_vs_masked`` has to keep.
        time_ms: wall time of one execution, milliseconds.
        device: "emulator" or the GPU's name.
    """

    layers: tuple[LayerReport, ...]
    runtime_permutes: int
    error_vs_masked: float
    error_vs_dense: float
    bound: float
    time_ms: float
    device: str

    @classmethod
    def from_json(cls, value: Any) -> Self:  # noqa: ANN401
        """Read the whole report; raises ReportError."""
        taken = _take(cls, value, "report")
        taken["layers"] = tuple(
            LayerReport.from_json(layer, f"layer {index}")
            for index, layer in enumerate(taken["layers"])
        )
        return cls(**taken)

    def violations(self) -> list[str]:
        """Return what this run should have kept but did not, one sentence each."""
        found = []
        if not self.error_vs_masked <= self.bound:  # also catches NaN
            found.append(
                f"error {self.error_vs_masked:.2e} exceeds the bound {self.bound:.2e}"
            )
        if self.runtime_permutes:
            found.append(f"{self.runtime_permutes} permutations left at run time")
        for layer in self.layers:
            if (
                layer.status == "packed"
                and layer.retained <= layer.retained_no_permutation
            ):
                found.append(
                    f"{layer.name}: the permutation gains nothing "
                    f"({layer.retained:.4f} against "
                    f"{layer.retained_no_permutation:.4f} without)"
                )
        return found


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; the first column is left-aligned, others right."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells under {len(head)} headings")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines)


def layer_table(report: RunReport) -> str:
    """Return one run as a table of its layers."""
    rows = [
        (
            layer.name,
            f"{layer.rows}×{layer.columns}",
            str(layer.tile) if layer.tile else "–",
            f"{layer.sparsity:.1%}",
            f"{layer.retained:.4f}",
            f"{layer.retained_no_permutation:.4f}",
            f"{layer.retained_unstructured:.4f}",
            layer.kernel or layer.reason or layer.status,
        )
        for layer in report.layers
    ]
    head = (
        "layer",
        "R×C",
        "V",
        "sparsity",
        "retained",
        "no permutation",
        "unstructured",
        "kernel or reason",
    )
    return markdown(head, rows)


def saliency_table(runs: Mapping[str, Mapping[int, RunReport]]) -> str:
    """Return retained saliency, one row a layer, two columns a tile height.

    Args:
        runs: model name → V → report; every model with the same V.
    """
    tiles = _tiles(runs)
    head = ["layer", "R×C"]
    for tile in tiles:
        head += [f"V={tile} searched", f"V={tile} without"]
    head.append("unstructured")
    rows = []
    for by_tile in runs.values():
        first = by_tile[tiles[0]]
        for index, layer in enumerate(first.layers):
            cells = [f"`{layer.name}`", f"{layer.rows}×{layer.columns}"]
            for tile in tiles:
                same = by_tile[tile].layers[index]
                cells += [
                    f"{same.retained:.4f}",
                    f"{same.retained_no_permutation:.4f}",
                ]
            rows.append([*cells, f"{layer.retained_unstructured:.4f}"])
    return markdown(head, rows)


def error_table(runs: Mapping[str, Mapping[int, RunReport]]) -> str:
    """Return error and run-time permutations, one row a model; see saliency_table."""
    tiles = _tiles(runs)
    head = ["model"]
    for tile in tiles:
        head += [f"V={tile} error", f"V={tile} run-time permutations"]
    rows = [
        [name]
        + [
            cell
            for tile in tiles
            for cell in (
                f"{by_tile[tile].error_vs_masked:.1e}",
                str(by_tile[tile].runtime_permutes),
            )
        ]
        for name, by_tile in runs.items()
    ]
    return markdown(head, rows)


def _tiles(runs: Mapping[str, Mapping[int, RunReport]]) -> list[int]:
    tiles = [sorted(by_tile) for by_tile in runs.values()]
    if not tiles or any(t != tiles[0] for t in tiles) or not tiles[0]:
        raise ValueError("no run, or runs with different tile heights")
    return tiles[0]
