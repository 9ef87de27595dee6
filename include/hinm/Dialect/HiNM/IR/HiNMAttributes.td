//===- HiNMAttributes.td - Attributes of the hinm dialect --*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMATTRIBUTES_TD
#define HINM_DIALECT_HINM_IR_HINMATTRIBUTES_TD

include "hinm/Dialect/HiNM/IR/HiNMDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class HiNM_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<HiNM_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

//===----------------------------------------------------------------------===//
// #hinm.pattern
//===----------------------------------------------------------------------===//

def HiNM_VectorPolicy : I32EnumAttr<"VectorPolicy",
    "how the kept columns of a tile are chosen", [
      I32EnumAttrCase<"PerTile", 0, "per_tile">,
      I32EnumAttrCase<"All", 1, "all">,
      I32EnumAttrCase<"PerBlock", 2, "per_block">,
      I32EnumAttrCase<"Global", 3, "global">]> {
  let cppNamespace = "::hinm";
  let genSpecializedAttr = 0;
}

def HiNM_PatternAttr : HiNM_Attr<"Pattern", "pattern"> {
  let summary = "what a weight may keep";
  let description = [{
    The sparsity pattern of one weight of R rows and C columns:

    | parameter | meaning |
    |---|---|
    | `tile` | V ≥ 1, rows of a tile; kernels exist for 32, 64, 128 and 256 |
    | `nm` | N:M inside the kept columns, 1 ≤ N ≤ M; kernels need 2:4, of tf32 1:2 |
    | `policy` | `per_tile` (HiNM: the same count of kept columns in each tile), `all` (plain N:M: every column), `per_block` (V:N:M: four columns of each block), `global` (TVW: one threshold over all tiles) |
    | `vector_sparsity` | share of the vectors that is dropped, in [0, 1] |
    | `kept` | instead of `vector_sparsity`: the count of kept columns of a tile |
    | `list_rows` | rows that share a set of kept columns, not its order; absent: a tile's |
    | `window` | a tile keeps the same share of every window of that many columns, and groups stay inside; absent: of all columns |

    The total sparsity is 1 − (1 − vector_sparsity) · N / M.

    Constraints:

    * (pattern_c1) `tile` ≥ 1.
    * (pattern_c2) 1 ≤ N ≤ M.
    * (pattern_c3) `vector_sparsity` is in [0, 1].
    * (pattern_c4) `kept`, when given, is ≥ 0 and a multiple of M.
    * (pattern_c5) with `policy = all` nothing is dropped: neither `kept` nor a
      `vector_sparsity` other than 0 is given.
    * (pattern_c6) `list_rows`, when given, is a positive multiple of `tile`, and
      the policy is `per_tile`.
    * (pattern_c7) `window`, when given, is a positive multiple of M, the policy
      is `per_tile`, and `kept` is not given.

    Example:

    ```mlir
    #hinm.pattern<tile = 64, nm = 2:4, vector_sparsity = 0.5>
    #hinm.pattern<tile = 32, nm = 2:4, kept = 192>
    #hinm.pattern<tile = 1, nm = 2:4, policy = all>
    #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 0.5, list_rows = 128, window = 64>
    ```
  }];
  let parameters = (ins
    "int64_t":$tile,
    "int64_t":$n,
    "int64_t":$m,
    DefaultValuedParameter<"::hinm::VectorPolicy", "::hinm::VectorPolicy::PerTile">:$policy,
    "::llvm::APFloat":$vectorSparsityValue,
    "std::optional<int64_t>":$kept,
    "std::optional<int64_t>":$listRows,
    "std::optional<int64_t>":$window);
  let builders = [
    AttrBuilder<(ins "int64_t":$tile, "int64_t":$n, "int64_t":$m,
      "::hinm::VectorPolicy":$policy, "double":$vectorSparsity,
      CArg<"std::optional<int64_t>", "std::nullopt">:$kept,
      CArg<"std::optional<int64_t>", "std::nullopt">:$listRows,
      CArg<"std::optional<int64_t>", "std::nullopt">:$window), [{
        return $_get($_ctxt, tile, n, m, policy, ::llvm::APFloat(vectorSparsity),
                     kept, listRows, window);
      }]>];
  let extraClassDeclaration = [{
    /// Share of the vectors that is dropped; 0 when `kept` is given.
    double getVectorSparsity() const {
      return getVectorSparsityValue().convertToDouble();
    }
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// #hinm.permutation
//===----------------------------------------------------------------------===//

def HiNM_PermutationAttr : HiNM_Attr<"Permutation", "permutation"> {
  let summary = "an order of the channels of one dimension";
  let description = [{
    A bijection p of {0 … n−1} in the gather convention: `permute(x, p)[i] =
    x[p[i]]`. Written as a dense constant or, when long, as a resource blob
    (`dense_resource`), which the printer can elide.

    Constraints:

    * (permutation_c1) `indices` is a one-dimensional constant of i32.
    * (permutation_c2) every index of {0 … n−1} stands in it once. (For a blob
      this is checked by the verifier of the op that carries the attribute:
      when an attribute is parsed, the blobs of the file are not yet read.)

    Example:

    ```mlir
    #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>>
    #hinm.permutation<dense_resource<ffn_up_rows> : tensor<1536xi32>>
    ```
  }];
  let parameters = (ins "::mlir::ElementsAttr":$indices);
  let assemblyFormat = "`<` $indices `>`";
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<int32_t>":$indices)>];
  let extraClassDeclaration = [{
    /// n, the number of channels.
    int64_t size() const;
    /// The indices; empty optional when they are an unresolved resource blob.
    std::optional<::llvm::SmallVector<int32_t>> getValues() const;
    /// Whether p[i] = i for all i. False for an unresolved blob.
    bool isIdentity() const;
    /// p⁻¹. Null for an unresolved blob.
    PermutationAttr getInverse() const;
    /// p∘q, so that permute(permute(x, p), q) = permute(x, p.compose(q)).
    PermutationAttr compose(PermutationAttr q) const;
    /// Checks (permutation_c2), also for a resolved blob.
    ::llvm::LogicalResult verifyBijection(
        ::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError) const;
  }];
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// #hinm.column_index
//===----------------------------------------------------------------------===//

def HiNM_ColumnIndexAttr : HiNM_Attr<"ColumnIndex", "column_index"> {
  let summary = "the ordered kept columns of every tile";
  let description = [{
    For each of T tiles the ordered list of kept columns: `columns` holds the
    lists one after the other, `offsets[t] … offsets[t+1]` is the list of tile t.
    Every M consecutive entries of a list are a group. A column may stand in a
    list more than once (a dense group of FlexHiNM).

    Constraints:

    * (column_index_c1) `columns` and `offsets` are one-dimensional constants of
      i32; `offsets` is a dense constant of at least one element.
    * (column_index_c2) `offsets` starts at 0, does not fall, and ends at the
      number of columns listed.

    Example:

    ```mlir
    #hinm.column_index<columns = dense<[0, 3, 1, 6, 2, 4, 5, 7]> : tensor<8xi32>,
                       offsets = dense<[0, 4, 8]> : tensor<3xi32>>
    ```
  }];
  let parameters = (ins "::mlir::ElementsAttr":$columns,
                        "::mlir::ElementsAttr":$offsets);
  let assemblyFormat = "`<` struct($columns, $offsets) `>`";
  let builders = [
    AttrBuilder<(ins "::llvm::ArrayRef<int32_t>":$columns,
                     "::llvm::ArrayRef<int32_t>":$offsets)>];
  let extraClassDeclaration = [{
    /// T, the number of tiles.
    int64_t getNumTiles() const;
    /// All lists, one after the other; empty optional for an unresolved blob.
    std::optional<::llvm::SmallVector<int32_t>> getColumnValues() const;
    /// T+1 offsets into the lists; empty optional for an unresolved blob.
    std::optional<::llvm::SmallVector<int32_t>> getOffsetValues() const;
  }];
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// #hinm.packed
//===----------------------------------------------------------------------===//

def HiNM_PackedAttr : HiNM_Attr<"Packed", "packed"> {
  let summary = "the packed format of a weight";
  let description = [{
    Describes the four packed operands of a weight of `rows` × `columns` (see
    `docs/format.md` for the byte layout), which holds N:M groups in the fragment
    order of `mma.sp`:

    | `version` | elements | N:M | k-block | instruction |
    |---|---|---|---|---|
    | 1 | of 16 bits | 2:4 | 64 columns | m16n8k32 |
    | 2 | of 8 bits | 2:4 | 64 columns | m16n8k64 |
    | 3 | tf32, as f32 whose 13 low bits are zero | 1:2 | 32 columns | m16n8k16 |

    Constraints:

    * (packed_c1) `rows`, `columns` ≥ 0 and `tile` ≥ 1.
    * (packed_c2) N:M is 2:4, in version 3 it is 1:2.
    * (packed_c3) `version` is 1, 2 or 3.
    * (packed_c4) `window`, when given, is ≥ 1 and divides `columns`.

    With a `window` of W columns all tiles list equally many columns, of each
    window the same multiple of a k-block, so that b k-blocks of every tile lie in a
    window: the k-blocks b · w … b · (w + 1) − 1 of a tile list only columns of
    W · w … W · (w + 1) − 1. A kernel can then share the rows of X between tiles
    (`kernel = slab`).

    Example:

    ```mlir
    #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4>
    #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, version = 2>
    #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 1:2, version = 3>
    #hinm.packed<rows = 1536, columns = 384, tile = 64, nm = 2:4, window = 128>
    ```
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, "int64_t":$tile,
                        "int64_t":$n, "int64_t":$m, "int64_t":$version,
                        "std::optional<int64_t>":$window);
  let builders = [
    AttrBuilder<(ins "int64_t":$rows, "int64_t":$columns, "int64_t":$tile,
                     "::mlir::Type":$element,
                     CArg<"std::optional<int64_t>", "std::nullopt">:$window)>];
  let extraClassDeclaration = [{
    /// The version that holds elements of type \p element; of f32 they are tf32.
    static const ::hinm::core::PackedVersion &getVersionOf(::mlir::Type element);
    /// What the version fixes.
    const ::hinm::core::PackedVersion &getVersionInfo() const;
    /// T = ⌈rows / tile⌉.
    int64_t getNumTiles() const { return (getRows() + getTile() - 1) / getTile(); }
    /// S = ⌈tile / 16⌉, the m16 slabs of a tile.
    int64_t getNumSlabs() const { return (getTile() + 15) / 16; }
    /// How many windows the columns have; 0 without `window`.
    int64_t getNumWindows() const { return getWindow() ? getColumns() / *getWindow() : 0; }
    /// Columns of a k-block.
    int64_t getBlockColumns() const { return getVersionInfo().blockColumns; }
    /// Kept columns of all tiles, each tile's list padded to a multiple of a
    /// k-block.
    int64_t getNumListed(::hinm::ColumnIndexAttr index) const;
    /// Elements of `values` for a given total of padded kept columns.
    int64_t getNumValues(int64_t listed) const;
    /// Words of `metadata` for a given total of padded kept columns.
    int64_t getNumMetadata(int64_t listed) const;
  }];
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// #hinm.convolution
//===----------------------------------------------------------------------===//

def HiNM_ConvolutionAttr : HiNM_Attr<"Convolution", "convolution"> {
  let summary = "the windows that a convolution takes of an image";
  let description = [{
    `image` is the batch and the size of the (padded) image, `kernel` the size of a
    window; windows begin `strides` apart, and their elements are `dilations`
    apart. All sizes are outermost first; there are as many of each as the image
    has dimensions.

    An image is a matrix of C channels by B · H · W pixels; its patches are a
    matrix of C · kh · kw rows, channel by channel, by B · Ho · Wo pixels, with
    Ho = ⌊(H − (kh − 1) · dilation − 1) / stride⌋ + 1.

    Constraints:

    * (convolution_c1) `image` has one size more than `kernel`, `strides` and
      `dilations`, which have one at least, and the same number.
    * (convolution_c2) all of them are ≥ 1.
    * (convolution_c3) a window fits in the image.

    Example:

    ```mlir
    #hinm.convolution<image = [1, 34, 34], kernel = [3, 3], strides = [1, 1], dilations = [1, 1]>
    ```
  }];
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$image,
    ArrayRefParameter<"int64_t">:$kernel,
    ArrayRefParameter<"int64_t">:$strides,
    ArrayRefParameter<"int64_t">:$dilations);
  let assemblyFormat = [{
    `<` `image` `=` `[` $image `]` `,` `kernel` `=` `[` $kernel `]` `,`
    `strides` `=` `[` $strides `]` `,` `dilations` `=` `[` $dilations `]` `>`
  }];
  let extraClassDeclaration = [{
    /// Spatial dimensions.
    int64_t getRank() const { return getKernel().size(); }
    /// B · H · W.
    int64_t getNumImagePixels() const;
    /// kh · kw.
    int64_t getWindowSize() const;
    /// Ho, Wo.
    ::llvm::SmallVector<int64_t> getOutputSizes() const;
    /// B · Ho · Wo.
    int64_t getNumOutputPixels() const;
  }];
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// #hinm.schedule
//===----------------------------------------------------------------------===//

def HiNM_KernelKind : I32EnumAttr<"KernelKind",
    "how a kernel feeds the tensor cores", [
      I32EnumAttrCase<"Multistage", 0, "multistage">,
      I32EnumAttrCase<"Resident", 1, "resident">,
      I32EnumAttrCase<"WarpSpecialized", 2, "warp_specialized">,
      I32EnumAttrCase<"Slab", 3, "slab">]> {
  let cppNamespace = "::hinm";
  let genSpecializedAttr = 0;
}

def HiNM_WeightCaching : I32EnumAttr<"WeightCaching",
    "what a kernel's loads of weights tell the caches", [
      I32EnumAttrCase<"Cached", 0, "cached">,
      I32EnumAttrCase<"Streamed", 1, "streamed">]> {
  let cppNamespace = "::hinm";
  let genSpecializedAttr = 0;
}

def HiNM_ResultStores : I32EnumAttr<"ResultStores",
    "how a kernel's results get to memory", [
      I32EnumAttrCase<"Direct", 0, "direct">,
      I32EnumAttrCase<"Bulk", 1, "bulk">]> {
  let cppNamespace = "::hinm";
  let genSpecializedAttr = 0;
}

def HiNM_ScheduleAttr : HiNM_Attr<"Schedule", "schedule"> {
  let summary = "how a kernel divides its work";
  let description = [{
    The parameters of a generated kernel: a thread block computes `tile_m` rows
    by `tile_n` columns of Y, `tile_k` kept columns a step, with `stages` steps of
    gathered X in flight in shared memory, by `warps_m` × `warps_n` warps.

    `kernel` says how X comes to the tensor cores: in a ring of stages that every
    warp fills and reads (`multistage`), whole in shared memory (`resident`, for few
    tokens), in a ring that four warps more than those fill (`warp_specialized`, for
    the `wgmma.sp` of sm_90a), or in a ring of slabs, the rows of a
    window that several tiles of the weight list (`slab`, for a format with a
    `window`).
    `prefetch` steps of weights are loaded into registers before they are multiplied.
    With `split_k` > 1 as many thread blocks share the kept columns of a tile; the
    last of them adds up the sums of all, always in the same order. With `cluster` > 1
    as many thread blocks with the same rows and neighbouring tokens read the weights
    together. Thread blocks that go on to further tiles of Y, as many tiles at a time
    as there are of them, share the k-blocks of the last `stream_k` such waves evenly,
    of which the last one need not be full; the sums of a tile are added up as with
    `split_k`.
    `weights` says whether what is loaded of the weight stays in the caches like
    anything else (`cached`), or is the first to go (`streamed`, for when one block
    has all the tokens, and nobody reads it again). `stores` says whether every
    thread stores what it has of Y (`direct`), or whole rows of the tile go through
    shared memory and leave by bulk copies (`bulk`, of `warp_specialized` alone).

    Constraints:

    * (schedule_c1) every parameter is ≥ 1, but `prefetch` and `stream_k` may be 0.
    * (schedule_c2) `tile_m` is a multiple of 16 · `warps_m`.
    * (schedule_c3) `tile_n` is a multiple of 8 · `warps_n`.
    * (schedule_c4) `tile_k` is a multiple of 32; kernels need the k-block of the
      format, which is 64, of tf32 32.
    * (schedule_c5) at most 32 warps.
    * (schedule_c6) `tile_m`, `tile_n` and `tile_k` are at most 1024, `stages` at
      most 64, `prefetch` at most 16, `split_k` at most 65535, which is the
      largest grid along z, `cluster` at most 8, which every chip with clusters
      has, `stream_k` at most 65535.

    Example:

    ```mlir
    #hinm.schedule<tile_m = 64, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2>
    #hinm.schedule<tile_m = 128, tile_n = 8, tile_k = 64, stages = 4, warps_m = 4, warps_n = 1,
                   prefetch = 2, split_k = 4, weights = streamed>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"::hinm::KernelKind", "::hinm::KernelKind::Multistage">:$kernel,
    "int64_t":$tile_m, "int64_t":$tile_n, "int64_t":$tile_k,
    "int64_t":$stages, "int64_t":$warps_m, "int64_t":$warps_n,
    DefaultValuedParameter<"int64_t", "0">:$prefetch,
    DefaultValuedParameter<"int64_t", "1">:$split_k,
    DefaultValuedParameter<"int64_t", "1">:$cluster,
    DefaultValuedParameter<"int64_t", "0">:$stream_k,
    DefaultValuedParameter<"::hinm::WeightCaching", "::hinm::WeightCaching::Cached">:$weights,
    DefaultValuedParameter<"::hinm::ResultStores", "::hinm::ResultStores::Direct">:$stores);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// How many tiles of \p tile rows a thread block has rows of.
    int64_t getNumTiles(int64_t tile) const {
      return getTileM() > tile ? getTileM() / tile : 1;
    }
    /// The parameters that only some schedules give, as names have them: p2z4, or
    /// c2sk1.
    std::string getSuffix() const;
    /// Whether several thread blocks may compute a tile of Y, which takes
    /// memory for their sums.
    bool sharesTiles() const { return getSplitK() > 1 || getStreamK() > 0; }
    /// Rows of X that a thread block holds, of a weight with \p columns columns
    /// and with slabs of \p places.
    int64_t getNumHeldRows(int64_t columns, int64_t places) const;
  }];
}

//===----------------------------------------------------------------------===//
// #hinm.emulator
//===----------------------------------------------------------------------===//

def HiNM_EmulatorAttr : HiNM_Attr<"Emulator", "emulator"> {
  let summary = "a GPU target whose device is the CPU";
  let description = [{
    The target attribute of a `gpu.module` that is compiled for the emulator: the
    same NVVM kernel that would go to PTX becomes a host object, whose warp
    collectives, asynchronous copies and shared memory are checked as they run
    (`docs/emulator.md`). `O` is the optimisation level.

    Constraints:

    * (emulator_c1) `O` is 0 to 3.

    Example:

    ```mlir
    gpu.module @kernels [#hinm.emulator] { }
    ```
  }];
  let parameters = (ins DefaultValuedParameter<"int", "2">:$O);
  let assemblyFormat = "(`<` struct($O)^ `>`)?";
  let genVerifyDecl = 1;
}

#endif // HINM_DIALECT_HINM_IR_HINMATTRIBUTES_TD
