"""Write and read linalg-on-tensors modules as MLIR text.

The writer emits the op sequences that torch-mlir emits for ``nn.Linear`` and the
usual activations (checked against torch-mlir 20261001), so that what the compiler
sees is what a user's exporter would have handed it.  Weights are
``dense_resource`` blobs: raw little-endian bytes in hexadecimal behind a 4-byte
alignment prefix, as ``AsmResourceBlob`` prints them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

#: Alignment (bytes) of f32 resource blobs, as MLIR prints it for `tensor<..xf32>`.
_BLOB_ALIGNMENT = 4

_MLIR_DTYPES = {
    "f64": np.dtype("<f8"),
    "f32": np.dtype("<f4"),
    "f16": np.dtype("<f2"),
    "i64": np.dtype("<i8"),
    "i32": np.dtype("<i4"),
    "i16": np.dtype("<i2"),
    "i8": np.dtype("<i1"),
}


class Form(StrEnum):
    """How a linear layer on a batch of token sequences is written.

    * ``2d``: tokens are ``tensor<NxC>``; `linalg.transpose` + `linalg.matmul`.
    * ``3d``: tokens are ``tensor<1xSxC>``; the transposed weight is broadcast over
      the batch and contracted by `linalg.batch_matmul` (what models that come by way
      of ONNX look like, and those of torch-mlir up to 2025).
    * ``3d-collapse``: tokens are ``tensor<1xSxC>``; batch and sequence are collapsed
      around a 2-d layer (torch-mlir since 2026).
    """

    TWO_D = "2d"
    THREE_D = "3d"
    THREE_D_COLLAPSE = "3d-collapse"


@dataclass(frozen=True)
class Value:
    """An SSA value: its name (with ``%``) and static shape, element type f32."""

    name: str
    shape: tuple[int, ...]

    @property
    def type(self) -> str:
        """The MLIR type, e.g. ``tensor<128x384xf32>``."""
        return _tensor_type(self.shape)


def _tensor_type(shape: tuple[int, ...]) -> str:
    return f"tensor<{'x'.join([*map(str, shape), 'f32'])}>"


def _identity_map(rank: int) -> str:
    dims = ", ".join(f"d{i}" for i in range(rank))
    return f"affine_map<({dims}) -> ({dims})>"


def _map(rank: int, results: list[int]) -> str:
    dims = ", ".join(f"d{i}" for i in range(rank))
    return f"affine_map<({dims}) -> ({', '.join(f'd{i}' for i in results)})>"


def float_literal(value: float) -> str:
    """Return an f32 literal that MLIR reads back to exactly ``np.float32(value)``.

    Raises:
        ValueError: if ``value`` is not finite.
    """
    rounded = np.float32(value)
    if not np.isfinite(rounded):
        raise ValueError(f"{value} has no decimal f32 literal")
    text = f"{float(rounded):.9e}"
    if np.float32(float(text)) != rounded:  # 9 fractional digits always suffice
        raise ValueError(f"{value} does not survive printing")
    return text


@dataclass
class FunctionWriter:
    """Builds the text of one ``func.func @main`` over f32 tensors.

    Args:
        tokens: number of tokens N (for the 3-d forms: the sequence length S of a
            batch of one).
        features: input channels C.
        form: see :class:`Form`.
        name: symbol name of the function.
    """

    tokens: int
    features: int
    form: Form = Form.TWO_D
    name: str = "main"
    _constants: list[str] = field(default_factory=list)
    _body: list[str] = field(default_factory=list)
    _resources: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    _resource_values: dict[str, Value] = field(default_factory=dict)
    _scalars: dict[str, str] = field(default_factory=dict)
    _next: int = 0

    def __post_init__(self) -> None:
        """Check the sizes; they end up in static tensor types."""
        if self.tokens < 1 or self.features < 1:
            raise ValueError(
                f"tokens and features must be positive, got {self.tokens} and "
                f"{self.features}"
            )

    @property
    def argument(self) -> Value:
        """The function's only argument: the tokens."""
        return Value("%arg0", self._token_shape(self.features))

    def _token_shape(self, channels: int) -> tuple[int, ...]:
        if self.form is Form.TWO_D:
            return (self.tokens, channels)
        return (1, self.tokens, channels)

    def _fresh(self) -> str:
        name = f"%{self._next}"
        self._next += 1
        return name

    def _scalar(self, value: float) -> str:
        literal = float_literal(value)
        if literal not in self._scalars:
            name = f"%cst_{len(self._scalars)}"
            self._scalars[literal] = name
            self._constants.append(f"{name} = arith.constant {literal} : f32")
        return self._scalars[literal]

    def constant(self, name: str, array: NDArray[np.float32]) -> Value:
        """Add ``array`` as resource blob ``name``; the same name is emitted once.

        Args:
            name: resource key; also the layer's name in every report.
            array: any shape, converted to little-endian f32.

        Raises:
            ValueError: if the name is taken by a different array or is no key.
        """
        if not re.fullmatch(r"[A-Za-z_][\w.$]*", name):
            raise ValueError(f"'{name}' is not a resource key that MLIR can parse")
        data = np.ascontiguousarray(array, dtype="<f4")
        if name in self._resources:
            if not np.array_equal(self._resources[name], data):
                raise ValueError(f"resource '{name}' given twice with other contents")
            return self._resource_values[name]
        value = Value(f"%w{len(self._resources)}", data.shape)
        self._resources[name] = data
        self._resource_values[name] = value
        self._constants.append(
            f"{value.name} = arith.constant dense_resource<{name}> : {value.type}"
        )
        return value

    def _empty(self, shape: tuple[int, ...]) -> Value:
        value = Value(self._fresh(), shape)
        self._body.append(f"{value.name} = tensor.empty() : {value.type}")
        return value

    def _generic(
        self, inputs: list[Value], maps: list[str], shape: tuple[int, ...], body: str
    ) -> Value:
        """Emit an all-parallel `linalg.generic`; ``body`` reads %in0, %in1."""
        rank = len(shape)
        init = self._empty(shape)
        result = Value(self._fresh(), shape)
        names = ", ".join(v.name for v in inputs)
        types = ", ".join(v.type for v in inputs)
        arguments = ", ".join(f"%in{i}: f32" for i in range(len(inputs)))
        iterators = ", ".join(['"parallel"'] * rank)
        self._body.append(
            f"{result.name} = linalg.generic {{indexing_maps = "
            f"[{', '.join([*maps, _identity_map(rank)])}], "
            f"iterator_types = [{iterators}]}} ins({names} : {types}) "
            f"outs({init.name} : {init.type}) {{"
        )
        self._body.append(f"^bb0({arguments}, %out: f32):")
        self._body.extend("  " + line for line in body.strip().splitlines())
        self._body.append(f"}} -> {result.type}")
        return result

    def elementwise(self, inputs: list[Value], body: str) -> Value:
        """Apply a scalar body to values of one shape.

        Args:
            inputs: operands of equal shape.
            body: one op a line over %in0, %in1, … ending in `linalg.yield`.
        """
        shape = inputs[0].shape
        if any(v.shape != shape for v in inputs):
            raise ValueError(f"shapes differ: {[v.shape for v in inputs]}")
        return self._generic(
            inputs, [_identity_map(len(shape))] * len(inputs), shape, body
        )

    def linear(
        self,
        x: Value,
        name: str,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32] | None = None,
    ) -> Value:
        """Emit ``y = x · weightᵀ + bias``.

        Args:
            x: tokens, shape (N, C) or (1, S, C) according to the form.
            name: layer name; resources are ``<name>.weight`` and ``<name>.bias``.
            weight: shape (R, C), out × in, as PyTorch stores it.
            bias: shape (R,) or None.

        Returns:
            The tokens with R channels.

        Raises:
            ValueError: if the shapes do not fit.
        """
        if weight.ndim != 2 or weight.shape[1] != x.shape[-1]:
            raise ValueError(
                f"{name}: weight {weight.shape} does not take {x.shape[-1]} channels"
            )
        rows, columns = weight.shape
        if bias is not None and bias.shape != (rows,):
            raise ValueError(f"{name}: bias {bias.shape} is not ({rows},)")
        if self.form is Form.THREE_D_COLLAPSE:
            x = self._collapse(x)
        stored = self.constant(f"{name}.weight", weight)
        empty = self._empty((columns, rows))
        operand = Value(self._fresh(), (columns, rows))
        self._body.append(
            f"{operand.name} = linalg.transpose ins({stored.name} : {stored.type}) "
            f"outs({empty.name} : {empty.type}) permutation = [1, 0]"
        )
        op = "linalg.matmul"
        if self.form is Form.THREE_D:
            operand = self._generic(
                [operand],
                [_map(3, [1, 2])],
                (1, columns, rows),
                "linalg.yield %in0 : f32",
            )
            op = "linalg.batch_matmul"
        shape = (*x.shape[:-1], rows)
        empty = self._empty(shape)
        zero = Value(self._fresh(), shape)
        self._body.append(
            f"{zero.name} = linalg.fill ins({self._scalar(0.0)} : f32) "
            f"outs({empty.name} : {empty.type}) -> {zero.type}"
        )
        y = Value(self._fresh(), shape)
        self._body.append(
            f"{y.name} = {op} ins({x.name}, {operand.name} : {x.type}, {operand.type}) "
            f"outs({zero.name} : {zero.type}) -> {y.type}"
        )
        if bias is not None:
            rank = len(shape)
            spread = self._generic(
                [self.constant(f"{name}.bias", bias)],
                [_map(rank, [rank - 1])],
                shape,
                "linalg.yield %in0 : f32",
            )
            y = self.elementwise(
                [y, spread],
                "%s = arith.addf %in0, %in1 : f32\nlinalg.yield %s : f32",
            )
        return self._expand(y) if self.form is Form.THREE_D_COLLAPSE else y

    def _collapse(self, x: Value) -> Value:
        result = Value(self._fresh(), x.shape[1:])
        self._body.append(
            f"{result.name} = tensor.collapse_shape {x.name} [[0, 1], [2]] : "
            f"{x.type} into {result.type}"
        )
        return result

    def _expand(self, x: Value) -> Value:
        result = Value(self._fresh(), (1, *x.shape))
        sizes = ", ".join(map(str, result.shape))
        self._body.append(
            f"{result.name} = tensor.expand_shape {x.name} [[0, 1], [2]] "
            f"output_shape [{sizes}] : {x.type} into {result.type}"
        )
        return result

    def gelu(self, x: Value) -> Value:
        """Emit x · ½ (1 + erf(x / √2)), the exact GELU, as torch-mlir writes it."""
        root, one, half = (self._scalar(v) for v in (2.0**0.5, 1.0, 0.5))
        return self.elementwise(
            [x],
            f"%a = arith.divf %in0, {root} : f32\n"
            f"%b = math.erf %a : f32\n"
            f"%c = arith.addf %b, {one} : f32\n"
            f"%d = arith.mulf %c, {half} : f32\n"
            f"%e = arith.mulf %in0, %d : f32\n"
            f"linalg.yield %e : f32",
        )

    def silu(self, x: Value) -> Value:
        """Emit x · σ(x): a sigmoid generic, then a multiplication."""
        one = self._scalar(1.0)
        gate = self.elementwise(
            [x],
            f"%a = arith.negf %in0 : f32\n"
            f"%b = math.exp %a : f32\n"
            f"%c = arith.addf %b, {one} : f32\n"
            f"%d = arith.divf {one}, %c : f32\n"
            f"linalg.yield %d : f32",
        )
        return self.multiply(x, gate)

    def relu(self, x: Value) -> Value:
        """Emit max(x, 0) as compare and select."""
        zero = self._scalar(0.0)
        return self.elementwise(
            [x],
            f"%a = arith.cmpf ugt, %in0, {zero} : f32\n"
            f"%b = arith.select %a, %in0, {zero} : f32\n"
            f"linalg.yield %b : f32",
        )

    def multiply(self, x: Value, y: Value) -> Value:
        """Emit the elementwise product of two values of one shape."""
        return self.elementwise(
            [x, y], "%a = arith.mulf %in0, %in1 : f32\nlinalg.yield %a : f32"
        )

    def finish(self, result: Value) -> str:
        """Return the module's text; ``result`` is what the function returns."""
        argument = self.argument
        lines = [
            "module {",
            f"  func.func @{self.name}({argument.name}: {argument.type}) "
            f"-> {result.type} {{",
            *("    " + line for line in self._constants),
            *("    " + line for line in self._body),
            f"    return {result.name} : {result.type}",
            "  }",
            "}",
        ]
        if self._resources:
            blobs = ",\n".join(
                f'      {name}: "{encode_blob(data)}"'
                for name, data in self._resources.items()
            )
            lines += [
                "",
                "{-#",
                "  dialect_resources: {",
                "    builtin: {",
                blobs,
                "    }",
                "  }",
                "#-}",
            ]
        return "\n".join(lines) + "\n"


