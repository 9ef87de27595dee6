//===- HiNMOps.td - Operations of the hinm dialect ---------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMOPS_TD
#define HINM_DIALECT_HINM_IR_HINMOPS_TD

include "hinm/Dialect/HiNM/IR/HiNMAttributes.td"
include "hinm/Dialect/HiNM/IR/HiNMInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class HiNM_Op<string mnemonic, list<Trait> traits = []>
    : Op<HiNM_Dialect, mnemonic, traits>;

/// What a packed weight and the activations it is multiplied with may hold.
/// An f32 is multiplied as tf32.
def HiNM_OperandElement : AnyTypeOf<[F16, BF16, F32, I8, F8E4M3FN, F8E5M2],
    "f16, bf16, f32 (as tf32), i8, f8E4M3FN or f8E5M2">;
/// Listed columns: i16, read as unsigned, where that holds them.
def HiNM_ListElement : AnyTypeOf<[I16, I32], "i16 or i32">;
/// What a product may hold: the sums, or what an epilogue makes of them.
def HiNM_OutputElement : AnyTypeOf<[AnyFloat, I8, I32], "a float, i8 or i32">;
/// What a layer's weight and input may hold, before packing.
def HiNM_LayerElement : AnyTypeOf<[AnyFloat, I8], "a float or i8">;
class HiNM_Shaped2DOf<Type element> : AnyTypeOf<[
    2DTensorOf<[element]>, MemRefRankOf<[element], [2]>]>;
def HiNM_EpilogueOperand : AnyTypeOf<[
    1DTensorOf<[HiNM_OutputElement]>, MemRefRankOf<[HiNM_OutputElement], [1]>,
    2DTensorOf<[HiNM_OutputElement]>, MemRefRankOf<[HiNM_OutputElement], [2]>]>;
class HiNM_Shaped1DOf<list<Type> types> : AnyTypeOf<[
    1DTensorOf<types>, MemRefRankOf<types, [1]>]>;

//===----------------------------------------------------------------------===//
// hinm.matmul
//===----------------------------------------------------------------------===//

