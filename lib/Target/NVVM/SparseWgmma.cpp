//===- SparseWgmma.cpp - Sparse wgmma as inline PTX -----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Target/NVVM/SparseWgmma.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace hinm;

// The operands behind the results: A, descriptor, metadata, accumulate, sums.
static constexpr unsigned kA = 4, kDescriptor = 4, kMetadata = 5,
                          kAccumulate = 6, kSums = 7;

std::string SparseWgmma::getAsm() const {
  const int64_t sums = columns / 2;
  std::string text;
  llvm::raw_string_ostream os(text);
  auto list = [&](int64_t first, int64_t count) {
    os << '{';
    llvm::interleaveComma(llvm::seq(first, first + count), os,
                          [&](int64_t i) { os << '$' << i; });
    os << '}';
  };
  os << "{ .reg .pred p; setp.ne.b32 p, $" << sums + kAccumulate << ", 0; "
     << llvm::formatv("wgmma.mma_async.sp.sync.aligned.m64n{0}k32.f32.{1}.{1} ",
                      columns, isBF16 ? "bf16" : "f16");
  list(0, sums);
  os << ", ";
  list(sums, kA);
  // Neither input is negated; B is transposed.
  os << llvm::formatv(", ${0}, ${1}, {2}, p, 1, 1, 1; }", sums + kDescriptor,
                      sums + kMetadata, selector);
  return text;
}

std::string SparseWgmma::getConstraints() const {
  const int64_t sums = columns / 2;
  SmallVector<std::string> constraints(sums, "=f");
  constraints.append(kA, "r");
  constraints.append({"l", "r", "r"});
  for (int64_t i = 0; i < sums; ++i)
    constraints.push_back(std::to_string(i));
  return llvm::join(constraints, ",");
}

SmallVector<Value> SparseWgmma::build(OpBuilder &builder, Location loc,
                                      ValueRange sums, ValueRange a,
                                      Value descriptor, Value metadata,
                                      Value accumulate) const {
  SmallVector<Value> operands(a);
  operands.append({descriptor, metadata, accumulate});
  llvm::append_range(operands, sums);
  auto type = LLVM::LLVMStructType::getLiteral(
      builder.getContext(),
      SmallVector<Type>(sums.size(), builder.getF32Type()));
  Value results = LLVM::InlineAsmOp::create(
                      builder, loc, type, operands, getAsm(), getConstraints(),
                      /*has_side_effects=*/true, /*is_align_stack=*/false,
                      LLVM::TailCallKind::None,
                      LLVM::AsmDialectAttr::get(builder.getContext(),
                                                LLVM::AsmDialect::AD_ATT),
                      /*operand_attrs=*/ArrayAttr())
                      .getResult(0);
  SmallVector<Value> newSums;
  for (size_t i = 0; i < sums.size(); ++i)
    newSums.push_back(LLVM::ExtractValueOp::create(builder, loc, results, i));
  return newSums;
}

std::optional<SparseWgmma> SparseWgmma::match(LLVM::InlineAsmOp op) {
  // What it says may be anything: it is the instruction if writing it with the
  // parameters that it seems to have gives the same text.
  const int64_t operands = op->getNumOperands();
  if (operands < kSums + 4 || (operands - kSums) % 4 != 0)
    return std::nullopt;
  SparseWgmma found;
  found.columns = 2 * (operands - kSums);
  auto isOf = [](ValueRange values, unsigned bits, bool isFloat) {
    return llvm::all_of(values.getTypes(), [&](Type type) {
      return isFloat ? type.isF32() : type.isInteger(bits);
    });
  };
  if (found.columns > 256 || op->getNumResults() != 1 ||
      !isOf(getSums(op), 32, true) || !isOf(getA(op), 32, false) ||
      !isOf(getDescriptor(op), 64, false) ||
      !isOf(getMetadata(op), 32, false) || !isOf(getAccumulate(op), 32, false))
    return std::nullopt;
  for (bool isBF16 : {false, true})
    for (int64_t selector : {0, 1}) {
      found.isBF16 = isBF16;
      found.selector = selector;
      if (op.getAsmString() == found.getAsm() &&
          op.getConstraints() == found.getConstraints() &&
          op.getHasSideEffects())
        return found;
    }
  return std::nullopt;
}

ValueRange SparseWgmma::getA(LLVM::InlineAsmOp op) {
  return op.getOperands().take_front(kA);
}
Value SparseWgmma::getDescriptor(LLVM::InlineAsmOp op) {
  return op.getOperand(kDescriptor);
}
Value SparseWgmma::getMetadata(LLVM::InlineAsmOp op) {
  return op.getOperand(kMetadata);
}
Value SparseWgmma::getAccumulate(LLVM::InlineAsmOp op) {
  return op.getOperand(kAccumulate);
}
ValueRange SparseWgmma::getSums(LLVM::InlineAsmOp op) {
  return op.getOperands().drop_front(kSums);
}
