//===- RaiseConcatenations.cpp - hinm-raise-concatenations ----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace hinm {
#define GEN_PASS_DEF_RAISECONCATENATIONS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// Reads the body of a generic that computes each element of its result from
/// its index: a tree of conditions on the index along one dimension, with an
/// element of a tensor at every leaf.
class ConcatenationReader {
public:
  explicit ConcatenationReader(linalg::GenericOp op)
      : op(op), type(cast<RankedTensorType>(op.getResult(0).getType())) {}

  /// The dimension along which \ref parts stand; nothing if the body does
  /// anything else.
  std::optional<int64_t> read() {
    Value yielded = op.getBlock()->getTerminator()->getOperand(0);
    auto branch = yielded.getDefiningOp<scf::IfOp>();
    std::optional<Bound> bound = branch ? readBound(branch) : std::nullopt;
    if (!bound)
      return std::nullopt;
    dim = bound->dim;
    if (type.isDynamicDim(dim) || !readPiece(yielded, 0, type.getDimSize(dim)))
      return std::nullopt;
    return dim;
  }

  SmallVector<Value> parts;

private:
  /// index(dim) < limit.
  struct Bound {
    int64_t dim, limit;
  };

  static std::optional<Bound> readBound(scf::IfOp branch) {
    auto compare = branch.getCondition().getDefiningOp<arith::CmpIOp>();
    if (!compare || (compare.getPredicate() != arith::CmpIPredicate::ult &&
                     compare.getPredicate() != arith::CmpIPredicate::slt))
      return std::nullopt;
    auto index = compare.getLhs().getDefiningOp<linalg::IndexOp>();
    APInt limit;
    if (!index || !matchPattern(compare.getRhs(), m_ConstantInt(&limit)))
      return std::nullopt;
    return Bound{static_cast<int64_t>(index.getDim()), limit.getSExtValue()};
  }

  /// \p value is what the result has from \p begin to \p end of the dimension.
  bool readPiece(Value value, int64_t begin, int64_t end) {
    if (auto branch = value.getDefiningOp<scf::IfOp>()) {
      std::optional<Bound> bound = readBound(branch);
      if (!bound || bound->dim != dim || bound->limit <= begin ||
          bound->limit >= end || branch.getNumResults() != 1 ||
          !branch.elseBlock())
        return false;
      return readPiece(branch.thenYield().getOperand(0), begin, bound->limit) &&
             readPiece(branch.elseYield().getOperand(0), bound->limit, end);
    }
    auto extract = value.getDefiningOp<tensor::ExtractOp>();
    if (!extract)
      return false;
    auto part = cast<RankedTensorType>(extract.getTensor().getType());
    if (part.getRank() != type.getRank() || part.getDimSize(dim) != end - begin)
      return false;
    for (auto [i, index] : llvm::enumerate(extract.getIndices())) {
      const bool isCut = static_cast<int64_t>(i) == dim;
      if (!isCut &&
          (type.isDynamicDim(i) || part.getDimSize(i) != type.getDimSize(i)))
        return false;
      if (!isIndex(index, i, isCut ? begin : 0))
        return false;
    }
    parts.push_back(extract.getTensor());
    return true;
  }

  /// Whether \p value is index(\p loop) − \p offset.
  static bool isIndex(Value value, int64_t loop, int64_t offset) {
    APInt constant;
    int64_t subtracted = 0;
    if (auto minus = value.getDefiningOp<arith::SubIOp>();
        minus && matchPattern(minus.getRhs(), m_ConstantInt(&constant))) {
      subtracted = constant.getSExtValue();
      value = minus.getLhs();
    } else if (auto plus = value.getDefiningOp<arith::AddIOp>();
               plus && matchPattern(plus.getRhs(), m_ConstantInt(&constant))) {
      subtracted = -constant.getSExtValue();
      value = plus.getLhs();
    }
    auto index = value.getDefiningOp<linalg::IndexOp>();
    return index && static_cast<int64_t>(index.getDim()) == loop &&
           subtracted == offset;
  }

  linalg::GenericOp op;
  RankedTensorType type;
  int64_t dim = 0;
};

struct RaiseConcatenation : public OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 ||
        op.getNumParallelLoops() != op.getNumLoops() ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity())
      return failure();
    ConcatenationReader reader(op);
    std::optional<int64_t> dim = reader.read();
    if (!dim)
      return failure();
    rewriter.replaceOpWithNewOp<tensor::ConcatOp>(op, op.getResult(0).getType(),
                                                  *dim, reader.parts);
    return success();
  }
};

struct RaiseConcatenationsPass
    : public hinm::impl::RaiseConcatenationsBase<RaiseConcatenationsPass> {
  using RaiseConcatenationsBase::RaiseConcatenationsBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<RaiseConcatenation>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