def encode_blob(data: NDArray[np.float32]) -> str:
    """Return an f32 array as MLIR's hexadecimal blob, alignment prefix included."""
    prefix = _BLOB_ALIGNMENT.to_bytes(4, "little")
    return "0x" + (prefix + data.astype("<f4", copy=False).tobytes()).hex().upper()


def read_resources(text: str) -> dict[str, NDArray[np.generic]]:
    """Return every ``dense_resource`` constant of a module with its data.

    Args:
        text: a module as MLIR prints it (blobs in hexadecimal, not elided).

    Returns:
        Resource name → array of the constant's shape and element type.  Blobs that
        no constant refers to are left out.

    Raises:
        ValueError: if a blob is missing, elided, of an element type that numpy has
            not (bf16, sub-byte), or of another size than its type.
    """
    types = dict(
        re.findall(r"dense_resource<\"?([\w.$]+)\"?>\s*:\s*tensor<([^>]*)>", text)
    )
    blobs = dict(re.findall(r"^\s*\"?([\w.$]+)\"?:\s*\"0x([0-9A-Fa-f]*)\"", text, re.M))
    arrays: dict[str, NDArray[np.generic]] = {}
    for name, spelled in types.items():
        *sizes, element = spelled.split("x")
        if name not in blobs:
            raise ValueError(f"resource '{name}' has no data in this module")
        if element not in _MLIR_DTYPES:
            raise ValueError(f"resource '{name}' has element type {element}")
        shape = tuple(int(s) for s in sizes)
        raw = bytes.fromhex(blobs[name])[4:]
        dtype = _MLIR_DTYPES[element]
        expected = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if len(raw) != expected:
            raise ValueError(
                f"resource '{name}' holds {len(raw)} bytes, tensor<{spelled}> needs "
                f"{expected}"
            )
        arrays[name] = np.frombuffer(raw, dtype=dtype).reshape(shape)
    return arrays
