//===- hinm-run.cpp - Compile a model sparsely, run it, check it ----------===//
//
// Part of the hinm project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
///
/// \file
/// Takes a dense model and the options of hinm-pipeline; compiles it, runs it
/// on the emulator or a GPU, and compares the result with the f64 evaluation of
/// the pruned and of the unpruned model.
///
//===----------------------------------------------------------------------===//

#include "Executor.h"
#include "LayerCheck.h"
#include "NpyFile.h"
#include "hinm-c/Runtime.h"
#include "hinm/Conversion/Passes.h"
#include "hinm/InitAll.h"
#include "hinm/Pipelines.h"
#include "hinm/ProgressLine.h"
#include "hinm/Transforms/IntegerImage.h"
#include "hinm/Transforms/LayerReport.h"
#include "hinm/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/WithColor.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <chrono>

using namespace mlir;
using namespace hinm;
using namespace hinm::run;
namespace cl = llvm::cl;

static cl::OptionCategory category("hinm-run options");
static cl::opt<std::string> modelFile(cl::Positional, cl::Required,
                                      cl::desc("<model.mlir>"),
                                      cl::cat(category));
static cl::opt<double> sparsity("sparsity", cl::init(0.75), cl::cat(category),
                                cl::desc("Share of the weights to drop"));
static cl::opt<int64_t>
    vectorSize("vector-size", cl::init(32), cl::cat(category),
               cl::desc("V, rows of a tile: 32, 64, 128 or 256"));
static cl::opt<int64_t>
    window("window", cl::init(0), cl::cat(category),
           cl::desc("Columns that groups stay within, and of which each tile "
                    "keeps the same share; 0: all"));
static cl::opt<std::string>
    dtype("dtype", cl::init("f16"), cl::cat(category),
          cl::desc("f16, bf16, tf32, i8, f8E4M3FN or f8E5M2"));
static cl::opt<std::string>
    algorithm("algorithm", cl::init("exchange"), cl::cat(category),
              cl::desc("Permutation search: exchange, gyro or none"));
static cl::opt<std::string>
    orders("orders", cl::init("class"), cl::cat(category),
           cl::desc("One order of the rows for each class of layers that share "
                    "their channels, or for each layer"));
static cl::opt<std::string> saliency(
    "saliency", cl::init("magnitude"), cl::cat(category),
    cl::desc(
        "magnitude, squared, or by statistics: wanda, fisher, obs, given"));
static cl::opt<std::string>
    statistics("statistics", cl::cat(category),
               cl::desc("safetensors file with a tensor of calibration "
                        "statistics for each layer"));
static cl::opt<uint64_t> seed("seed", cl::init(0), cl::cat(category),
                              cl::desc("Seed of the search and the inputs"));
static cl::opt<double>
    timeBudget("time-budget", cl::init(std::numeric_limits<double>::infinity()),
               cl::cat(category),
               cl::desc("Seconds of search for each layer (default: until it "
                        "converges)"));
static cl::opt<std::string>
    layerFilter("layers", cl::init(".*"), cl::cat(category),
                cl::desc("Regular expression of the layers to sparsify"));
static cl::opt<std::string>
    skipFilter("skip", cl::init(""), cl::cat(category),
               cl::desc("Regular expression of the layers to leave dense"));
static cl::opt<std::string>
    weightsFile("weights", cl::init(""), cl::cat(category),
                cl::desc("safetensors file for weights the model only names"));
static cl::opt<std::string> device("device", cl::init("emulator"),
                                   cl::cat(category),
                                   cl::desc("emulator or cuda"));
static cl::opt<std::string> chip("chip", cl::init("sm_80"), cl::cat(category),
                                 cl::desc("Architecture for device=cuda"));
static cl::opt<std::string>
    schedules("schedules", cl::cat(category), cl::value_desc("file"),
              cl::desc("JSON file of schedules that were measured, by chip and "
                       "shape"));
static cl::opt<std::string> entry("entry", cl::init(""), cl::cat(category),
                                  cl::desc("Function to run (default: main, or "
                                           "the only public one)"));
static cl::list<std::string>
    inputFiles("input", cl::cat(category),
               cl::desc(".npy file for the next argument; without, N(0, 1)"));
