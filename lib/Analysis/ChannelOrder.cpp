//===- ChannelOrder.cpp - Which dimensions share an order -----------------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "hinm/Analysis/ChannelOrder.h"

#include "hinm/Dialect/HiNM/IR/HiNMInterfaces.h"
#include "hinm/Dialect/HiNM/Utils/ConstantData.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <numeric>

using namespace mlir;

namespace hinm {

//===----------------------------------------------------------------------===//
// Rules that are read off
//===----------------------------------------------------------------------===//

/// A loop ties all dimensions that it indexes alone. A reduction ties only what
/// it reads: what it computes does not depend on the order (up to rounding).
static void readStructuredRule(linalg::LinalgOp op, ChannelOrderRule &rule) {
  if (!op.hasPureTensorSemantics())
    return;
  SmallVector<SmallVector<OrderEnd, 4>> ends(op.getNumLoops());
  SmallVector<StringRef> fixed(op.getNumLoops());

  // A loop's index may only choose the element of a table.
  op->walk([&](linalg::IndexOp index) {
    const uint64_t loop = index.getDim();
    for (OpOperand &use : index->getUses()) {
      auto extract = dyn_cast<tensor::ExtractOp>(use.getOwner());
      if (extract && use.getOperandNumber() > 0)
        ends[loop].emplace_back(extract.getTensorMutable(),
                                use.getOperandNumber() - 1);
      else
        fixed[loop] = "its body reads the index";
    }
  });
  auto visit = [&](OrderEnd end, AffineExpr expr) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      ends[dim.getPosition()].push_back(end);
      return;
    }
    rule.pin(end, "it does not read the dimension one by one");
    for (unsigned loop = 0; loop < ends.size(); ++loop)
      if (expr.isFunctionOfDim(loop))
        fixed[loop] = "it combines the index with others";
  };
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    const bool isInit = op.isDpsInit(&operand);
    const bool isRead = op.payloadUsesValueFromOperand(&operand);
    if (!isRead)
      rule.ignore(operand);
    for (auto [dim, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      if (isRead)
        visit({operand, static_cast<int64_t>(dim)}, expr);
      if (isInit)
        visit({op.getTiedOpResult(&operand), static_cast<int64_t>(dim)}, expr);
    }
  }
  for (auto [loop, tied] : llvm::enumerate(ends)) {
    if (fixed[loop].empty())
      rule.tie(tied);
    else
      for (const OrderEnd &end : tied)
        rule.pin(end, fixed[loop]);
  }
}

/// Element i of each operand gives element i of the result.
static void readElementwiseRule(Operation *op, ChannelOrderRule &rule) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type)
    return;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    SmallVector<OrderEnd, 4> ends;
    for (OpOperand &operand : op->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()))
        ends.emplace_back(operand, dim);
    for (Value result : op->getResults())
      ends.emplace_back(result, dim);
    rule.tie(ends);
  }
}

static void tieAll(OpOperand &use, Value def, ChannelOrderRule &rule) {
  auto type = dyn_cast<RankedTensorType>(use.get().getType());
  if (!type || !isa<RankedTensorType>(def.getType()))
    return;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    rule.tie({{use, dim}, {def, dim}});
}

/// What a region operation forwards, into its regions, between them and out.
static void readRegionRule(RegionBranchOpInterface op, ChannelOrderRule &rule) {
  RegionBranchSuccessorMapping mapping;
  op.getSuccessorOperandInputMapping(mapping);
  auto visit = [&](Operation *from) {
    for (OpOperand &operand : from->getOpOperands())
      if (auto it = mapping.find(&operand); it != mapping.end())
        for (Value input : it->second)
          tieAll(operand, input, rule);
  };
  visit(op);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      if (!block.empty())
        visit(&block.back());
}

static void readBranchRule(BranchOpInterface op, ChannelOrderRule &rule) {
  for (auto [i, successor] : llvm::enumerate(op->getSuccessors())) {
    SuccessorOperands operands = op.getSuccessorOperands(i);
    for (unsigned k = operands.getProducedOperandCount(); k < operands.size();
         ++k)
      tieAll(op->getOpOperand(operands.getOperandIndex(k)),
             successor->getArgument(k), rule);
  }
}

//===----------------------------------------------------------------------===//
// ChannelOrderBuilder
//===----------------------------------------------------------------------===//

