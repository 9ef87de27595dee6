//===- HiNMDialect.cpp - Registration of the hinm dialect -----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Dialect/HiNM/IR/HiNMDialect.h"

#include "HiNMBytecode.h"
#include "hinm/Dialect/HiNM/IR/HiNMOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

#include "hinm/Dialect/HiNM/IR/HiNMDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "hinm/Dialect/HiNM/IR/HiNMAttributes.cpp.inc"

namespace {
/// Nothing in the dialect has regions or control flow, so all of it inlines.
struct HiNMInlinerInterface : public DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const final {
    return true;
  }
};

/// Gives the long attributes short aliases at the top of the printed module.
struct HiNMAsmInterface : public OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;
  AliasResult getAlias(Attribute attr, raw_ostream &os) const final {
    if (isa<hinm::PatternAttr>(attr)) {
      os << "pattern";
      return AliasResult::OverridableAlias;
    }
    if (isa<hinm::ColumnIndexAttr>(attr)) {
      os << "column_index";
      return AliasResult::OverridableAlias;
    }
    if (isa<hinm::PackedAttr>(attr)) {
      os << "packed";
      return AliasResult::OverridableAlias;
    }
    return AliasResult::NoAlias;
  }
};
} // namespace

hinm::SearchObserver::~SearchObserver() = default;

void hinm::HiNMDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "hinm/Dialect/HiNM/IR/HiNMAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "hinm/Dialect/HiNM/IR/HiNMOps.cpp.inc"
      >();
  addInterfaces<HiNMInlinerInterface, HiNMAsmInterface>();
  detail::addBytecodeInterface(this);
}

Operation *hinm::HiNMDialect::materializeConstant(OpBuilder &builder,
                                                  Attribute value, Type type,
                                                  Location loc) {
  return arith::ConstantOp::materialize(builder, value, type, loc);
}