static cl::opt<int64_t> tokens("tokens", cl::init(128), cl::cat(category),
                               cl::desc("Size of dynamic dimensions of random "
                                        "inputs"));
static cl::opt<std::string>
    outputFile("output", cl::init(""), cl::cat(category),
               cl::desc("Write the first result to this .npy file"));
static cl::opt<std::string>
    labelsFile("labels", cl::init(""), cl::cat(category),
               cl::desc(".npy file of classes: print the top-1 accuracy"));
static cl::opt<double> bound(
    "bound", cl::init(0.0), cl::cat(category),
    cl::desc("Largest relative error (Frobenius) against the pruned model "
             "in f64; default 2e-3 for f16, 1.6e-2 for bf16"));
static cl::opt<bool>
    exact("exact", cl::cat(category),
          cl::desc("Also compare the reordered, unpruned model with the dense "
                   "one in integers modulo 2^32, bit for bit"));
static cl::opt<bool> json("json", cl::cat(category),
                          cl::desc("Print JSON instead of tables"));

namespace {

llvm::ExitOnError exitOnError("hinm-run: error: ");

/// Ends with a message that says what to do.
[[noreturn]] void fail(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs(), "hinm-run") << message << "\n";
  std::exit(1);
}

/// A line about what goes on, for people only.
void say(const llvm::Twine &message) {
  if (llvm::errs().is_displayed())
    llvm::errs() << "hinm-run: " << message << "\n";
}

void checkRuntime(llvm::StringRef when) {
  if (const char *error = hinmRuntimeLastError())
    fail(when + ": " + error);
}

using Stage = void (*)(OpPassManager &, const PipelineOptions &);

void runStage(ModuleOp module, Stage stage, const PipelineOptions &options) {
  PassManager pm(module.getContext());
  stage(pm, options);
  // The passes have said what is wrong.
  if (failed(pm.run(module)))
    std::exit(1);
}

func::FuncOp findEntry(ModuleOp module) {
  SmallVector<func::FuncOp> candidates;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || function.isPrivate())
      continue;
    if (function.getName() == (entry.empty() ? "main" : entry.getValue()))
      return function;
    candidates.push_back(function);
  }
  if (!entry.empty())
    fail("the model has no public function '" + entry + "'");
  if (candidates.size() != 1)
    fail("the model has " + llvm::Twine(candidates.size()) +
         " public functions and none named 'main'; choose one with --entry");
  return candidates.front();
}

void checkSignature(func::FuncOp function) {
  auto check = [&](Type type, llvm::StringRef what) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !isSupported(tensor.getElementType())) {
      function.emitError("has ")
          << what << " of type " << type
          << "; hinm-run can pass ranked tensors of f16, bf16, f32, f64, i1, "
             "i8, i32, i64 and index";
      std::exit(1);
    }
  };
  for (Type type : function.getFunctionType().getInputs())
    check(type, "an argument");
  for (Type type : function.getFunctionType().getResults())
    check(type, "a result");
}