class ChannelOrderBuilder {
public:
  using Axis = OrderAxes::Axis;

  ChannelOrderBuilder(Operation *root, ChannelOrder &result)
      : root(root), result(result), axes(result.axes) {}

  void run() {
    collectFunctions();
    root->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (op != root || isa<FunctionOpInterface>(op))
        add(op, readRule(op));
    });
    root->walk<WalkOrder::PreOrder>([&](Operation *op) { pinTheRest(op); });
    makeClasses();
  }

private:
  struct Function {
    SmallVector<Operation *> returns;
    /// Private, with a body, and nothing but called.
    bool isInternal = false;
  };

  void collectFunctions() {
    root->walk([&](FunctionOpInterface function) {
      Function &entry = functions[function];
      if (function.isExternal())
        return;
      for (Block &block : function.getFunctionBody())
        if (!block.empty() && block.back().hasTrait<OpTrait::ReturnLike>())
          entry.returns.push_back(&block.back());
      entry.isInternal = SymbolTable::getSymbolVisibility(function) ==
                             SymbolTable::Visibility::Private &&
                         function != root;
    });
    // A function that is not only called keeps its order.
    for (auto &pair : functions) {
      FunctionOpInterface function = pair.first;
      Function &entry = pair.second;
      if (!entry.isInternal)
        continue;
      std::optional<SymbolTable::UseRange> uses =
          SymbolTable::getSymbolUses(function, root);
      entry.isInternal = uses && !uses->empty() &&
                         llvm::all_of(*uses, [&](SymbolTable::SymbolUse use) {
                           auto call = dyn_cast<CallOpInterface>(use.getUser());
                           return call && resolve(call) == function;
                         });
    }
  }

  FunctionOpInterface resolve(CallOpInterface call) {
    return dyn_cast_if_present<FunctionOpInterface>(
        call.resolveCallableInTable(&symbolTables));
  }

  ChannelOrderRule readRule(Operation *op) {
    ChannelOrderRule rule;
    if (auto own = dyn_cast<ChannelOrderOpInterface>(op))
      own.getChannelOrderRule(rule);
    else if (auto structured = dyn_cast<linalg::LinalgOp>(op))
      readStructuredRule(structured, rule);
    else if (auto call = dyn_cast<CallOpInterface>(op))
      readCallRule(call, rule);
    else if (auto regions = dyn_cast<RegionBranchOpInterface>(op))
      readRegionRule(regions, rule);
    else if (auto branch = dyn_cast<BranchOpInterface>(op))
      readBranchRule(branch, rule);
    else if (OpTrait::hasElementwiseMappableTraits(op))
      readElementwiseRule(op, rule);
    else if (auto function = dyn_cast<FunctionOpInterface>(op))
      readFunctionRule(function, rule);
    return rule;
  }

  void readCallRule(CallOpInterface call, ChannelOrderRule &rule) {
    FunctionOpInterface callee = resolve(call);
    auto it = functions.find(callee);
    if (it == functions.end() || !it->second.isInternal)
      return;
    MutableOperandRange operands = call.getArgOperandsMutable();
    for (auto [i, argument] : llvm::enumerate(callee.getArguments()))
      tieAll(operands[i], argument, rule);
    for (Operation *terminator : it->second.returns)
      for (auto [operand, value] :
           llvm::zip_equal(terminator->getOpOperands(), call->getResults()))
        tieAll(operand, value, rule);
  }

  void readFunctionRule(FunctionOpInterface function, ChannelOrderRule &rule) {
    const Function &entry = functions[function];
    if (entry.isInternal || function.isExternal())
      return;
    for (Value argument : function.getArguments())
      pinAll(OrderEnd(argument, 0), "its arguments come from outside", rule);
    for (Operation *terminator : entry.returns)
      for (OpOperand &operand : terminator->getOpOperands())
        pinAll(OrderEnd(operand, 0), "its results go outside", rule);
  }

  static void pinAll(OrderEnd end, StringRef reason, ChannelOrderRule &rule) {
    auto type = dyn_cast<RankedTensorType>(end.value.getType());
    for (end.dim = 0; type && end.dim < type.getRank(); ++end.dim)
      rule.pin(end, reason);
  }

  void add(Operation *op, const ChannelOrderRule &rule) {
    RuleReader reader(*this, op);
    for (ArrayRef<OrderEnd> tied : rule.ties)
      reader.tie(tied);
    for (ArrayRef<OrderRange> tied : rule.rangeTies)
      reader.tieRanges(tied);
    for (const auto &[whole, digits] : rule.digitTies)
      reader.tieDigits(whole, digits);
    reader.finish();
    for (const OrderEnd &end : rule.absorbed)
      if (std::optional<AxisEnd> element = getElement(end, op))
        consumers.push_back(*element);
    for (const OrderEnd &end : rule.produced)
      if (std::optional<AxisEnd> element = getElement(end, op))
        producers.push_back(*element);
    for (const ChannelOrderRule::Pin &pin : rule.pins)
      if (std::optional<AxisEnd> element = getElement(pin.end, op))
        pins.push_back({element->axis, {*element, op, pin.reason}});
    for (OpOperand *operand : rule.ignored)
      ignored.insert(operand);
  }

  /// Unifies what one operation ties together.
  class RuleReader {
  public:
    RuleReader(ChannelOrderBuilder &builder, Operation *op)
        : builder(builder), axes(builder.axes), op(op) {}

    void tie(ArrayRef<OrderEnd> tied) {
      std::optional<AxisEnd> first;
      for (const OrderEnd &end : tied) {
        std::optional<AxisEnd> element = getElement(end);
        if (first && element)
          tie(*first, *element);
        else if (element)
          first = element;
      }
    }

    void tieRanges(ArrayRef<OrderRange> tied) {
      std::optional<Axis> first;
      SmallVector<Axis, 4> wholes;
      bool fits = true;
      for (const OrderRange &range : tied) {
        std::optional<AxisEnd> element = getElement(range.end);
        if (!element)
          continue;
        wholes.push_back(element->axis);
        std::optional<Axis> axis = axes.getRange(element->axis, range.offset,
                                                 range.size, range.stride);
        if (!axis)
          fits = false;
        else if (first)
          axes.unify(*first, *axis);
        else
          first = axis;
      }
      if (!fits)
        fixed.append(wholes.begin(), wholes.end());
    }

    void tieDigits(const OrderEnd &whole, ArrayRef<OrderEnd> digits) {
      std::optional<AxisEnd> element = getElement(whole);
      std::optional<Axis> product;
      SmallVector<Axis, 4> parts;
      for (const OrderEnd &digit : digits)
        if (std::optional<AxisEnd> part = getElement(digit))
          parts.push_back(part->axis);
      if (!element || parts.empty())
        return;
      if (llvm::any_of(parts, [&](Axis part) { return isDynamic(part); })) {
        // The outermost alone may be of any size.
        for (Axis part : ArrayRef(parts).drop_front())
          fixed.push_back(part);
        tieDynamic(element->axis, parts.front());
        return;
      }
      for (Axis part : parts)
        product = product ? axes.makeProduct(*product, part) : part;
      axes.unify(element->axis, *product);
    }

    /// Whatever could not be unified is fixed wherever the operation meets it.
    void finish() {
      for (Axis axis : axes.takeFrozen())
        fixed.push_back(axis);
      for (Axis axis : fixed)
        for (const AxisEnd &end : ends)
          builder.pins.push_back(
              {axis,
               {end, op,
                "it cuts the dimension in blocks that do not fit its others"}});
    }

  private:
    std::optional<AxisEnd> getElement(const OrderEnd &end) {
      std::optional<AxisEnd> element = builder.getElement(end, op);
      if (element)
        ends.push_back(*element);
      return element;
    }

    bool isDynamic(Axis axis) {
      return ShapedType::isDynamic(axes.getSize(axis));
    }

    void tieDynamic(Axis a, Axis b) {
      if (isDynamic(a) && isDynamic(b))
        axes.unify(a, b);
      else
        fixed.append({a, b});
    }

    void tie(const AxisEnd &a, const AxisEnd &b) {
      if (isDynamic(a.axis) || isDynamic(b.axis))
        return tieDynamic(a.axis, b.axis);
      const int64_t blocks =
          std::gcd(axes.getSize(a.axis), axes.getSize(b.axis));
      auto first = axes.split(a.axis, blocks);
      auto second = axes.split(b.axis, blocks);
      if (!first || !second) {
        fixed.append({a.axis, b.axis});
        return;
      }
      axes.unify(first->first, second->first);
      fixed.append({first->second, second->second});
    }

    ChannelOrderBuilder &builder;
    OrderAxes &axes;
    Operation *op;
    SmallVector<AxisEnd, 8> ends;
    SmallVector<Axis, 4> fixed;
  };

  void mark(const OrderEnd &end) {
    if (end.use)
      knownUses.insert({end.use, end.dim});
    else
      knownDefs.insert({end.value, end.dim});
  }

  /// What no rule has mentioned stays as it is.
  void pinTheRest(Operation *op) {
    constexpr StringLiteral reason =
        "hinm does not know what an order does to it "
        "(see ChannelOrderOpInterface)";
    ChannelOrderRule rule;
    auto pin = [&](OrderEnd end) {
      auto type = dyn_cast<RankedTensorType>(end.value.getType());
      for (end.dim = 0; type && end.dim < type.getRank(); ++end.dim)
        if (end.use ? !knownUses.contains({end.use, end.dim})
                    : !knownDefs.contains({end.value, end.dim}))
          rule.pin(end, reason);
    };
    if (op != root)
      for (OpOperand &operand : op->getOpOperands())
        if (!ignored.contains(&operand))
          pin({operand, 0});
    if (op != root)
      for (Value value : op->getResults())
        pin({value, 0});
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Value argument : block.getArguments())
          pin({argument, 0});
    add(op, rule);
  }

  /// Whether reordering \p value changes nothing.
  bool isInvariant(Value value) {
    auto [it, isNew] = invariant.try_emplace(value, false);
    if (!isNew)
      return it->second;
    Operation *def = value.getDefiningOp();
    bool is = false;
    if (isa_and_present<tensor::EmptyOp, tensor::SplatOp, linalg::FillOp>(
            def)) {
      is = true;
    } else if (def && def->hasTrait<OpTrait::ConstantLike>()) {
      ElementsAttr attr;
      is = matchPattern(value, m_Constant(&attr)) && attr.isSplat();
    }
    return invariant[value] = is;
  }

  /// \p end with its axis; none where order has no meaning. An element that
  /// can not be put in another order is pinned by \p op.
  std::optional<AxisEnd> getElement(const OrderEnd &end, Operation *op) {
    mark(end);
    auto type = dyn_cast<RankedTensorType>(end.value.getType());
    if (!type || type.getDimSize(end.dim) == 0 ||
        type.getDimSize(end.dim) == 1 || isInvariant(end.value))
      return std::nullopt;
    Operation *def = end.value.getDefiningOp();
    const bool isConstant = def && def->hasTrait<OpTrait::ConstantLike>();
    if (isConstant && !end.use)
      return std::nullopt;
    unsigned &index = isConstant ? constantUses[{end.use, end.dim}]
                                 : values[{end.value, end.dim}];
    if (index != 0)
      return AxisEnd(end, elements[index - 1].end.axis);
    const Axis axis = axes.makeFree(type.getDimSize(end.dim));
    elements.push_back(
        {AxisEnd(isConstant ? end : OrderEnd(end.value, end.dim), axis),
         isConstant});
    index = elements.size();
    const AxisEnd element(end, axis);
    if (type.isDynamicDim(end.dim))
      pins.push_back(
          {axis, {element, op, "the size is dynamic", /*isHard=*/true}});
    if (isConstant) {
      ElementsAttr attr;
      if (!matchPattern(end.value, m_Constant(&attr)) || !isPermutable(attr))
        pins.push_back({axis,
                        {element, op, "it reads a constant without data",
                         /*isHard=*/true}});
    }
    return element;
  }

  llvm::SmallSetVector<Axis, 2> getLeaves(Axis axis) {
    llvm::SmallSetVector<Axis, 2> leaves;
    axes.collectFree(axis, leaves);
    return leaves;
  }

  void makeClasses() {
    for (const Element &element : elements) {
      for (Axis leaf : getLeaves(element.end.axis)) {
        auto [it, isNew] =
            result.classOf.try_emplace(leaf, result.classes.size());
        if (isNew) {
          const int64_t size = axes.getSize(leaf);
          result.classes.emplace_back().count =
              ShapedType::isDynamic(size) ? 0 : size;
          result.leaves.push_back(leaf);
        }
        OrderClass &orderClass = result.classes[it->second];
        (element.isConstant ? orderClass.constants : orderClass.members)
            .push_back(element.end);
      }
      if (!element.isConstant)
        result.axisOf[{element.end.value, element.end.dim}] = element.end.axis;
    }
    auto getClass = [&](Axis leaf) -> OrderClass & {
      return result.classes[result.classOf.lookup(leaf)];
    };
    for (const AxisEnd &end : producers)
      for (Axis leaf : getLeaves(end.axis))
        getClass(leaf).producers.push_back(end);
    for (const AxisEnd &end : consumers)
      for (Axis leaf : getLeaves(end.axis))
        getClass(leaf).consumers.push_back(end);
    // One permute at an end undoes an order, so that an end is pinned once,
    // however many parts of its axis are, and by how many operations.
    llvm::DenseMap<std::tuple<Axis, void *, int64_t>, size_t> pinned;
    for (auto &[axis, pin] : pins) {
      const llvm::SmallSetVector<Axis, 2> atEnd = getLeaves(pin.end.axis);
      for (Axis leaf : getLeaves(axis)) {
        if (!atEnd.contains(leaf))
          continue;
        SmallVectorImpl<OrderClass::Pin> &ofClass = getClass(leaf).pins;
        void *place = pin.end.use ? static_cast<void *>(pin.end.use)
                                  : pin.end.value.getAsOpaquePointer();
        auto [it, isNew] =
            pinned.try_emplace({leaf, place, pin.end.dim}, ofClass.size());
        if (isNew)
          ofClass.push_back(pin);
        else
          ofClass[it->second].isHard |= pin.isHard;
      }
    }
  }

  Operation *root;
  ChannelOrder &result;
  OrderAxes &axes;
  SymbolTableCollection symbolTables;
  llvm::MapVector<FunctionOpInterface, Function> functions;

  struct Element {
    AxisEnd end;
    bool isConstant;
  };
  SmallVector<Element, 0> elements;
  /// Index of the element, plus 1.
  llvm::DenseMap<std::pair<Value, int64_t>, unsigned> values;
  llvm::DenseMap<std::pair<OpOperand *, int64_t>, unsigned> constantUses;
  llvm::DenseMap<Value, bool> invariant;

  SmallVector<AxisEnd> producers, consumers;
  /// What is pinned, an axis or a part of one, and where.
  SmallVector<std::pair<Axis, OrderClass::Pin>> pins;
  llvm::DenseSet<std::pair<OpOperand *, int64_t>> knownUses;
  llvm::DenseSet<std::pair<Value, int64_t>> knownDefs;
  llvm::DenseSet<OpOperand *> ignored;
};

