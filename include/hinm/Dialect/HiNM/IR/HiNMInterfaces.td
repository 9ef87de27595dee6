//===- HiNMInterfaces.td - Interfaces of the hinm dialect --*- tablegen -*-===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef HINM_DIALECT_HINM_IR_HINMINTERFACES_TD
#define HINM_DIALECT_HINM_IR_HINMINTERFACES_TD

include "mlir/IR/OpBase.td"

def ChannelOrderOpInterface : OpInterface<"ChannelOrderOpInterface"> {
  let description = [{
    An operation that knows what a new order of a dimension of its operands does
    to it. Structured operations (linalg), elementwise ones, regions and calls
    need no interface: their rule is read off indexing maps, traits and control
    flow. Everything else takes part by saying, in a `ChannelOrderRule`, which
    dimensions of its operands and results go together (docs/channel-orders.md).

    What a rule does not mention is pinned: its order may not change. An
    operation without a rule pins all its operands and results.

    A compiler teaches the operations of its own dialects by implementing the
    interface, and those of others by an external model:

    ```c++
    struct FlipOrder
        : hinm::ChannelOrderOpInterface::ExternalModel<FlipOrder, my::FlipOp> {
      void getChannelOrderRule(Operation *op, hinm::ChannelOrderRule &rule) const {
        rule.tie({{op->getOpOperand(0), 0}, {op->getResult(0), 0}});
        rule.pin({op->getOpOperand(0), 1}, "it reverses the dimension");
      }
    };
    ```
  }];
  let cppNamespace = "::hinm";
  let methods = [
    InterfaceMethod<[{
      Says in \p rule how the dimensions of the operands and results, all of them
      ranked tensors or of no concern, hang together.
    }], "void", "getChannelOrderRule", (ins "::hinm::ChannelOrderRule &":$rule)>];
}

#endif // HINM_DIALECT_HINM_IR_HINMINTERFACES_TD
