//===- HiNMDialect.td - The hinm dialect -------------------*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMDIALECT_TD
#define HINM_DIALECT_HINM_IR_HINMDIALECT_TD

include "mlir/IR/DialectBase.td"

def HiNM_Dialect : Dialect {
  let name = "hinm";
  let cppNamespace = "::hinm";
  let summary = "Linear layers with hierarchical N:M sparse weights";
  let description = [{
    A linear layer is written in weight-stationary form, Y = W · X, with a weight
    W of R output channels (rows) and C input channels (columns), and activations
    X of C channels by N tokens or pixels, N contiguous (feature-major).

    A weight is cut in *tiles* of V consecutive rows. In each tile whole V×1
    column *vectors* are dropped; the kept ones are listed in the tile's *kept
    columns*; inside that list every *group* of M entries keeps N weights in each
    row (N:M = 2:4 is what `mma.sp` multiplies). The order of the list is the
    input-channel permutation of the tile (ICP) and costs nothing at run time;
    the order of the rows (output-channel permutation, OCP) is explicit IR, a
    `hinm.permute`, until it is folded away.

    A layer goes through the dialect in this order:

    1. `hinm.matmul` with a dense weight and a `#hinm.pattern`;
    2. `hinm.permute` beside it, and a `#hinm.column_index` on it, once the
       orders are searched;
    3. `hinm.prune` of its weight, once the orders are folded;
    4. `hinm.pack`, which gives the operands of `hinm.spmm`.

    All permutations use the gather convention: `permute(x, p)[i] = x[p[i]]`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let extraClassDeclaration = [{
    /// Who is told about searches in this context; null for nobody.
    SearchObserver *getSearchObserver() const { return searchObserver.get(); }
    void setSearchObserver(std::unique_ptr<SearchObserver> observer) {
      searchObserver = std::move(observer);
    }

    /// What the pipelines that run in this context have made.
    OwnedConstants &getOwnedConstants() { return ownedConstants; }

  private:
    std::unique_ptr<SearchObserver> searchObserver;
    OwnedConstants ownedConstants;

  public:
  }];
}

#endif // HINM_DIALECT_HINM_IR_HINMDIALECT_TD