//===----------------------------------------------------------------------===//
// ChannelOrder
//===----------------------------------------------------------------------===//

ChannelOrder::ChannelOrder(Operation *root) {
  ChannelOrderBuilder(root, *this).run();
}

std::optional<OrderAxes::Axis> ChannelOrder::lookup(Value value,
                                                    int64_t dim) const {
  auto it = axisOf.find({value, dim});
  return it == axisOf.end() ? std::nullopt : std::optional(it->second);
}

SmallVector<const OrderClass *, 2>
ChannelOrder::getClassesOf(OrderAxes::Axis axis) const {
  llvm::SmallSetVector<OrderAxes::Axis, 2> parts;
  axes.collectFree(axis, parts);
  return llvm::map_to_vector<2>(parts, [&](OrderAxes::Axis leaf) {
    return &classes[classOf.lookup(leaf)];
  });
}

void ChannelOrder::forEachClass(
    OrderAxes::Axis axis,
    llvm::function_ref<void(const OrderClass &, int64_t, int64_t)> visit)
    const {
  axes.forEachFree(axis,
                   [&](OrderAxes::Axis leaf, int64_t offset, int64_t block) {
                     visit(classes[classOf.lookup(leaf)], offset, block);
                   });
}

core::Permutation ChannelOrder::expand(OrderAxes::Axis axis,
                                       const OrderClass &orderClass,
                                       ArrayRef<int32_t> order) const {
  return axes.expand(axis, leaves[&orderClass - classes.data()], order);
}

