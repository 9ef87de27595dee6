// Calls CUTLASS's 2:4 products (github.com/NVIDIA/cutlass, BSD-3-Clause) from
// the benchmark. Nothing of it is here; it is fetched and built beside:
//
//   git clone --branch v4.6.2 --depth 1 https://github.com/NVIDIA/cutlass
//   nvcc -std=c++17 -O3 -arch=sm_90a -shared -Xcompiler -fPIC \
//        --expt-relaxed-constexpr -Icutlass/include \
//        -Icutlass/tools/util/include \
//        benchmarks/kernels/peers/cutlass.cu -o libcutlass_peer.so
//   python benchmarks/kernels/bench_kernels.py .bundle \
//        --cutlass=./libcutlass_peer.so ...
//
// Two families, as its examples 15 and 62: mma.sp with cp.async (sm80), and
// wgmma.mma_async.sp with TMA (sm90). Y = W · X in f16 with f32 sums; W is
// row-major and 2:4, X columns × tokens and Y rows × tokens, both row-major.

#include "cutlass/cutlass.h"
#include "cutlass/epilogue/collective/collective_builder.hpp"
#include "cutlass/epilogue/thread/linear_combination.h"
#include "cutlass/gemm/collective/collective_builder.hpp"
#include "cutlass/gemm/device/gemm_sparse.h"
#include "cutlass/gemm/device/gemm_universal_adapter.h"
#include "cutlass/gemm/kernel/gemm_universal.hpp"
#include "cutlass/transform/device/transform_universal_adapter.hpp"
#include "cutlass/transform/kernel/sparse_gemm_compressor.hpp"
#include "cutlass/util/device_memory.h"
#include "cutlass/util/host_reorder.h"
#include "cutlass/util/host_tensor.h"
#include "cutlass/util/packed_stride.hpp"
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

using cutlass::half_t;
using cutlass::layout::RowMajor;

/// A product with its operands, ready to be launched again and again.
struct CutlassProduct {
  virtual ~CutlassProduct() = default;
  virtual bool launch(cudaStream_t stream) = 0;
};

namespace {

using Bytes = cutlass::device_memory::allocation<uint8_t>;

//===----------------------------------------------------------------------===//
// sm80
//===----------------------------------------------------------------------===//

template <int BlockM, int BlockN, int BlockK, int WarpM, int WarpN, int Stages>
using Gemm80 = cutlass::gemm::device::SparseGemm<
    half_t, RowMajor, half_t, RowMajor, half_t, RowMajor, float,
    cutlass::arch::OpClassTensorOp, cutlass::arch::Sm80,
    cutlass::gemm::GemmShape<BlockM, BlockN, BlockK>,
    cutlass::gemm::GemmShape<WarpM, WarpN, BlockK>,
    cutlass::gemm::GemmShape<16, 8, 32>,
    cutlass::epilogue::thread::LinearCombination<half_t, 8, float, float>,
    cutlass::gemm::threadblock::GemmIdentityThreadblockSwizzle<8>, Stages>;

using First80 = Gemm80<128, 128, 64, 64, 64, 4>;
using Metadata80 = cutlass::HostTensor<First80::ElementE, First80::LayoutE>;

/// The weight as sm80 takes it: kept weights, row-major, and metadata in the
/// order of ldmatrix.
struct Weight80 {
  cutlass::device_memory::allocation<half_t> values;
  Metadata80 metadata;
};

/// Of every four the places of two weights that keep all that is not zero;
/// false if there are more than two.
bool findPair(const half_t *group, int &low, int &high) {
  int places[2], count = 0;
  for (int i = 0; i < 4; ++i)
    if (group[i] != half_t(0)) {
      if (count == 2)
        return false;
      places[count++] = i;
    }
  // A group with fewer keeps zeros as well; places rise.
  low = count > 0 ? places[0] : 0;
  high = count > 1 ? places[1] : (low == 3 ? 3 : low + 1);
  if (high == low)
    low = 2;
  return true;
}

bool compress80(Weight80 &weight, const std::vector<half_t> &dense, int rows,
                int columns) {
  constexpr int perWord = First80::kElementsPerElementE;
  static_assert(First80::kSparse == 2 && perWord == 8);
  int words = columns / 2 / perWord;
  std::vector<half_t> values(dense.size() / 2);
  cutlass::HostTensor<First80::ElementE, RowMajor> plain({rows, words});
  weight.metadata.reset({rows, words});
  for (int row = 0; row < rows; ++row)
    for (int word = 0; word < words; ++word) {
      unsigned bits = 0;
      for (int group = 0; group < perWord / 2; ++group) {
        size_t first = size_t(row) * columns + 2 * perWord * word + 4 * group;
        int low, high;
        if (!findPair(&dense[first], low, high))
          return false;
        values[first / 2] = dense[first + low];
        values[first / 2 + 1] = dense[first + high];
        bits |= unsigned(low | high << 2) << 4 * group;
      }
      plain.at({row, word}) = static_cast<First80::ElementE>(bits);
    }
  cutlass::reorder_meta(weight.metadata.host_ref(), plain.host_ref(),
                        {rows, 1, words});
  weight.metadata.sync_device();
  weight.values.reset(values.size());
  weight.values.copy_from_host(values.data());
  return true;
}

template <typename Gemm>
struct Product80 : CutlassProduct {
  static_assert(std::is_same_v<typename Gemm::LayoutE, First80::LayoutE>);
  Gemm gemm;
  Bytes workspace;

