//===- StreamedLoad.cpp - Loads of what is read once ----------------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Target/NVVM/StreamedLoad.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace hinm;

static Value buildAsm(OpBuilder &builder, Location loc, Type type,
                      ValueRange operands, StringRef text,
                      StringRef constraints, bool hasSideEffects) {
  return LLVM::InlineAsmOp::create(
             builder, loc, type, operands, text, constraints, hasSideEffects,
             /*is_align_stack=*/false, LLVM::TailCallKind::None,
             LLVM::AsmDialectAttr::get(builder.getContext(),
                                       LLVM::AsmDialect::AD_ATT),
             /*operand_attrs=*/ArrayAttr())
      .getResult(0);
}

static bool isAsm(LLVM::InlineAsmOp op, StringRef text, StringRef constraints,
                  bool hasSideEffects) {
  return op.getAsmString() == text && op.getConstraints() == constraints &&
         op.getHasSideEffects() == hasSideEffects && op->getNumResults() == 1;
}

//===----------------------------------------------------------------------===//
// EvictFirstPolicy
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kPolicyAsm =
    "createpolicy.fractional.L2::evict_first.b64 $0, 1.0;";

Value EvictFirstPolicy::build(OpBuilder &builder, Location loc) {
  return buildAsm(builder, loc, builder.getI64Type(), /*operands=*/{},
                  kPolicyAsm, "=l", /*hasSideEffects=*/false);
}

bool EvictFirstPolicy::match(LLVM::InlineAsmOp op) {
  return isAsm(op, kPolicyAsm, "=l", /*hasSideEffects=*/false) &&
         op->getNumOperands() == 0 && op->getResult(0).getType().isInteger(64);
}

//===----------------------------------------------------------------------===//
// StreamedLoad
//===----------------------------------------------------------------------===//

StringRef StreamedLoad::getAsm() const {
  if (words == 1)
    return bypassesL1 ? "ld.global.L1::no_allocate.L2::cache_hint.b32 $0, "
                        "[$1], $2;"
                      : "ld.global.L2::cache_hint.b32 $0, [$1], $2;";
  return bypassesL1 ? "ld.global.L1::no_allocate.L2::cache_hint.v4.b32 "
                      "{$0, $1, $2, $3}, [$4], $5;"
                    : "ld.global.L2::cache_hint.v4.b32 {$0, $1, $2, $3}, "
                      "[$4], $5;";
}

StringRef StreamedLoad::getConstraints() const {
  return words == 1 ? "=r,l,l" : "=r,=r,=r,=r,l,l";
}

/// An i32, or a struct of several.
static Type getResultType(MLIRContext *context, int64_t words) {
  Type word = IntegerType::get(context, 32);
  return words == 1 ? word
                    : LLVM::LLVMStructType::getLiteral(
                          context, SmallVector<Type>(words, word));
}

SmallVector<Value> StreamedLoad::build(OpBuilder &builder, Location loc,
                                       Value address, Value policy) const {
  Value loaded =
      buildAsm(builder, loc, getResultType(builder.getContext(), words),
               {address, policy}, getAsm(), getConstraints(),
               /*hasSideEffects=*/true);
  if (words == 1)
    return {loaded};
  SmallVector<Value> parts;
  for (int64_t i = 0; i < words; ++i)
    parts.push_back(LLVM::ExtractValueOp::create(builder, loc, loaded, i));
  return parts;
}

std::optional<StreamedLoad> StreamedLoad::match(LLVM::InlineAsmOp op) {
  if (op->getNumOperands() != 2 ||
      !isa<LLVM::LLVMPointerType>(getAddress(op).getType()) ||
      !getPolicy(op).getType().isInteger(64))
    return std::nullopt;
  for (int64_t words : {1, 4})
    for (bool bypassesL1 : {false, true}) {
      StreamedLoad load = {words, bypassesL1};
      if (isAsm(op, load.getAsm(), load.getConstraints(),
                /*hasSideEffects=*/true) &&
          op->getResult(0).getType() == getResultType(op.getContext(), words))
        return load;
    }
  return std::nullopt;
}

Value StreamedLoad::getAddress(LLVM::InlineAsmOp op) {
  return op.getOperand(0);
}
Value StreamedLoad::getPolicy(LLVM::InlineAsmOp op) { return op.getOperand(1); }