def HiNM_MatmulOp : HiNM_Op<"matmul", [
    Pure, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<ChannelOrderOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "a linear layer with a stationary weight, Y = W · X";
  let description = [{
    Y[row_index[r], n] = Σ_c W[r, c] · X[c, n]. The destination gives only the
    shape (and, after bufferisation, the memory): its values are not read.

    A quantised layer holds i8, and sums in i32 (`hinm-quantize`).

    W is R×C (R output channels), X is C×N with N tokens or pixels, Y is R×N.
    `pattern` says what the weight may keep (absent: the layer stays dense);
    `columns` lists the kept columns of every tile of W's rows as they are; the
    optional `row_index` stores row r of the product as row `row_index[r]` of Y,
    which undoes an order of W's rows at no cost.

    The optional `saliency` says what each weight is worth, in W's order of rows
    and columns; absent it is |w|. Search and pruning read it, the product does
    not, and pruning drops it.

    Upstream's tiling and fusion cut the op along N (TilingInterface): the rows
    and the contraction are cut already by the pattern's tiles.

    Constraints:

    * (matmul_c1) W, X and Y agree: R = rows of Y, C = rows of X, N = columns of
      X and of Y (dynamic N is allowed; R and C are static).
    * (matmul_c2) `columns` needs a `pattern`, has ⌈R/V⌉ tiles, lists indices in
      [0, C), and each tile's count is a multiple of M.
    * (matmul_c3) `row_index` has size R and is a bijection.
    * (matmul_c4) an order given by a resource blob has its data in the file.
    * (matmul_c5) `saliency` has the weight's shape.
    * (matmul_c6) weight and input are both i8, and then Y is of i32, or all three
      are of floats.

    Example:

    ```mlir
    %y = hinm.matmul ins(%w, %x : tensor<64x32xf32>, tensor<32x16xf32>)
                     outs(%init : tensor<64x16xf32>)
                     {layer = "ffn.up", pattern = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 0.5>}
                     -> tensor<64x16xf32>
    ```
  }];
  let arguments = (ins
    2DTensorOf<[HiNM_LayerElement]>:$weight,
    2DTensorOf<[HiNM_LayerElement]>:$input,
    2DTensorOf<[HiNM_OutputElement]>:$init,
    Optional<2DTensorOf<[AnyFloat]>>:$saliency,
    OptionalAttr<StrAttr>:$layer,
    OptionalAttr<HiNM_PatternAttr>:$pattern,
    OptionalAttr<HiNM_ColumnIndexAttr>:$columns,
    OptionalAttr<HiNM_PermutationAttr>:$row_index);
  let results = (outs 2DTensorOf<[HiNM_OutputElement]>:$result);
  let assemblyFormat = [{
    `ins` `(` $weight `,` $input `:` type($weight) `,` type($input) `)`
    `outs` `(` $init `:` type($init) `)`
    (`saliency` `(` $saliency^ `:` type($saliency) `)`)? attr-dict `->` type($result)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Value":$weight, "::mlir::Value":$input,
                   "::mlir::Value":$init, CArg<"::mlir::StringAttr", "{}">:$layer,
                   CArg<"::hinm::PatternAttr", "{}">:$pattern)>];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// R, the number of output channels.
    int64_t getNumRows() { return getWeight().getType().getDimSize(0); }
    /// C, the number of input channels.
    int64_t getNumColumns() { return getWeight().getType().getDimSize(1); }
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// hinm.permute
//===----------------------------------------------------------------------===//

def HiNM_PermuteOp : HiNM_Op<"permute", [
    Pure, AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<ChannelOrderOpInterface>]> {
  let summary = "reorders one dimension of a tensor";
  let description = [{
    result[…, i, …] = input[…, p[i], …], with i in dimension `dim`.

    Folds: the identity disappears; permute of permute along the same dimension
    becomes one permute by p∘q; a permute of a constant becomes a constant.

    Constraints:

    * (permute_c1) `dim` is a dimension of the input.
    * (permute_c2) that dimension is static and as long as the permutation.
    * (permute_c3) the permutation is a bijection with its data in the file.

    Example:

    ```mlir
    %y = hinm.permute %x by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
    ```
  }];
  let arguments = (ins
    AnyRankedTensor:$input,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$dim,
    HiNM_PermutationAttr:$permutation);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `by` qualified($permutation) `dim` $dim attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// hinm.patches
//===----------------------------------------------------------------------===//

def HiNM_PatchesOp : HiNM_Op<"patches", [
    Pure, DeclareOpInterfaceMethods<ChannelOrderOpInterface>]> {
  let summary = "the patches of an image, as the input of a convolution layer";
  let description = [{
    result[(c, i, j), (b, y, x)] =
        image[c, (b, y · stride_h + i · dilation_h, x · stride_w + j · dilation_w)]

    The image is C × B·H·W, the result C·kh·kw × B·Ho·Wo (`#hinm.convolution`). A
    convolution is `hinm.matmul` of the weight [out, C·kh·kw] with the patches.
    Packing takes the patches into `hinm.spmm`, which gathers what it needs from
    the image: they are never in memory. Only a layer that stays dense has them.

    Constraints:

    * (patches_c1) the image has B · H · W pixels.
    * (patches_c2) the result has C · kh · kw rows of B · Ho · Wo pixels, and the
      image's element type.

    Example:

    ```mlir
    %p = hinm.patches #hinm.convolution<image = [1, 4, 4], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>
        of %x : tensor<2x16xf32> -> tensor<18x4xf32>
    ```
  }];
  let arguments = (ins
    StaticShapeTensorOf<[HiNM_LayerElement]>:$image,
    HiNM_ConvolutionAttr:$convolution);
  let results = (outs StaticShapeTensorOf<[HiNM_LayerElement]>:$result);
  let assemblyFormat = [{
    qualified($convolution) `of` $image attr-dict `:` type($image) `->` type($result)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Value":$image, "::hinm::ConvolutionAttr":$convolution)>];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// hinm.prune
//===----------------------------------------------------------------------===//

def HiNM_PruneOp : HiNM_Op<"prune", [
    Pure, AllTypesMatch<["weight", "result"]>]> {
  let summary = "zeroes the weights that a pattern does not keep";
  let description = [{
    result = weight ⊙ mask. In each tile the vectors outside `columns` are zeroed
    (without `columns` the pattern's policy chooses them, by saliency, in their
    natural order); in each group of M listed columns each row keeps the N weights
    of most saliency, the first of equals. The saliency is |w| unless one is given.

    A prune of a constant folds to a constant.

    Constraints:

    * (prune_c1) `saliency` has the weight's shape.
    * (prune_c2) `columns` has ⌈R/V⌉ tiles, lists indices in [0, C), and each
      tile's count is a multiple of M.
    * (prune_c3) the weight has a static shape.

    Example:

    ```mlir
    %p = hinm.prune %w {pattern = #hinm.pattern<tile = 2, nm = 2:4, vector_sparsity = 0.5>} : tensor<4x8xf32>
    ```
  }];
  let arguments = (ins
    2DTensorOf<[AnyFloat]>:$weight,
    Optional<2DTensorOf<[AnyFloat]>>:$saliency,
    HiNM_PatternAttr:$pattern,
    OptionalAttr<HiNM_ColumnIndexAttr>:$columns);
  let results = (outs 2DTensorOf<[AnyFloat]>:$result);
  let assemblyFormat = [{
    $weight (`saliency` `(` $saliency^ `:` type($saliency) `)`)? attr-dict
    `:` type($weight)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// hinm.pack / hinm.unpack
//===----------------------------------------------------------------------===//

def HiNM_PackOp : HiNM_Op<"pack", [Pure]> {
  let summary = "packs a pruned weight for the sparse tensor core";
  let description = [{
    Stores every nonzero of a pruned weight once, in the format of
    `docs/format.md`: `values` and `metadata` in the fragment order of `mma.sp`,
    `column_list` (each tile's kept columns, padded to a multiple of a k-block)
    and `tile_offsets`. `columns` gives the kept columns in their order.

    A pack of a constant folds to constants. A weight that does not obey the
    pattern (more than N nonzeros of a row in a group, a nonzero outside the kept
    columns) is refused, and so is one of f32 that is not rounded to tf32.

    Constraints:

    * (pack_c1) the weight is `rows` × `columns` of the format.
    * (pack_c2) `columns` has T tiles, lists indices in [0, C), and each tile's
      count is a multiple of M.
    * (pack_c3) `values` has the weight's element type, of the width that the
      format's version holds; all four results have the sizes that the format and
      `columns` give; `column_list` is of i32, or of i16 if C ≤ 65536.
    * (pack_c4) with a `window` in the format, `columns` goes by windows: every tile
      lists the same multiple of a k-block of each, those of window 0 first.

    Example:

    ```mlir
    %values, %metadata, %list, %offsets = hinm.pack %w
        as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
        columns(#hinm.column_index<columns = dense<[0, 3, 1, 6]> : tensor<4xi32>,
                                   offsets = dense<[0, 4]> : tensor<2xi32>>)
        : tensor<16x8xf16> -> tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32>
    ```
  }];
  let arguments = (ins
    2DTensorOf<[HiNM_OperandElement]>:$weight,
    HiNM_ColumnIndexAttr:$columns,
    HiNM_PackedAttr:$format);
  let results = (outs
    1DTensorOf<[HiNM_OperandElement]>:$values,
    1DTensorOf<[I32]>:$metadata,
    1DTensorOf<[HiNM_ListElement]>:$column_list,
    1DTensorOf<[I32]>:$tile_offsets);
  let assemblyFormat = [{
    $weight `as` qualified($format) `columns` `(` qualified($columns) `)` attr-dict
    `:` type($weight) `->` type($values) `,` type($metadata) `,` type($column_list) `,` type($tile_offsets)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Value":$weight, "::hinm::ColumnIndexAttr":$columns,
                   "::hinm::PackedAttr":$format)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def HiNM_UnpackOp : HiNM_Op<"unpack", [Pure]> {
  let summary = "rebuilds the pruned dense weight from its packed form";
  let description = [{
    The inverse of `hinm.pack`: the R×C weight with zeros where nothing is stored,
    bit for bit. An unpack of constants folds to a constant; `unpack(pack(w))`
    folds to w.

    Constraints:

    * (unpack_c1) the operands have the sizes that the format gives for the length
      of `column_list`, and `values` elements of the width that its version holds;
      `tile_offsets` has T + 1 entries; `column_list` is of i32, or of i16 if
      C ≤ 65536.
    * (unpack_c2) the result is `rows` × `columns` of the format, with the
      element type of `values`.

    Example:

    ```mlir
    %w = hinm.unpack as #hinm.packed<rows = 16, columns = 8, tile = 16, nm = 2:4>
        from (%values, %metadata, %list, %offsets)
        : tensor<512xf16>, tensor<32xi32>, tensor<64xi32>, tensor<2xi32> -> tensor<16x8xf16>
    ```
  }];
  let arguments = (ins
    1DTensorOf<[HiNM_OperandElement]>:$values,
    1DTensorOf<[I32]>:$metadata,
    1DTensorOf<[HiNM_ListElement]>:$column_list,
    1DTensorOf<[I32]>:$tile_offsets,
    HiNM_PackedAttr:$format);
  let results = (outs 2DTensorOf<[HiNM_OperandElement]>:$weight);
  let assemblyFormat = [{
    `as` qualified($format) `from` `(` $values `,` $metadata `,` $column_list `,`
    $tile_offsets `)` attr-dict `:` type($values) `,` type($metadata) `,` type($column_list) `,` type($tile_offsets)
    `->` type($weight)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// hinm.spmm
//===----------------------------------------------------------------------===//

def HiNM_SpmmOp : HiNM_Op<"spmm", [
    AttrSizedOperandSegments, IsolatedFromAbove, SingleBlock,
    DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>]> {
  let summary = "product of a packed weight with dense activations";
  let description = [{
    Y[row_index[r], n] = Σ_c W[r, c] · X[c, n], where W is the weight that
    `hinm.unpack` rebuilds from the four packed operands. Products of floats are
    accumulated in f32, those of i8 in i32. Elements of f32 are multiplied as tf32:
    those of X are rounded to its 10 bits of fraction, to the nearest one (ties
    away from zero), those of W are so already. The destination's values are not
    read.

    With `convolution` the input is an image, C × B·H·W, and X stands for its
    patches (`hinm.patches`), which the op gathers as it goes.

    X is C×N and Y is R×N, tokens innermost. With `token_major_input` X is N×C
    instead, with `token_major_output` Y and the epilogue's matrices are N×R.

    With `slabs` tiles share rows of X in shared memory (`kernel = slab`); the product
    is the same. Slab (b, w) is of the b-th group of tiles, as many as the schedule's
    `tile_m` has rows for, and of window w of the format. It has S places:
    `slab_rows`[(b · windows + w) · S + 32k + 4c + i] is the row of X at place
    32k + 8i + c, or −1 (all ones), and `slab_places`[j] the place at which the row of
    `column_list`[j] lies in the slab of its tile and window. `hinm-select-kernels`
    makes them.

    With an `epilogue` Y[r, n] is what its region yields of the sum, in f32 or i32,
    and of the elements of further operands: of row r of a vector of R (a bias, the
    scales of a quantised weight), of place (r, n) of a matrix (a residual), or of
    place (0, n) of a matrix of one channel (the scales of quantised tokens).

    On tensors the op is pure and, without a convolution and with tokens innermost,
    can be tiled along N (TilingInterface); on memrefs it reads its inputs and writes its destination.

    Constraints:

    * (spmm_c1) the packed operands have the sizes that the format gives, and
      `values` elements of the width that its version holds; `column_list` is of
      i32, or of i16 if C ≤ 65536.
    * (spmm_c2) X is C×N with the element type of `values`; Y is R×N of what
      products of that type are summed in, or of that type if it has 16 bits
      (dynamic N is allowed). With `convolution` the input is
      the image of X's patches, and Y may have more pixels than they do, whose
      values are undefined.
    * (spmm_c3) `row_index` has R entries.
    * (spmm_c4) operands and destination are all tensors or all memrefs; there is
      a result exactly when they are tensors, of the destination's type.
    * (spmm_c5) the epilogue takes the sum and an element of each of its operands,
      which have the R rows of Y, are of Y's shape, or are one channel of it; it
      computes without side effects or regions, and yields an element of Y, which
      then is a float, i8 or i32.
    * (spmm_c6) `token_major_input` and `convolution` exclude each other.
    * (spmm_c7) `slab_rows` and `slab_places` come together, with a `window` of the
      format; `slab_rows` has as many entries for each window, a multiple of 32, and is
      of i32, or of i16 if C < 65536; `slab_places` has an entry for each of
      `column_list`.

    Example:

    ```mlir
    %y = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
        ins(%values, %metadata, %list, %offsets, %x
            : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
        outs(%init : tensor<32x16xf32>) -> tensor<32x16xf32>
    %z = hinm.spmm as #hinm.packed<rows = 32, columns = 128, tile = 32, nm = 2:4>
        ins(%values, %metadata, %list, %offsets, %x
            : tensor<1024xf16>, tensor<64xi32>, tensor<64xi32>, tensor<2xi32>, tensor<128x16xf16>)
        outs(%half : tensor<32x16xf16>)
        epilogue(%bias : tensor<32xf32>) {
      ^bb0(%sum: f32, %b: f32):
        %s = arith.addf %sum, %b : f32
        %zero = arith.constant 0.0 : f32
        %r = arith.maximumf %s, %zero : f32
        %h = arith.truncf %r : f32 to f16
        hinm.yield %h : f16
    } -> tensor<32x16xf16>
    ```
  }];
  let arguments = (ins
    HiNM_Shaped1DOf<[HiNM_OperandElement]>:$values,
    HiNM_Shaped1DOf<[I32]>:$metadata,
    HiNM_Shaped1DOf<[HiNM_ListElement]>:$column_list,
    HiNM_Shaped1DOf<[I32]>:$tile_offsets,
    HiNM_Shaped2DOf<HiNM_OperandElement>:$input,
    Optional<HiNM_Shaped1DOf<[HiNM_ListElement]>>:$slab_rows,
    Optional<HiNM_Shaped1DOf<[I16]>>:$slab_places,
    Optional<HiNM_Shaped1DOf<[I32]>>:$row_index,
    Variadic<HiNM_EpilogueOperand>:$epilogue_inputs,
    HiNM_Shaped2DOf<HiNM_OutputElement>:$init,
    HiNM_PackedAttr:$format,
    OptionalAttr<StrAttr>:$layer,
    OptionalAttr<HiNM_ScheduleAttr>:$schedule,
    OptionalAttr<HiNM_ConvolutionAttr>:$convolution,
    UnitAttr:$token_major_input,
    UnitAttr:$token_major_output);
  let results = (outs Optional<2DTensorOf<[HiNM_OutputElement]>>:$result);
  let regions = (region MaxSizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    `as` qualified($format)
    `ins` `(` $values `,` $metadata `,` $column_list `,` $tile_offsets `,` $input
    `:` type($values) `,` type($metadata) `,` type($column_list) `,`
    type($tile_offsets) `,` type($input) `)`
    (`slabs` `(` $slab_rows^ `,` $slab_places `:` type($slab_rows) `,` type($slab_places) `)`)?
    (`row_index` `(` $row_index^ `:` type($row_index) `)`)?
    `outs` `(` $init `:` type($init) `)`
    (`epilogue` (`(` $epilogue_inputs^ `:` type($epilogue_inputs) `)`)?
     $epilogue^)?
    attr-dict (`->` type($result)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getInitMutable(); }
    /// The dimension of X, and of Y, along which the tokens are; the channels are
    /// along the other one.
    unsigned getInputTokenDim() { return getTokenMajorInput() ? 0 : 1; }
    unsigned getOutputTokenDim() { return getTokenMajorOutput() ? 0 : 1; }
    /// What the products are summed in.
    ::mlir::Type getSumType();
    /// Whether there is an epilogue.
    bool hasEpilogue() { return !getEpilogue().empty(); }
    /// A copy with other operands and results, of as many of each kind.
    SpmmOp cloneWith(::mlir::OpBuilder &builder, ::mlir::TypeRange types,
                     ::mlir::ValueRange operands);
    /// Copies the epilogue to \p builder's place, for \p arguments, the sum and
    /// the elements; returns what it yields.
    ::mlir::Value inlineEpilogue(::mlir::OpBuilder &builder,
                                 ::mlir::ValueRange arguments);
  }];
  let builders = [
    // Without an epilogue.
    OpBuilder<(ins "::mlir::Type":$resultType, "::mlir::Value":$values,
                   "::mlir::Value":$metadata, "::mlir::Value":$columnList,
                   "::mlir::Value":$tileOffsets, "::mlir::Value":$input,
                   "::mlir::Value":$rowIndex, "::mlir::Value":$init,
                   "::hinm::PackedAttr":$format, "::mlir::StringAttr":$layer,
                   "::hinm::ScheduleAttr":$schedule,
                   "::hinm::ConvolutionAttr":$convolution), [{
      build($_builder, $_state, resultType ? ::mlir::TypeRange(resultType) : ::mlir::TypeRange(),
            values, metadata, columnList, tileOffsets, input,
            /*slab_rows=*/::mlir::Value(), /*slab_places=*/::mlir::Value(), rowIndex,
            ::mlir::ValueRange(), init, format, layer, schedule, convolution,
            /*token_major_input=*/false, /*token_major_output=*/false);
    }]>];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// hinm.yield
//===----------------------------------------------------------------------===//

def HiNM_YieldOp : HiNM_Op<"yield", [
    Pure, Terminator, ReturnLike, HasParent<"SpmmOp">]> {
  let summary = "the element of Y that an epilogue makes";
  let description = [{
    Ends the epilogue of a `hinm.spmm`.

    Example:

    ```mlir
    hinm.yield %h : f16
    ```
  }];
  let arguments = (ins HiNM_OutputElement:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // HINM_DIALECT_HINM_IR_HINMOPS_TD