std::vector<Tensor> makeInputs(FunctionType type, MLIRContext *context) {
  if (inputFiles.size() > type.getNumInputs())
    fail("--input is given " + llvm::Twine(inputFiles.size()) +
         " times, but the function has " + llvm::Twine(type.getNumInputs()) +
         " arguments");
  std::mt19937_64 random(seed);
  std::vector<Tensor> inputs;
  for (auto [i, argument] : llvm::enumerate(type.getInputs())) {
    auto tensorType = cast<RankedTensorType>(argument);
    if (i >= inputFiles.size()) {
      SmallVector<int64_t> shape(tensorType.getShape());
      std::replace(shape.begin(), shape.end(), ShapedType::kDynamic,
                   tokens.getValue());
      inputs.push_back(makeRandom(shape, tensorType.getElementType(), random));
      continue;
    }
    Tensor tensor = exitOnError(readNpy(inputFiles[i], context));
    bool fits =
        static_cast<int64_t>(tensor.shape.size()) == tensorType.getRank();
    for (int64_t d = 0; fits && d < tensorType.getRank(); ++d)
      fits = tensorType.isDynamicDim(d) ||
             tensorType.getDimSize(d) == tensor.shape[d];
    if (!fits) {
      std::string shape;
      for (int64_t size : tensor.shape)
        shape += (shape.empty() ? "" : "x") + std::to_string(size);
      std::string expected;
      llvm::raw_string_ostream(expected) << tensorType;
      fail(inputFiles[i] + " is " + shape + ", but argument " + llvm::Twine(i) +
           " is " + expected);
    }
    for (double &value : tensor.values)
      value = roundTo(value, tensorType.getElementType());
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

/// Evaluates \p name of \p module on the host.
std::vector<Tensor> evaluate(ModuleOp module, llvm::StringRef name,
                             llvm::ArrayRef<Tensor> inputs) {
  FunctionType type = module.lookupSymbol<func::FuncOp>(name).getFunctionType();
  requestWrappers(module);
  runStage(
      module,
      [](OpPassManager &pm, const PipelineOptions &) { buildHostPipeline(pm); },
      PipelineOptions());
  Executor executor = exitOnError(Executor::create(module));
  return exitOnError(executor.call(name, type, inputs));
}

/// Evaluates \p name of \p module in f64.
std::vector<Tensor> evaluateWide(ModuleOp module, llvm::StringRef name,
                                 llvm::ArrayRef<Tensor> inputs) {
  PassManager widen(module.getContext());
  widen.addPass(createWidenFloats());
  if (failed(widen.run(module)))
    std::exit(1);
  return evaluate(module, name, inputs);
}

/// Evaluates \p name of \p module in integers modulo 2^32.
std::vector<Tensor> evaluateInIntegers(ModuleOp module, llvm::StringRef name,
                                       std::vector<Tensor> inputs) {
  FunctionType type = module.lookupSymbol<func::FuncOp>(name).getFunctionType();
  for (auto [argument, input] : llvm::zip_equal(type.getInputs(), inputs))
    if (isa<FloatType>(getElementTypeOrSelf(argument)))
      for (double &value : input.values)
        value = getIntegerImage(value);
  PassManager pm(module.getContext());
  pm.addPass(createConvertHiNMToLinalg());
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  pm.addPass(createFloatsToIntegers());
  if (failed(pm.run(module)))
    std::exit(1);
  return evaluate(module, name, inputs);
}

/// Elements of \p results that are not those of \p references.
int64_t countDifferent(llvm::ArrayRef<Tensor> results,
                       llvm::ArrayRef<Tensor> references) {
  int64_t count = 0;
  for (auto [result, reference] : llvm::zip_equal(results, references))
    for (auto [a, b] : llvm::zip_equal(result.values, reference.values))
      count += a != b;
  return count;
}

/// What a change of the order of f64 sums may do to a result.
constexpr double ordersBound = 1e-9;

double worstError(llvm::ArrayRef<Tensor> results,
                  llvm::ArrayRef<Tensor> references) {
  double worst = 0.0;
  for (auto [result, reference] : llvm::zip_equal(results, references))
    worst = std::max(worst, relativeError(result, reference));
  return worst;
}

/// Share of the rows of \p logits whose largest entry is the label's.
double accuracy(const Tensor &logits, const Tensor &labels) {
  const int64_t classes = logits.shape.back();
  int64_t right = 0, count = labels.values.size();
  if (classes * count != static_cast<int64_t>(logits.values.size()))
    fail("--labels has " + llvm::Twine(count) +
         " entries, but the result has " +
         llvm::Twine(logits.values.size() / classes) + " rows");
  for (int64_t i = 0; i < count; ++i) {
    auto begin = logits.values.begin() + i * classes;
    right += std::max_element(begin, begin + classes) - begin ==
             static_cast<int64_t>(labels.values[i]);
  }
  return static_cast<double>(right) / count;
}

void printLayerRuns(const ModuleReport &report, llvm::ArrayRef<LayerRun> runs) {
  size_t width = 5;
  for (const LayerReport &layer : report.layers)
    width = std::max(width, layer.name.size());
  llvm::outs() << llvm::left_justify("layer", width)
               << "  sparsity  retained  without   error     time\n";
  size_t next = 0;
  for (const LayerReport &layer : report.layers) {
    llvm::outs() << llvm::left_justify(layer.name, width);
    if (layer.status != "packed") {
      llvm::outs() << "  " << layer.status << ": " << layer.reason << "\n";
      continue;
    }
    for (std::optional<double> share :
         {layer.sparsity, layer.retained, layer.retainedNoPermutation})
      llvm::outs() << llvm::format("  %8.4f", share.value_or(0.0));
    if (layer.kernel == "none") {
      llvm::outs() << "  on the host: " << layer.reason << "\n";
      continue;
    }
    const LayerRun &run = runs[next++];
    llvm::outs() << llvm::format("  %.2e  %.2f ms\n", run.error,
                                 run.milliseconds);
  }
  llvm::outs() << "permutations: " << report.permutationsFolded << " folded, "
               << report.runtimePermutes << " left at run time\n";
}

} // namespace

/// What rounding to the type may cost over a few layers. f16 and tf32 have the
/// same 10 bits of fraction.
static double getDefaultBound() {
  return llvm::StringSwitch<double>(dtype)
      .Case("bf16", 1.6e-2)
      .Case("i8", 2e-2)
      .Case("f8E4M3FN", 5e-2)
      .Case("f8E5M2", 1e-1)
      .Default(2e-3);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Compiles a dense model with HiNM-sparse layers, runs it, and checks it "
      "against f64.\n");
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();

  PipelineOptions options;
  options.sparsity = sparsity;
  options.vectorSize = vectorSize;
  options.window = window;
  options.dtype = dtype;
  options.algorithm = algorithm;
  options.orders = orders;
  options.saliency = saliency;
  options.statistics = statistics;
  options.seed = seed;
  options.timeBudget = timeBudget;
  options.layers = layerFilter;
  options.skip = skipFilter;
  options.weights = weightsFile;
  options.device = device == "cuda" ? Device::Cuda : Device::Emulator;
  options.chip = chip;
  options.schedules = schedules;
  if (device != "emulator" && device != "cuda")
    fail("unknown device '" + device + "', expected emulator or cuda");
  if (hinmRuntimeSelectDevice(device.c_str()))
    checkRuntime("cannot use the device");
  const double limit = bound > 0.0 ? bound.getValue() : getDefaultBound();

  DialectRegistry registry;
  registerAllDialects(registry);
  registerProgressLine(registry);
  registerAllToLLVMIRTranslations(registry);
  MLIRContext context(registry);
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler diagnostics(sources, &context);
  OwningOpRef<ModuleOp> dense =
      parseSourceFile<ModuleOp>(modelFile, sources, &context);
  if (!dense)
    return 1;
  func::FuncOp function = findEntry(*dense);
  checkSignature(function);
  const FunctionType type = function.getFunctionType();
  const std::string name = function.getName().str();
  std::vector<Tensor> inputs = makeInputs(type, &context);

  say("searching permutations and pruning");
  auto start = std::chrono::steady_clock::now();
  OwningOpRef<ModuleOp> sparse = dense->clone();
  runStage(*sparse, buildOrderPipeline, options);
  OwningOpRef<ModuleOp> reordered = sparse->clone();
  runStage(
      *sparse,
      [](OpPassManager &pm, const PipelineOptions &) {
        pm.addPass(createPrune());
      },
      options);
  OwningOpRef<ModuleOp> masked = sparse->clone();
  runStage(*sparse, buildPackPipeline, options);
  const ModuleReport report = collectReport(*sparse);
  if (llvm::none_of(report.layers, [](const LayerReport &layer) {
        return layer.status == "packed";
      })) {
    printReport(report, llvm::errs());
    fail("no layer was sparsified, see the reasons above");
  }

  say("compiling");
  int64_t layerTokens = tokens;
  std::vector<LayerFunction> layers =
      exitOnError(isolateLayers(*sparse, layerTokens));
  requestWrappers(*sparse);
  runStage(*sparse, buildDevicePipeline, options);
  const double compileSeconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  Executor executor = exitOnError(Executor::create(*sparse));
  checkRuntime("loading the kernels");

  say("running");
  std::mt19937_64 random(seed + 1);
  std::vector<LayerRun> runs;
  for (const LayerFunction &layer : layers) {
    runs.push_back(exitOnError(runLayer(executor, layer, random)));
    checkRuntime("running layer '" + layer.function + "'");
  }
  hinmRuntimeResetLaunches();
  std::vector<Tensor> results = exitOnError(executor.call(name, type, inputs));
  checkRuntime("running '" + name + "'");
  double kernelTime = 0.0;
  for (int64_t i = 0; i < hinmRuntimeLaunchCount(); ++i)
    kernelTime += hinmRuntimeLaunchMilliseconds(i);

  std::optional<int64_t> different;
  if (exact) {
    say("evaluating the orders in integers");
    OwningOpRef<ModuleOp> before = dense->clone(), behind = reordered->clone();
    different = countDifferent(evaluateInIntegers(*behind, name, inputs),
                               evaluateInIntegers(*before, name, inputs));
  }
  say("evaluating the references in f64");
  std::vector<Tensor> maskedResults = evaluateWide(*masked, name, inputs);
  std::vector<Tensor> denseResults = evaluateWide(*dense, name, inputs);
  const double errorOfOrders =
      worstError(evaluateWide(*reordered, name, inputs), denseResults);
  const double errorVsMasked = worstError(results, maskedResults);
  const double errorVsDense = worstError(results, denseResults);
  double worst = errorVsMasked;
  for (const LayerRun &run : runs)
    worst = std::max(worst, run.error);

  if (!outputFile.empty() && !results.empty())
    exitOnError(writeNpy(outputFile, results.front(), &context));
  std::optional<std::pair<double, double>> accuracies;
  if (!labelsFile.empty() && !results.empty()) {
    Tensor labels = exitOnError(readNpy(labelsFile, &context));
    accuracies = {accuracy(denseResults.front(), labels),
                  accuracy(results.front(), labels)};
  }

  if (json) {
    llvm::json::Object object = toJSON(report);
    size_t next = 0;
    for (llvm::json::Value &value : *object.getArray("layers")) {
      llvm::json::Object &layer = *value.getAsObject();
      if (layer.getString("kernel") == "none")
        continue;
      layer["error"] = runs[next].error;
      layer["time_ms"] = runs[next++].milliseconds;
    }
    object["error_of_orders"] = errorOfOrders;
    if (different)
      object["different_integers"] = *different;
    object["error_vs_masked"] = errorVsMasked;
    object["error_vs_dense"] = errorVsDense;
    object["bound"] = limit;
    object["time_ms"] = kernelTime;
    object["compile_s"] = compileSeconds;
    object["device"] = hinmRuntimeDeviceName();
    if (accuracies) {
      object["accuracy_dense"] = accuracies->first;
      object["accuracy"] = accuracies->second;
    }
    llvm::outs() << llvm::formatv("{0:2}", llvm::json::Value(std::move(object)))
                 << "\n";
  } else {
    printLayerRuns(report, runs);
    llvm::outs() << "device: " << hinmRuntimeDeviceName()
                 << llvm::format(", kernels %.2f ms, compiled in %.2f s\n",
                                 kernelTime, compileSeconds)
                 << llvm::format(
                        "reordered and unpruned, in f64: relative error "
                        "%.1e (bound %.0e)\n",
                        errorOfOrders, ordersBound);
    if (different)
      llvm::outs() << "reordered and unpruned, in integers modulo 2^32: "
                   << *different << " elements differ\n";
    llvm::outs() << llvm::format(
        "relative error: %.2e against the pruned model "
        "in f64 (bound %.1e), %.2e against the "
        "unpruned model\n",
        errorVsMasked, limit, errorVsDense);
    if (accuracies)
      llvm::outs() << llvm::format(
          "top-1 accuracy: %.2f %% dense, %.2f %% sparse, not fine-tuned\n",
          100 * accuracies->first, 100 * accuracies->second);
  }
  llvm::outs().flush();
  if (different.value_or(0) != 0)
    fail("the reordered model, unpruned, differs in " +
         llvm::Twine(*different) +
         " elements in integers: an order was not carried right, please report "
         "this");
  // Written so that a NaN fails.
  if (!(errorOfOrders <= ordersBound))
    fail("the reordered model, unpruned, is off by " +
         llvm::Twine(std::to_string(errorOfOrders)) +
         ": an order was not carried right, please report this");
  if (!(worst <= limit))
    fail("the relative error " + llvm::Twine(std::to_string(worst)) +
         " exceeds the bound " + llvm::Twine(std::to_string(limit)));
  return 0;
}