  bool prepare(Weight80 &weight, int rows, int columns, int tokens,
               const half_t *x, half_t *y) {
    typename Gemm::Arguments arguments{
        {rows, tokens, columns},
        {weight.values.get(), RowMajor(columns / 2)},
        {x, RowMajor(tokens)},
        {y, RowMajor(tokens)},
        {y, RowMajor(tokens)},
        weight.metadata.device_ref(),
        {1.f, 0.f},
        1};
    workspace.reset(Gemm::get_workspace_size(arguments));
    return Gemm::can_implement(arguments) == cutlass::Status::kSuccess &&
           gemm.initialize(arguments, workspace.get()) ==
               cutlass::Status::kSuccess;
  }
  bool launch(cudaStream_t stream) override {
    return gemm.run(stream) == cutlass::Status::kSuccess;
  }
};

//===----------------------------------------------------------------------===//
// sm90
//===----------------------------------------------------------------------===//

template <typename Tile, typename Cluster>
struct Types90 {
  using Epilogue = typename cutlass::epilogue::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassSparseTensorOp, Tile, Cluster,
      cutlass::epilogue::collective::EpilogueTileAuto, float, float,
      /*ElementC=*/void, RowMajor, 8, half_t, RowMajor, 8,
      cutlass::epilogue::collective::EpilogueScheduleAuto>::CollectiveOp;
  using Mainloop = typename cutlass::gemm::collective::CollectiveBuilder<
      cutlass::arch::Sm90, cutlass::arch::OpClassSparseTensorOp, half_t,
      RowMajor, 8, half_t, RowMajor, 8, float, Tile, Cluster,
      cutlass::gemm::collective::StageCountAutoCarveout<static_cast<int>(
          sizeof(typename Epilogue::SharedStorage))>,
      cutlass::gemm::collective::KernelScheduleAuto>::CollectiveOp;
  using Gemm = cutlass::gemm::device::GemmUniversalAdapter<
      cutlass::gemm::kernel::GemmUniversal<cute::Shape<int, int, int, int>,
                                           Mainloop, Epilogue>>;
};

template <int M, int N, int K, int ClusterM, int ClusterN>
using Gemm90 = typename Types90<
    cute::Shape<cute::Int<M>, cute::Int<N>, cute::Int<K>>,
    cute::Shape<cute::Int<ClusterM>, cute::Int<ClusterN>, cute::_1>>::Gemm;

using First90 = Gemm90<128, 128, 128, 1, 2>;
using Config90 = First90::GemmKernel::CollectiveMainloop::SparseConfig;
using Shape90 = cute::Shape<int, int, int, int>;

/// The weight as sm90 takes it, from CUTLASS's own compressor.
struct Weight90 {
  Bytes values, metadata;
};

bool compress90(Weight90 &weight, const half_t *dense, int rows, int columns) {
  using Utility = cutlass::transform::kernel::StructuredSparseCompressorUtility<
      Shape90, half_t, RowMajor, Config90>;
  using Compressor = cutlass::transform::device::TransformUniversalAdapter<
      cutlass::transform::kernel::StructuredSparseCompressor<
          Shape90, half_t, RowMajor, Config90, cutlass::arch::Sm90>>;
  using StrideA = cutlass::gemm::TagToStrideA_t<RowMajor>;
  Shape90 shape(rows, 1, columns, 1);
  auto stride = cutlass::make_cute_packed_stride(
      StrideA{}, cute::make_shape(rows, columns, 1));
  Utility utility(shape, stride);
  weight.values.reset(utility.get_compressed_tensor_A_bytes());
  weight.metadata.reset(utility.get_tensor_E_bytes());
  cutlass::KernelHardwareInfo hardware;
  hardware.device_id = 0;
  hardware.sm_count =
      cutlass::KernelHardwareInfo::query_device_multiprocessor_count(0);
  typename Compressor::Arguments arguments{
      shape,
      {dense, stride, weight.values.get(), weight.metadata.get()},
      {hardware}};
  Bytes workspace(Compressor::get_workspace_size(arguments));
  Compressor compressor;
  return compressor.can_implement(arguments) == cutlass::Status::kSuccess &&
         compressor.initialize(arguments, workspace.get()) ==
             cutlass::Status::kSuccess &&
         compressor.run() == cutlass::Status::kSuccess &&
         cudaDeviceSynchronize() == cudaSuccess;
}

template <typename Gemm>
struct Product90 : CutlassProduct {
  using Kernel = typename Gemm::GemmKernel;
  using Mainloop = typename Kernel::CollectiveMainloop;
  using ElementE = typename Mainloop::ElementE;
  static_assert(std::is_same_v<typename Mainloop::SparseConfig, Config90>,
                "one compressed weight serves all");
  Gemm gemm;
  Bytes workspace;