std::optional<ChannelOrder::Orders>
ChannelOrder::decompose(OrderAxes::Axis axis, ArrayRef<int32_t> order) const {
  std::optional<OrderAxes::Orders> parts = axes.decompose(axis, order);
  if (!parts)
    return std::nullopt;
  Orders orders;
  for (auto &[leaf, part] : *parts)
    orders.insert({&classes[classOf.lookup(leaf)], part});
  return orders;
}

namespace {

std::string describe(Operation *op) {
  std::string text = "'" + op->getName().getStringRef().str() + "'";
  for (StringRef key : {"layer", "sym_name"})
    if (auto name = op->getAttrOfType<StringAttr>(key))
      text += " \"" + name.str() + "\"";
  return text;
}

std::string describe(const OrderEnd &end) {
  if (end.use)
    return llvm::formatv("{0} operand {1} dim {2}",
                         describe(end.use->getOwner()),
                         end.use->getOperandNumber(), end.dim);
  if (auto result = dyn_cast<OpResult>(end.value))
    return llvm::formatv("{0} result {1} dim {2}", describe(result.getOwner()),
                         result.getResultNumber(), end.dim);
  auto argument = cast<BlockArgument>(end.value);
  return llvm::formatv("{0} argument {1} dim {2}",
                       describe(argument.getOwner()->getParentOp()),
                       argument.getArgNumber(), end.dim);
}

/// A class that no order enters or leaves is of no interest.
bool isOfInterest(const OrderClass &orderClass) {
  return !orderClass.producers.empty() || !orderClass.consumers.empty();
}

std::string quoteForGraphviz(StringRef text) {
  std::string quoted;
  for (char c : text) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return '"' + quoted + '"';
}

} // namespace

