//===- PropagatePermutations.cpp - hinm-propagate-permutations ------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "hinm/Transforms/LayerStats.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace hinm {
#define GEN_PASS_DEF_PROPAGATEPERMUTATIONS
#include "hinm/Transforms/Passes.h.inc"
} // namespace hinm

using namespace mlir;
using namespace hinm;

namespace {

/// Everything that a permute passes on its way down. Built first, applied only
/// if every path ends where the permute can be absorbed.
class Descent {
public:
  explicit Descent(PermuteOp root) : root(root) {}

  /// Follows every use of the permute; false at the first one in the way.
  bool explore() {
    carried[root.getResult()] = root.getDim();
    SmallVector<Value> worklist{root.getResult()};
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        if (isa<MatmulOp>(user)) {
          if (!endsAt(use))
            return false;
          ends.push_back(&use);
          continue;
        }
        if (!passed.insert(user))
          continue;
        if (!passes(user, worklist))
          return false;
      }
    }
    return !ends.empty();
  }

  /// Moves the permute behind all that it passes.
  void apply() {
    PermutationAttr order = root.getPermutation();
    SmallVector<int32_t> inverse = *order.getInverse().getValues();
    OpBuilder builder(root.getContext());
    for (auto [operand, dim] : constants) {
      builder.setInsertionPoint(operand->getOwner());
      ElementsAttr permuted =
          permuteConstant(getConstant(operand->get()), dim, inverse);
      operand->set(arith::ConstantOp::create(builder, operand->get().getLoc(),
                                             cast<TypedAttr>(permuted)));
    }
    for (OpOperand *use : ends) {
      Value value = use->get();
      if (value == root.getResult())
        continue;
      builder.setInsertionPoint(use->getOwner());
      use->set(PermuteOp::create(builder, root.getLoc(), value.getType(), value,
                                 carried.lookup(value), order));
    }
    for (OpOperand *twin : twins)
      twin->set(cast<PermuteOp>(twin->get().getDefiningOp()).getInput());
    root.getResult().replaceUsesWithIf(root.getInput(), [&](OpOperand &use) {
      return passed.contains(use.getOwner());
    });
  }