  bool prepare(Weight90 &weight, int rows, int columns, int tokens,
               const half_t *x, half_t *y) {
    Shape90 shape(rows, tokens, columns, 1);
    auto strideX = cutlass::make_cute_packed_stride(
        typename Kernel::StrideB{}, cute::make_shape(tokens, columns, 1));
    auto strideY = cutlass::make_cute_packed_stride(
        typename Kernel::StrideD{}, cute::make_shape(rows, tokens, 1));
    typename Gemm::Arguments arguments{
        cutlass::gemm::GemmUniversalMode::kGemm,
        shape,
        {reinterpret_cast<half_t *>(weight.values.get()),
         Config90::fill_layoutA(shape), x, strideX,
         reinterpret_cast<ElementE *>(weight.metadata.get()),
         Config90::fill_layoutE(shape)},
        {{1.f, 0.f}, nullptr, strideY, y, strideY}};
    workspace.reset(Gemm::get_workspace_size(arguments));
    return Gemm::can_implement(arguments) == cutlass::Status::kSuccess &&
           gemm.initialize(arguments, workspace.get()) ==
               cutlass::Status::kSuccess;
  }
  bool launch(cudaStream_t stream) override {
    return gemm.run(stream) == cutlass::Status::kSuccess;
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// The C functions
//===----------------------------------------------------------------------===//

/// A handle of the C functions below.
struct CutlassWeight {
  int rows, columns;
  bool has80, has90;
  Weight80 weight80;
  Weight90 weight90;
};

namespace {

template <typename Product, typename Weight>
CutlassProduct *make(Weight &weight, const CutlassWeight &whole, int tokens,
                     const half_t *x, half_t *y) {
  auto product = std::make_unique<Product>();
  return product->prepare(weight, whole.rows, whole.columns, tokens, x, y)
             ? product.release()
             : nullptr;
}

using Make = CutlassProduct *(*)(CutlassWeight &, int, const half_t *,
                                 half_t *);

template <typename Gemm>
CutlassProduct *make80(CutlassWeight &weight, int tokens, const half_t *x,
                       half_t *y) {
  return weight.has80
             ? make<Product80<Gemm>>(weight.weight80, weight, tokens, x, y)
             : nullptr;
}

template <typename Gemm>
CutlassProduct *make90(CutlassWeight &weight, int tokens, const half_t *x,
                       half_t *y) {
  return weight.has90
             ? make<Product90<Gemm>>(weight.weight90, weight, tokens, x, y)
             : nullptr;
}

struct Config {
  const char *name;
  Make make;
};

/// A few shapes of each; for these nvcc needs 5 GB and minutes.
constexpr Config configs[] = {
    {"sm80-128x128x64", make80<First80>},
    {"sm80-256x128x64", make80<Gemm80<256, 128, 64, 64, 64, 3>>},
    {"sm80-128x64x64", make80<Gemm80<128, 64, 64, 64, 32, 4>>},
    {"sm90-128x128x128-1x2", make90<First90>},
    {"sm90-128x256x128-2x1", make90<Gemm90<128, 256, 128, 2, 1>>},
    {"sm90-128x64x128-1x1", make90<Gemm90<128, 64, 128, 1, 1>>}};

} // namespace

extern "C" {

int cutlass_configs() { return sizeof(configs) / sizeof(Config); }

const char *cutlass_name(int config) { return configs[config].name; }

/// Compresses a 2:4 weight, f16 and row-major on the device; null if no family
/// takes it.
CutlassWeight *cutlass_create(int rows, int columns, const void *dense) {
  auto weight = std::make_unique<CutlassWeight>();
  weight->rows = rows;
  weight->columns = columns;
  auto *values = static_cast<const half_t *>(dense);
  try {
    // reorder_meta moves whole groups of 32 rows and pairs of words.
    weight->has80 = rows % 32 == 0 && columns % 32 == 0;
    if (weight->has80) {
      std::vector<half_t> host(size_t(rows) * columns);
      cutlass::device_memory::copy_to_host(host.data(), values, host.size());
      weight->has80 = compress80(weight->weight80, host, rows, columns);
    }
    weight->has90 = compress90(weight->weight90, values, rows, columns);
  } catch (const std::exception &) {
    return nullptr;
  }
  return weight->has80 || weight->has90 ? weight.release() : nullptr;
}

void cutlass_destroy(CutlassWeight *weight) { delete weight; }

/// The product of kernel \p config with X and Y, f16 on the device; null if the
/// kernel does not take such a shape.
CutlassProduct *cutlass_prepare(CutlassWeight *weight, int config, int tokens,
                                const void *x, void *y) {
  try {
    return configs[config].make(*weight, tokens, static_cast<const half_t *>(x),
                                static_cast<half_t *>(y));
  } catch (const std::exception &) {
    return nullptr;
  }
}

/// Whether it was launched.
int cutlass_launch(CutlassProduct *product, void *stream) {
  return product->launch(static_cast<cudaStream_t>(stream));
}

void cutlass_release(CutlassProduct *product) { delete product; }
}