void ChannelOrder::print(llvm::raw_ostream &os, bool all) const {
  // A dimension that is more than the class says what it is.
  auto printEnd = [&](StringRef role,
                      const AxisEnd &end) -> llvm::raw_ostream & {
    os << "  " << role << ' ' << describe(end);
    if (axes.isFree(end.axis))
      return os;
    os << " = ";
    axes.print(os, end.axis, [&](OrderAxes::Axis leaf) {
      os << 'c' << classOf.lookup(leaf);
    });
    return os;
  };
  for (auto [i, orderClass] : llvm::enumerate(classes)) {
    if (!all && !isOfInterest(orderClass))
      continue;
    os << "class " << i << ": " << orderClass.count << " units, "
       << orderClass.members.size() << " values, "
       << orderClass.constants.size() << " constants, "
       << (orderClass.isFree() ? "free" : "pinned") << '\n';
    for (const AxisEnd &end : orderClass.producers)
      printEnd("produced by", end) << '\n';
    for (const AxisEnd &end : orderClass.consumers)
      printEnd("consumed by", end) << '\n';
    for (const OrderClass::Pin &pin : orderClass.pins)
      printEnd("pinned at", pin.end)
          << ": " << describe(pin.op) << ": " << pin.reason << '\n';
  }
}

void ChannelOrder::printGraph(llvm::raw_ostream &os) const {
  os << "digraph channel_orders {\n  node [shape=box];\n";
  llvm::MapVector<Operation *, unsigned> numbers;
  auto node = [&](Operation *op) {
    auto [it, isNew] = numbers.try_emplace(op, numbers.size());
    if (isNew)
      os << "  op" << it->second << " [label=" << quoteForGraphviz(describe(op))
         << ", shape=ellipse];\n";
    return it->second;
  };
  for (auto [i, orderClass] : llvm::enumerate(classes)) {
    if (!isOfInterest(orderClass))
      continue;
    os << "  class" << i << " [label=\"" << orderClass.count << " units\""
       << (orderClass.isFree() ? "" : ", style=filled") << "];\n";
    for (const AxisEnd &end : orderClass.producers) {
      const unsigned from = node(end.value.getDefiningOp());
      os << "  op" << from << " -> class" << i << ";\n";
    }
    for (const AxisEnd &end : orderClass.consumers) {
      const unsigned to = node(end.use->getOwner());
      os << "  class" << i << " -> op" << to << ";\n";
    }
    for (const OrderClass::Pin &pin : orderClass.pins) {
      const unsigned by = node(pin.op);
      os << "  op" << by << " -> class" << i
         << " [style=dashed, label=" << quoteForGraphviz(pin.reason) << "];\n";
    }
  }
  os << "}\n";
}

} // namespace hinm
