// A dialect with one operation that hinm has never heard of.

#ifndef TOY_TD
#define TOY_TD

include "hinm/Dialect/HiNM/IR/HiNMInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Toy_Dialect : Dialect {
  let name = "toy";
  let cppNamespace = "::toy";
}

// Y[c, n] = X[c, tokens − 1 − n]: what is first comes last.
def Toy_ReverseOp : Op<Toy_Dialect, "reverse", [
    Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<ChannelOrderOpInterface>]> {
  let summary = "reverses the order of the tokens";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

// The same without the interface: hinm has to leave its order alone.
def Toy_OpaqueOp : Op<Toy_Dialect, "opaque", [Pure, SameOperandsAndResultType]> {
  let summary = "does what nobody knows";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

#endif // TOY_TD