private:
  /// A layer with a constant weight takes the permute in, on its input.
  bool endsAt(OpOperand &use) {
    auto matmul = cast<MatmulOp>(use.getOwner());
    return use.get() == matmul.getInput() && use.getOperandNumber() == 1 &&
           carried.lookup(use.get()) == 0 && getConstant(matmul.getWeight());
  }

  /// Whether \p op commutes with the permute. Its other operands along the
  /// permuted dimension must be constants, which take the inverse order, or be
  /// in the same order themselves.
  bool passes(Operation *op, SmallVectorImpl<Value> &worklist) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return passesLinalg(linalgOp, worklist);
    if (!OpTrait::hasElementwiseMappableTraits(op) || op->getNumResults() != 1)
      return false;
    std::optional<int64_t> dim;
    for (OpOperand &operand : op->getOpOperands())
      if (carried.contains(operand.get()))
        dim = carried.lookup(operand.get());
    for (OpOperand &operand : op->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()) &&
          !takesOrder(operand, *dim))
        return false;
    return carry(op->getResult(0), *dim, worklist);
  }

  /// The rule is read off the indexing maps: the loop over the permuted
  /// dimension must be parallel and stand in every map as a plain dimension.
  bool passesLinalg(linalg::LinalgOp op, SmallVectorImpl<Value> &worklist) {
    if (op.hasIndexSemantics() || !op.hasPureTensorSemantics())
      return false;
    std::optional<unsigned> loop;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!carried.contains(operand.get()))
        continue;
      auto expr =
          dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(&operand).getResult(
              carried.lookup(operand.get())));
      if (!expr || (loop && *loop != expr.getPosition()))
        return false;
      loop = expr.getPosition();
    }
    if (op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
      return false;
    for (OpOperand &operand : op->getOpOperands()) {
      std::optional<int64_t> dim;
      for (auto [position, expr] :
           llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
        if (!expr.isFunctionOfDim(*loop))
          continue;
        if (!isa<AffineDimExpr>(expr) || dim)
          return false;
        dim = position;
      }
      if (!dim) {
        if (carried.contains(operand.get()))
          return false;
        continue;
      }
      if (!takesOrder(operand, *dim))
        return false;
      if (op.isDpsInit(&operand) &&
          !carry(op.getTiedOpResult(&operand), *dim, worklist))
        return false;
    }
    return true;
  }

  bool takesOrder(OpOperand &operand, int64_t dim) {
    Value value = operand.get();
    if (carried.contains(value))
      return carried.lookup(value) == dim;
    Operation *producer = value.getDefiningOp();
    if (!producer)
      return false;
    // The same everywhere along the dimension, or no values at all.
    if (isa<tensor::EmptyOp, linalg::FillOp, tensor::SplatOp>(producer))
      return true;
    if (auto twin = dyn_cast<PermuteOp>(producer)) {
      if (twin.getPermutation() != root.getPermutation() ||
          static_cast<int64_t>(twin.getDim()) != dim)
        return false;
      twins.push_back(&operand);
      return true;
    }
    // A broadcast of a constant (a bias) takes the order at its source.
    if (auto source = dyn_cast<linalg::LinalgOp>(producer))
      return source->hasOneUse() && producedInOrder(source, value, dim);
    ElementsAttr constant = getConstant(value);
    if (!constant || !getRawConstant(constant))
      return false;
    if (!constant.isSplat())
      constants.emplace_back(&operand, dim);
    return true;
  }

  /// Whether \p op can produce \p value in the other order: all that it reads
  /// along \p dim must take it.
  bool producedInOrder(linalg::LinalgOp op, Value value, int64_t dim) {
    if (op.hasIndexSemantics() || !op.hasPureTensorSemantics() ||
        op.getNumLoops() != op.getNumParallelLoops())
      return false;
    OpOperand *init =
        op.getDpsInitOperand(cast<OpResult>(value).getResultNumber());
    auto loop =
        dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(init).getResult(dim));
    if (!loop)
      return false;
    for (OpOperand &operand : op->getOpOperands())
      for (auto [position, expr] :
           llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
        if (expr.isFunctionOfDim(loop.getPosition()) &&
            (expr != loop || carried.contains(operand.get()) ||
             !takesOrder(operand, position)))
          return false;
    return true;
  }

  bool carry(Value value, int64_t dim, SmallVectorImpl<Value> &worklist) {
    auto [it, isNew] = carried.try_emplace(value, dim);
    if (isNew)
      worklist.push_back(value);
    return it->second == dim;
  }

  PermuteOp root;
  /// Values that come to stand in the old order, and their permuted dimension.
  llvm::MapVector<Value, int64_t> carried;
  llvm::SetVector<Operation *> passed;
  SmallVector<OpOperand *> ends, twins;
  SmallVector<std::pair<OpOperand *, int64_t>> constants;
};

struct PropagatePermutationsPass
    : public hinm::impl::PropagatePermutationsBase<PropagatePermutationsPass> {
  using PropagatePermutationsBase::PropagatePermutationsBase;

  void runOnOperation() override {
    SmallVector<PermuteOp> roots;
    getOperation()->walk([&](PermuteOp op) { roots.push_back(op); });
    for (PermuteOp root : roots) {
      if (!root.getPermutation().getValues())
        continue;
      Descent descent(root);
      if (!descent.explore()) {
        remark::missed(root.getLoc(), remarkAbout(root, "permutation-stays"))
            << "a use does not lead to a layer that can take the order in";
        continue;
      }
      descent.apply();
      remark::passed(root.getLoc(), remarkAbout(root, "permutation-sunk"))
          << remark::metric("channels", root.getPermutation().size());
      if (root->use_empty())
        root.erase();
    }
  }
};

} // namespace
