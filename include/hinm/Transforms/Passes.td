//===- Passes.td - Passes of hinm (Transforms) -------------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_TRANSFORMS_PASSES_TD
#define HINM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// hinm-raise-concatenations
//===----------------------------------------------------------------------===//

def RaiseConcatenations : Pass<"hinm-raise-concatenations"> {
  let summary = "generics that join tensors become tensor.concat";
  let description = [{
    StableHLO's legalisation writes a concatenation as a `linalg.generic` that asks
    of each element in which operand it is. Nothing is known of the order of its
    channels then; of `tensor.concat` all is.

    ```mlir
    %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<4x8xf32>) {
    ^bb0(%out: f32):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %first = arith.cmpi ult, %j, %c5 : index
      %v = scf.if %first -> (f32) {
        %p = tensor.extract %a[%i, %j] : tensor<4x5xf32>
        scf.yield %p : f32
      } else {
        %k = arith.subi %j, %c5 : index
        %q = tensor.extract %b[%i, %k] : tensor<4x3xf32>
        scf.yield %q : f32
      }
      linalg.yield %v : f32
    } -> tensor<4x8xf32>
    ```
    becomes
    ```mlir
    %y = tensor.concat dim(1) %a, %b : (tensor<4x5xf32>, tensor<4x3xf32>) -> tensor<4x8xf32>
    ```

    A body that does anything else, and a dimension of dynamic size, are left.
    Run it before `hinm-import-layers`.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-import-layers
//===----------------------------------------------------------------------===//

def ImportLayers : Pass<"hinm-import-layers", "::mlir::ModuleOp"> {
  let summary = "linear layers with constant weights become hinm.matmul";
  let description = [{
    Replaces every contraction of activations with a constant weight by
    `hinm.matmul` in weight-stationary form: the weight becomes a constant
    [out, in], the activations a matrix of input channels × tokens, and reshapes
    and transposes around the product give back the original shapes, so that each
    rewrite is right by itself. `hinm-propagate-transposes` removes them between
    layers.

    A layer is recognised by the maps and the body of a structured operation
    (named, `linalg.contract` or `linalg.generic`; TOSA and StableHLO once
    legalised to linalg), never by its name. The weight may stand on either side,
    be stored [in, out] or [out, in], be shared, and come through transposes,
    broadcasts over a batch, reshapes, slices and casts of a constant. What the
    product was added to is added afterwards, unless it is zero.

    ```mlir
    %t = linalg.transpose ins(%w : tensor<16x8xf32>) outs(%e : tensor<8x16xf32>) permutation = [1, 0]
    %z = linalg.fill ins(%zero : f32) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
    %y = linalg.matmul ins(%x, %t : tensor<4x8xf32>, tensor<8x16xf32>) outs(%z : tensor<4x16xf32>) -> tensor<4x16xf32>
    ```
    becomes
    ```mlir
    %xt = linalg.transpose ins(%x : tensor<4x8xf32>) outs(%0 : tensor<8x4xf32>) permutation = [1, 0]
    %p = hinm.matmul ins(%w, %xt : tensor<16x8xf32>, tensor<8x4xf32>) outs(%1 : tensor<16x4xf32>) {layer = "fc"} -> tensor<16x4xf32>
    %y = linalg.transpose ins(%p : tensor<16x4xf32>) outs(%2 : tensor<4x16xf32>) permutation = [1, 0]
    ```

    **Convolutions** of one, two or three dimensions, in any layout, with strides
    and dilations, on images of static size: the image becomes a matrix of channels
    × pixels, and the layer a product of the weight [out, in · kh · kw] with its
    `hinm.patches`, which exist only as a description (a window of one pixel needs
    none). Depthwise convolutions stay: a channel with a filter of its own has
    nothing to prune.

    **Several weights.** Where each index of a batch has its own weight (experts;
    the groups of a convolution) every one becomes a layer, on its slice of the
    input; up to 512 of them.

    `layer` is the resource name of the weight (or the name under which it was
    bound), else `<function>.layer<k>`; a second layer of that name gets `.2`.

    **Data from a file.** A weight that was printed without its data, and one that
    is an argument of the function, is looked up by name in the safetensors file
    `weights`. Its shape there has to be the module's, and its type (F64, F32, F16,
    BF16) exactly representable in the module's. The name of a constant is, in this
    order: its attribute `hinm.name`, its resource name, the name in its location;
    of an argument: what `bind` says, its attribute `hinm.name`, `torch.name` or
    `iree.abi.name`, the name in its location, else `arg<k>`. Other constants
    without data that the file has, biases for example, get theirs too. The
    signature of a function does not change: a bound argument is left unread.

    **What is refused, what is left.** An elided weight that no file provides is an
    error, and the module stays as it was. Products of two activations are left
    alone. Other contractions and convolutions with a constant operand (integers,
    images of dynamic size), and layers whose weight is an argument that is not
    bound, are left as they are with a remark and an attribute `hinm.skipped` that
    says why.
  }];
  let options = [
    Option<"weights", "weights", "std::string", /*default=*/"\"\"",
           "safetensors file with the weights that the module lacks">,
    ListOption<"bind", "bind", "std::string",
               "function:argument:name, to look up an argument (counted from 0) "
               "of a function under a name">];
  let dependentDialects = ["::hinm::HiNMDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-assign-patterns
//===----------------------------------------------------------------------===//

def AssignPatterns : Pass<"hinm-assign-patterns", "::mlir::ModuleOp"> {
  let summary = "chooses the layers to prune and gives them a pattern";
  let description = [{
    Puts a `#hinm.pattern` on each chosen `hinm.matmul`. A total sparsity s with
    N:M needs a share 1 − (1 − s) · M / N of the vectors to be dropped, so that s
    lies between 1 − N/M and 1 (`policy=all` drops no vectors: s has to be
    1 − N/M).

    A layer is chosen when its name matches `layers` as a whole, does not match
    `skip`, and it has at least `min-rows` output and `min-columns` input
    channels. Layers that are not chosen stay dense, with a remark and an attribute
    `hinm.skipped` that says why. A pattern that is there already is kept.

    ```mlir
    %y = hinm.matmul ins(%w, %x : tensor<64x32xf32>, tensor<32x16xf32>) outs(%e : tensor<64x16xf32>) {layer = "fc"} -> tensor<64x16xf32>
    ```
    becomes
    ```mlir
    %y = hinm.matmul ins(%w, %x : tensor<64x32xf32>, tensor<32x16xf32>) outs(%e : tensor<64x16xf32>)
        {layer = "fc", pattern = #hinm.pattern<tile = 32, nm = 2:4, vector_sparsity = 5.000000e-01>} -> tensor<64x16xf32>
    ```
  }];
  let options = [
    Option<"sparsity", "sparsity", "double", /*default=*/"0.75",
           "share of the weights that become zero, vectors and N:M together">,
    Option<"vectorSize", "vector-size", "int64_t", /*default=*/"32",
           "V, the rows of a tile (kernels: 32, 64, 128, 256)">,
    Option<"nm", "nm", "std::string", /*default=*/"\"2:4\"",
           "N:M inside the kept columns (kernels: 2:4, of tf32 1:2)">,
    Option<"policy", "policy", "std::string", /*default=*/"\"per_tile\"",
           "how vectors are dropped: per_tile, per_block, global or all (none)">,
    Option<"listRows", "list-rows", "int64_t", /*default=*/"0",
           "rows that share a set of kept columns, a multiple of V; 0: V">,
    Option<"window", "window", "int64_t", /*default=*/"0",
           "columns that groups stay within, and of which each tile keeps the "
           "same share; 0: all">,
    Option<"layers", "layers", "std::string", /*default=*/"\".*\"",
           "regular expression of the names of the layers to prune">,
    Option<"skip", "skip", "std::string", /*default=*/"\"\"",
           "regular expression of names of layers to leave dense">,
    Option<"minRows", "min-rows", "int64_t", /*default=*/"1",
           "fewest output channels of a layer to prune">,
    Option<"minColumns", "min-columns", "int64_t", /*default=*/"1",
           "fewest input channels of a layer to prune (at least M)">];
  let dependentDialects = ["::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-propagate-transposes
//===----------------------------------------------------------------------===//

def PropagateTransposes : Pass<"hinm-propagate-transposes", "::mlir::ModuleOp"> {
  let summary = "makes activations feature-major between layers";
  let description = [{
    Moves the transposes and reshapes that `hinm-import-layers` put around each
    layer down through elementwise operations, until they meet their inverses: in
    a chain of layers, biases, activations and residual additions only the edges
    of the function are transposed. Run it after `hinm-import-layers`.

    Elementwise operations are first brought to one form: arithmetic on tensors
    and named operations become `linalg.generic`, and a broadcast becomes an
    indexing map of its reader. A reshape then moves by collapsing the loops of a
    generic, a transpose by renaming them. A generic whose result is only read
    transposed writes it so. What cannot be sunk any further is taken in by the
    indexing map of a reader, if that is a generic.

    ```mlir
    %t = linalg.transpose ins(%y0 : tensor<16x4xf32>) outs(%e0 : tensor<4x16xf32>) permutation = [1, 0]
    %b = linalg.generic {indexing_maps = [(d0, d1) -> (d0, d1), (d0, d1) -> (d1), (d0, d1) -> (d0, d1)], …}
        ins(%t, %bias : tensor<4x16xf32>, tensor<16xf32>) …
    %x1 = linalg.transpose ins(%b : tensor<4x16xf32>) outs(%e1 : tensor<16x4xf32>) permutation = [1, 0]
    ```
    becomes
    ```mlir
    %x1 = linalg.generic {indexing_maps = [(d0, d1) -> (d0, d1), (d0, d1) -> (d0), (d0, d1) -> (d0, d1)], …}
        ins(%y0, %bias : tensor<16x4xf32>, tensor<16xf32>) …
    ```

    A function without layers is not touched, and one that would execute more
    transposes afterwards stays as it was. A remark says how many there were and
    how many are left.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-attach-saliency
//===----------------------------------------------------------------------===//

def AttachSaliency : Pass<"hinm-attach-saliency", "::mlir::ModuleOp"> {
  let summary = "says what the weights are worth, from calibration statistics";
  let description = [{
    Gives each `hinm.matmul` with a constant weight the `saliency` that follows
    from the tensor of its name in the safetensors file `statistics`:

    | `kind` | tensor | saliency |
    |---|---|---|
    | `wanda` | [C], norms ‖x‖ of the input channels | abs(w) · ‖x‖ (arXiv 2306.11695) |
    | `fisher` | [R, C] or [C], mean squared gradients | w² · F / 2 (optimal brain damage) |
    | `obs` | [R, C] or [C], diagonal of the inverse Fisher or Hessian | w² / (2 · [F⁻¹]ᵢᵢ) (optimal brain surgeon) |
    | `given` | [R, C] | the tensor |

    `hinm-gyro-permute` and `hinm-prune` go by it, and it follows the weight
    through every permutation. A layer without a tensor keeps |w|, and a remark
    says so. Run it before `hinm-gyro-permute`; a layer that has a saliency
    already keeps it.

    ```mlir
    %y = hinm.matmul ins(%w, %x : ...) outs(%i : ...) {layer = "fc"} -> tensor<64x16xf32>
    ```
    becomes
    ```mlir
    %s = arith.constant dense_resource<fc.saliency> : tensor<64x32xf32>
    %y = hinm.matmul ins(%w, %x : ...) outs(%i : ...) saliency(%s : tensor<64x32xf32>) {layer = "fc"} -> tensor<64x16xf32>
    ```

    A file that cannot be read or names no layer at all, a tensor of another
    shape or of no float type, and statistics that are negative or not finite are
    errors, and the module stays as it was.
  }];
  let options = [
    Option<"kind", "kind", "std::string", /*default=*/"\"wanda\"",
           "wanda, fisher, obs or given">,
    Option<"statistics", "statistics", "std::string", /*default=*/"\"\"",
           "safetensors file with a tensor for each layer, by its name">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-gyro-permute
//===----------------------------------------------------------------------===//

def GyroPermute : Pass<"hinm-gyro-permute", "::mlir::ModuleOp"> {
  let summary = "searches the channel orders that keep the most saliency";
  let description = [{
    For every `hinm.matmul` with a pattern and a constant weight, searches the
    order of the rows (output-channel permutation), the kept columns of each tile
    and their order (input-channel permutation). `algorithm=exchange` judges
    rows and columns by what the whole pattern loses (docs/search.md);
    `algorithm=gyro` is gyro-permutation as published (arXiv 2407.20496). The
    rows of the weight are put in the order found, and a `hinm.permute` brings
    the result back, so that the module computes what it did. The columns become
    the layer's `columns`.

    With `orders=class` (and `algorithm=exchange`) the rows that are in one free
    class of channels (docs/channel-orders.md) take one order, by the saliency of
    all their weights: of several layers, of all heads of a layer, of both halves
    of a gated unit, or of whole heads where a tile holds several. That order
    vanishes at compile time. A layer whose rows are not all in such classes, or
    are in classes that decide nothing about its tiles, is searched by itself, as
    all are with `orders=layer`; its kernel stores its rows by an index.

    Run `hinm-assign-patterns` before, and `hinm-propagate-permutations` and
    `hinm-fold-permutations` after it.

    ```mlir
    %y = hinm.matmul ins(%w, %x : ...) outs(%i : ...) {pattern = #p} -> tensor<64x16xf32>
    ```
    becomes, with p⁻¹ the inverse of the order of W's rows,
    ```mlir
    %z = hinm.matmul ins(%pw, %x : ...) outs(%i : ...) {pattern = #p, columns = #c} -> tensor<64x16xf32>
    %y = hinm.permute %z by #hinm.permutation<...> dim 0 : tensor<64x16xf32>
    ```

    A layer with a pattern whose weight is no constant, or holds NaN or infinite
    entries, or that the pattern does not fit, is an error, and the module stays
    as it was. The result depends on the seed, not on the number of threads.
  }];
  let options = [
    Option<"algorithm", "algorithm", "std::string", /*default=*/"\"exchange\"",
           "exchange; gyro: as published; none: the natural order">,
    Option<"orders", "orders", "std::string", /*default=*/"\"class\"",
           "class: one for the layers whose rows are the same channels; layer: "
           "one for each">,
    Option<"saliency", "saliency", "std::string", /*default=*/"\"magnitude\"",
           "what is retained: magnitude, |w|, or squared, w², which prefer the "
           "same weights of a group; a layer's own saliency goes before">,
    Option<"seed", "seed", "uint64_t", /*default=*/"0",
           "seed of the random draws">,
    Option<"timeBudget", "time-budget", "double",
           /*default=*/"std::numeric_limits<double>::infinity()",
           "seconds for each layer after which no new round starts; inf: until "
           "it converges">,
    Option<"ocp", "ocp", "bool", /*default=*/"true",
           "search the order of the rows">,
    Option<"icp", "icp", "bool", /*default=*/"true",
           "search the order of each tile's kept columns">,
    Option<"threads", "threads", "unsigned", /*default=*/"0",
           "threads of the search; 0: all cores">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-propagate-permutations
//===----------------------------------------------------------------------===//

def PropagatePermutations : Pass<"hinm-propagate-permutations", "::mlir::ModuleOp"> {
  let summary = "moves permutes to the layers that can take them in";
  let description = [{
    A `hinm.permute` moves, up or down, through all that computes the same in any
    order of the dimension: a whole channel-order class (docs/channel-orders.md)
    is put in another order at once, if that saves permutations. Forks, joins,
    residual streams, loops and calls of private functions are all one class. At
    the edges of the class permutes are made, composed or cancelled; constants
    inside it (biases, norms, embedding tables) are reordered.

    What a permute costs is the bytes that it moves; next to a layer with a
    constant weight it is free, before it (the column index takes it in) still
    more so than behind it (a row index). A class that something pins is only
    reordered if the permutes at the pins are smaller than those that go away, so
    that no more bytes are permuted than before. Each round is linear in the
    size of the module, and each reorders what no earlier one could.

    ```mlir
    %p = hinm.permute %y by #q dim 0 : tensor<64x16xf32>
    %r = linalg.generic ... ins(%p, %bias : ...) ...
    %z = hinm.matmul ins(%w, %r : ...) ...
    ```
    becomes
    ```mlir
    %r = linalg.generic ... ins(%y, %permuted_bias : ...) ...
    %p = hinm.permute %r by #q dim 0 : tensor<64x16xf32>
    %z = hinm.matmul ins(%w, %p : ...) ...
    ```

    A remark says for each class what it cost before and after, and for each
    permute that stays which operation is in the way.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-print-channel-orders
//===----------------------------------------------------------------------===//

def PrintChannelOrders : Pass<"hinm-print-channel-orders", "::mlir::ModuleOp"> {
  let summary = "prints which dimensions share a channel order, and what pins them";
  let description = [{
    Writes the channel-order classes of the module to the standard error stream:
    the layers that can give the order, those that can take it, and every
    operation that keeps it from changing, with the reason. The module stays as
    it is.

    ```
    class 3: 96 units, 2 values, 1 constants, free
      produced by 'hinm.matmul' "up" result 0 dim 0
      consumed by 'hinm.matmul' "down" operand 1 dim 0
    ```
  }];
  let options = [
    Option<"format", "format", "std::string", /*default=*/"\"text\"",
           "text, or dot for Graphviz">,
    Option<"all", "all", "bool", /*default=*/"false",
           "also the classes that no layer gives or takes (text only)">];
}

//===----------------------------------------------------------------------===//
// hinm-fold-permutations
//===----------------------------------------------------------------------===//

def FoldPermutations : Pass<"hinm-fold-permutations", "::mlir::ModuleOp"> {
  let summary = "folds permutes into constants, column indices and row indices";
  let description = [{
    A `hinm.permute` of a constant becomes a constant; on the input of a
    `hinm.matmul` it reorders the columns of the weight and relabels the kept
    columns; on the result of a `hinm.matmul` it becomes the `row_index` by which
    the kernel stores its rows. None of these costs anything at run time. What is
    left stays as it is, with a remark that names the operations around it. The
    module attribute `hinm.permutations_folded` counts.

    ```mlir
    %z = hinm.matmul ins(%w, %x : ...) outs(%i : ...) -> tensor<3x8xf32>
    %y = hinm.permute %z by #hinm.permutation<dense<[2, 0, 1]> : tensor<3xi32>> dim 0 : tensor<3x8xf32>
    ```
    becomes
    ```mlir
    %y = hinm.matmul ins(%w, %x : ...) outs(%i : ...)
         {row_index = #hinm.permutation<dense<[1, 2, 0]> : tensor<3xi32>>} -> tensor<3x8xf32>
    ```
  }];
  let options = [
    Option<"requireNoPermutes", "require-no-permutes", "bool", /*default=*/"false",
           "a permute that is left is an error">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-prune
//===----------------------------------------------------------------------===//

def Prune : Pass<"hinm-prune", "::mlir::ModuleOp"> {
  let summary = "zeroes the weights that the patterns do not keep";
  let description = [{
    The constant weight of every `hinm.matmul` with a pattern is replaced by the
    `hinm.prune` of it, folded: vectors outside the layer's `columns` are zeroed,
    and all but the N of most saliency of every group of M. Without `columns` the
    pattern's policy chooses them, in their natural order, and they are written
    to the layer. From here on the module computes something else: its weights
    are approximated. Pruning twice changes nothing.

    A layer whose weight is no constant or not finite, or that the pattern does
    not fit, is an error, and the module stays as it was.

    ```mlir
    %w = arith.constant dense<[[1.0, 4.0, 3.0, 2.0]]> : tensor<1x4xf32>
    ```
    becomes, for a layer with nm = 2:4,
    ```mlir
    %w = arith.constant dense<[[0.0, 4.0, 3.0, 0.0]]> : tensor<1x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-quantize
//===----------------------------------------------------------------------===//

def Quantize : Pass<"hinm-quantize", "::mlir::ModuleOp"> {
  let summary = "gives layers weights and activations of 8 bits, with scales";
  let description = [{
    The constant weight of every `hinm.matmul` with a pattern is rounded to
    `element-type`, each row multiplied so that its largest number becomes the
    largest of the type (127, 448 or 57344); its input is rounded likewise, token by
    token, at run time, and the product, in i32 or f32, is multiplied with the
    scales of its row and its token. `hinm-pack` then packs the layer in 8 bits, and
    `hinm-fuse-epilogues` makes the last step the kernel's.

    Run it between `hinm-prune` and `hinm-pack`: search and pruning judge the
    weight as it was, and what has been pruned stays zero. The remark
    `layer-quantized` says how far the weight is from what it was, ‖W − W'‖ / ‖W‖.

    The input of a convolution is an image, of which a pixel is in several patches:
    it gets one scale, as with `activation-scales=tensor`. A layer that holds 8 bits
    already is left. One whose weight is no constant or not finite is an error, and
    the module stays as it was.

    ```mlir
    %w = arith.constant dense<[[127.0, 0.0], [0.0, -2.0]]> : tensor<2x2xf32>
    %y = hinm.matmul ins(%w, %x : tensor<2x2xf32>, tensor<2x16xf32>)
         outs(%i : tensor<2x16xf32>) {pattern = #p, columns = #c} -> tensor<2x16xf32>
    ```
    becomes
    ```mlir
    %rows = arith.constant dense<[1.0, 0.015748]> : tensor<2xf32>
    %v = arith.constant dense<[[127, 0], [0, -127]]> : tensor<2x2xi8>
    %largest = linalg.generic ... ins(%x : tensor<2x16xf32>)  // max |x| of a token
    %tokens = linalg.generic ... ins(%largest : tensor<16xf32>)  // / 127
    %q = linalg.generic ... ins(%x, %tokens : ...)  // x / scale, rounded
    %s = hinm.matmul ins(%v, %q : tensor<2x2xi8>, tensor<2x16xi8>)
         outs(%e : tensor<2x16xi32>) {pattern = #p, columns = #c} -> tensor<2x16xi32>
    %y = linalg.generic ... ins(%s, %rows, %tokens : ...)  // s * row * token
    ```
  }];
  let options = [
    Option<"elementType", "element-type", "std::string", /*default=*/"\"i8\"",
           "what weights and their inputs become: i8, f8E4M3FN or f8E5M2">,
    Option<"activationScales", "activation-scales", "std::string",
           /*default=*/"\"token\"",
           "token: a scale for each token; tensor: one for all of them">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect",
                           "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-pack
//===----------------------------------------------------------------------===//

def Pack : Pass<"hinm-pack", "::mlir::ModuleOp"> {
  let summary = "packs pruned layers for the sparse tensor core";
  let description = [{
    Every pruned `hinm.matmul` with a 2:4 pattern becomes a `hinm.spmm` on the
    four constants of the packed format; the weight is rounded to `dtype`, the
    input is cast to it, products are accumulated in f32. A layer of 8-bit elements
    (`hinm-quantize`) is packed as it is.

    With `dtype=tf32` patterns are 1:2, the sparsity that the instruction has of
    this type. Weights are rounded to tf32 and stay f32 in the IR; inputs are cast
    to f32, if they are not that already, and rounded by the kernel.

    The groups of a tile's list are put in an order in which neighbours name
    columns that differ modulo 8, of 1:2 modulo 4, where possible: their rows of a
    resident X are then read in fewer turns. Groups stay in their window of columns. The
    lists are of i16 if the weight has at most 65536 columns, else of i32.

    The format names the window of the pattern if every k-block of every tile lies
    within one (`docs/format.md`); else a remark says why it does not.

    A weight that `dtype` cannot hold (beyond 65504 in f16), that is not pruned,
    or has another N:M is an error, and the module stays as it was.

    ```mlir
    %y = hinm.matmul ins(%w, %x : tensor<64x128xf32>, tensor<128x16xf32>)
         outs(%i : tensor<64x16xf32>) {pattern = #p, columns = #c} -> tensor<64x16xf32>
    ```
    becomes
    ```mlir
    %h = arith.truncf %x : tensor<128x16xf32> to tensor<128x16xf16>
    %y = hinm.spmm as #packed ins(%values, %metadata, %list, %offsets, %h : ...)
         outs(%e : tensor<64x16xf32>) -> tensor<64x16xf32>
    ```
  }];
  let options = [
    Option<"dtype", "dtype", "std::string", /*default=*/"\"f16\"",
           "element type of packed weights and their inputs: f16, bf16 or tf32">,
    Option<"shortLists", "short-lists", "bool", /*default=*/"true",
           "list columns in 16 bits where these hold them">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::hinm::HiNMDialect",
                           "::mlir::tensor::TensorDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-fuse-epilogues
//===----------------------------------------------------------------------===//

def FuseEpilogues : Pass<"hinm-fuse-epilogues", "::mlir::ModuleOp"> {
  let summary = "what is done to a packed product, element by element, joins it";
  let description = [{
    An elementwise operation (`linalg`, or on tensors) whose operand is the result
    of a `hinm.spmm` that nothing else reads becomes the epilogue of that spmm, one
    after the other: casts, bias, activation, residual. The product then never is
    in memory. The other operands may be matrices of its shape, columns (one element
    a row), rows (one element a token) and constants.

    ```mlir
    %y = hinm.spmm as #p ins(%v, %m, %l, %o, %x : ...) outs(%e : tensor<64x16xf32>) -> tensor<64x16xf32>
    %z = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
        ins(%y, %bias : tensor<64x16xf32>, tensor<64xf32>) outs(%f : tensor<64x16xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<64x16xf32>
    ```
    becomes
    ```mlir
    %z = hinm.spmm as #p ins(%v, %m, %l, %o, %x : ...) outs(%f : tensor<64x16xf32>)
        epilogue(%bias : tensor<64xf32>) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      hinm.yield %s : f32
    } -> tensor<64x16xf32>
    ```

    Left alone is what a kernel would need a library for (of `math`, everything but
    absf, ceil, copysign, erf, exp, expm1, floor, fma, log, log1p and tanh, in f32), and a spmm that has a schedule. Run it between `hinm-pack` and
    `hinm-select-kernels`. Elementwise operations become generics, and those of
    which one alone reads another are fused (as by `linalg-fuse-elementwise-ops`).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-select-kernels
//===----------------------------------------------------------------------===//

def SelectKernels : Pass<"hinm-select-kernels"> {
  let summary = "gives every hinm.spmm its schedule, and X whole 16-byte rows";
  let description = [{
    Attaches `schedule` to each `hinm.spmm` on tensors: the one that `schedule`
    gives; else the one that was measured to be best for such a product on `chip`,
    if `table` has it (benchmarks/kernels/tune_kernels.py writes the tables); else,
    by a heuristic that has not been measured, and is the same for all chips: it
    takes neither the slab kernel nor the warp-specialised one.
    What the table has but the op cannot use (no room for a resident X, another
    kernel for a token-major X, a slab without a `window` in the format, bulk stores
    of other than 16 bits) is passed over, and so is an entry for another `window`
    than the format has.

    A product by the slab kernel gets its `slabs`: which rows of X the tiles of a
    thread block share, and where they lie (`hinm/Core/Slabs.h`). They follow from the
    schedule and from the lists, which have to be constants.

    * `tile_m` = V: a thread block serves all rows that share a gather, since
      gathered bytes per multiply are 2/V.
    * `tile_n` = 128, 64 when the number of tokens is dynamic. Wide blocks reuse
      the weight, narrow ones do not multiply tokens that are not there.
    * a warp computes 32 rows and at most 64 tokens (64 sums a thread), and
      `prefetch` = 1, or 0 with the 16 warps of V = 256, so that no register
      spills on any chip.
    * `stages` = 3: at most 48 KB of shared memory, which needs no opt-in.
    * For up to 64 tokens time goes into reading the weights. `tile_n` is the
      first power of two that holds all tokens, `prefetch` = 2, `stages` = 4, and
      `split_k` shares a tile's kept columns out to so many thread blocks that
      about 128 run at once, each with four k-blocks at least. Nobody but one block
      reads a weight then: they are `streamed`.

    * 8-bit floats: `tile_m` is at most 128 and `tile_n` at most 64. Chips without
      an instruction for them (Hopper's `mma.sp` among those) compute in f16, which
      takes more registers. Tables are for 16-bit elements only.
    * tf32: a warp computes up to 64 rows, as it rounds X to tf32 for them.
      `prefetch` is 0 from V = 128 on; for few tokens it is 3 with V = 32 and 1 with
      V = 256. So no register spills.
    * `tile_k` is the k-block of the format, 64 or, of tf32, 32.

    Up to 16 tokens that are at hand token-major are read so by the resident kernel
    if all of X fits in the chip's shared memory: the op becomes
    `token_major_input`. At hand is what is transposed before the product, or
    computed from that element by element, what another such product writes, and a
    single token. An op whose readers all transpose Y, compute element by element,
    or are such ops becomes `token_major_output`. Layers in a row hand their tokens
    on like that; no transposes and no padding are left between them.

    Else the kernel copies 16 bytes at a time, so each row of X has to begin at a
    multiple of 16 bytes: X is padded with zero tokens to a multiple of 8, of 8-bit
    elements to one of 16, of tf32 to one of 4, and the result cut back. An X whose static size is a multiple is left as it is.

    An op with a schedule is left alone. An op for which there is no kernel (V
    other than 32, 64, 128, 256) gets the attribute `hinm.skipped` with the
    reason; `convert-hinm-to-linalg{only-skipped}` runs it on the CPU.

    Run after `hinm-pack`, before `one-shot-bufferize`.

    ```mlir
    %y = hinm.spmm as #p ins(%v, %m, %l, %o, %x : ..., tensor<128x13xf16>)
                         outs(%init : tensor<64x13xf32>) -> tensor<64x13xf32>
    ```
    becomes
    ```mlir
    %w = tensor.pad %x low[0, 0] high[0, 3] ... : tensor<128x13xf16> to tensor<128x16xf16>
    %e = tensor.empty() : tensor<64x16xf32>
    %z = hinm.spmm as #p ins(%v, %m, %l, %o, %w : ..., tensor<128x16xf16>)
                         outs(%e : tensor<64x16xf32>) {schedule = #s} -> tensor<64x16xf32>
    %y = tensor.extract_slice %z[0, 0] [64, 13] [1, 1] : tensor<64x16xf32> to tensor<64x13xf32>
    ```
  }];
  let options = [
    Option<"schedule", "schedule", "std::string", /*default=*/"\"\"",
           "use this schedule for every layer: the body of a #hinm.schedule, e.g. \"tile_m = 64, tile_n = 64, tile_k = 64, stages = 3, warps_m = 2, warps_n = 2\"">,
    Option<"table", "table", "std::string", /*default=*/"\"\"",
           "JSON file of schedules that were measured, by chip and shape">,
    Option<"chip", "chip", "std::string", /*default=*/"\"sm_80\"",
           "the chip to look up in the table">];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::mlir::tensor::TensorDialect", "::hinm::HiNMDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-report
//===----------------------------------------------------------------------===//

def Report : Pass<"hinm-report", "::mlir::ModuleOp"> {
  let summary = "prints the figures of every layer, as text or JSON";
  let description = [{
    For every layer: its name, shape and pattern; its sparsity; the share of the
    saliency that it retains, with the orders found, in the natural order, and
    the bound of unstructured pruning; whether it is packed, pruned, permuted,
    patterned, dense or skipped, and why; the kernel picked. For the module: the
    permutations folded away and those left at run time. It can stand anywhere
    before bufferization and changes nothing.

    ```
    layer       rows x columns     V  N:M sparsity retained  without  unstruct  status, kernel
    fc1.weight  256 x 64          32  2:4   0.7500   0.4934   0.4519   0.5702  packed, m32n64k64s3
    permutations: 1 folded, 0 left at run time
    ```
  }];
  let options = [
    Option<"format", "format", "std::string", /*default=*/"\"text\"",
           "text or json">,
    Option<"output", "output", "std::string", /*default=*/"\"-\"",
           "file to write; - is the standard output">];
}

//===----------------------------------------------------------------------===//
// hinm-expand-small-floats
//===----------------------------------------------------------------------===//

def ExpandSmallFloats : Pass<"hinm-expand-small-floats", "::mlir::ModuleOp"> {
  let summary = "casts from and to 8-bit floats as arithmetic on their bits";
  let description = [{
    `arith.extf` of f8E4M3FN and f8E5M2, and `arith.truncf` to them from f16, bf16
    and f32, of scalars: the LLVM dialect has no such types, and a CPU no
    instructions. Rounds to nearest even; what is too large becomes infinity in
    f8E5M2, and NaN in f8E4M3FN, which has no infinity.

    ```mlir
    %y = arith.extf %x : f8E5M2 to f32
    ```
    becomes
    ```mlir
    %b = arith.bitcast %x : f8E5M2 to i8
    ...
    %y = arith.bitcast %bits : i32 to f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

//===----------------------------------------------------------------------===//
// hinm-widen-floats
//===----------------------------------------------------------------------===//

def WidenFloats : Pass<"hinm-widen-floats", "::mlir::ModuleOp"> {
  let summary = "evaluates a module in f64: the reference of every check";
  let description = [{
    Replaces f16, bf16 and f32 by f64 in every type and constant, and drops the
    casts between them. The values of constants stay as they are, exactly; only
    the arithmetic gets wider. `hinm-run` lowers the result to plain loops and
    compares a compiled network with it.

    A module that reads the bits of a float (`arith.bitcast`) is refused.

    ```mlir
    %c = arith.constant dense<[1.0, 2.5]> : tensor<2xf32>
    %s = arith.addf %x, %c : tensor<2xf32>
    ```
    becomes
    ```mlir
    %c = arith.constant dense<[1.0, 2.5]> : tensor<2xf64>
    %s = arith.addf %x, %c : tensor<2xf64>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// hinm-floats-to-integers
//===----------------------------------------------------------------------===//

def FloatsToIntegers : Pass<"hinm-floats-to-integers", "::mlir::ModuleOp"> {
  let summary = "evaluates a module in integers modulo 2³²: sums in any order";
  let description = [{
    Replaces floats by 32-bit integers in every type and constant: integers stay
    what they are, other numbers become a hash of themselves. Sums, differences,
    products, maxima and minima become those of integers, where their order does
    not matter, not to the last bit. A quotient a / b becomes a · h(b), and what is
    left (exp, rsqrt, tanh …) a hash of its operands. The module computes something else, then, but of the same
    structure. Two modules that differ in the order of their channels only give
    the same integers, and hardly ever do so if a channel is at the wrong place:
    `hinm-run --exact` compares them so, where floats would differ by rounding.

    ```mlir
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %p, %c : f32
    ```
    becomes
    ```mlir
    %p = arith.muli %a, %b : i32
    %s = arith.addi %p, %c : i32
    ```

    Operations on tensors have to be structured: run `convert-hinm-to-linalg` and
    `convert-elementwise-to-linalg` before. What reads the bits of a float is
    refused, as are constants without data.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
}

#endif // HINM_TRANSFORMS_PASSES_TD
