// Calls VENOM's Spatha (arXiv 2310.02065, github.com/UDC-GAC/venom, Apache-2.0)
// from the benchmark. Nothing of it is here; it is fetched and built beside:
//
//   git clone https://github.com/UDC-GAC/venom && git -C venom checkout 8ddaf38
//   nvcc -std=c++14 -O3 -arch=sm_90a -shared -Xcompiler -fPIC -Ivenom/include \
//        benchmarks/kernels/peers/spatha.cu -o libspatha.so
//   python benchmarks/kernels/bench_kernels.py .bundle --spatha=./libspatha.so
//   ...
//
// Weights are random with Spatha's own generator: V:2:M, values of small
// integers. The macros of Spatha (BASELINE, IDEAL_KERNEL, OUT_32B) stay
// undefined, as where its benchmark measures M > 4.

#include "spatha/block_sparse/spmm/blockwise_op.h"
#include <cstdint>

using namespace spatha;

/// A handle of the C functions below.
struct SpathaWeight {
  BlockwiseSpMatrix<half> matrix;
  int tile;
};

namespace {

using Weight = SpathaWeight;

/// Tokens of a block. Neither its loads of X nor its stores of Y look at N, so
/// that this has to divide N.
constexpr int blockTokens = 64;

template <int BM, int BN, int BK, int WM, int WN, int WK, int MK, int Stages>
bool launch(Weight &weight, int tokens, half *x, half *y, cudaStream_t stream) {
  // Its epilogue stores 64 tokens of a row at a time, and has no other warps
  // beside one that has all of them.
  static_assert(BN == blockTokens && WN == blockTokens, "see above");
  using Op = SpmmBlockwiseOp<ShapeBase<BM, BN, BK>, ShapeBase<WM, WN, WK>,
                             ShapeBase<16, 8, MK>, Stages>;
  // The state is made anew for each launch: the attribute of the kernel is set,
  // and the arguments are copied, which takes a microsecond of the host, not of
  // the GPU.
  Op op;
  op.initialize(weight.matrix, tokens, x, y);
  if (!op._state.initSuccess)
    return false;
  op(stream);
  return cudaGetLastError() == cudaSuccess;
}

using Launch = bool (*)(Weight &, int, half *, half *, cudaStream_t);

// What its own benchmark tries with this epilogue (run_spmm_spatha.sh).
constexpr Launch configs32[] = {launch<32, 64, 32, 32, 64, 32, 32, 2>,
                                launch<32, 64, 32, 32, 64, 32, 32, 3>,
                                launch<32, 64, 32, 32, 64, 32, 32, 4>};
constexpr Launch configs64[] = {launch<64, 64, 32, 32, 64, 32, 32, 2>,
                                launch<64, 64, 32, 32, 64, 32, 32, 3>,
                                launch<64, 64, 32, 32, 64, 32, 32, 4>,
                                launch<64, 64, 32, 64, 64, 32, 32, 2>,
                                launch<64, 64, 32, 64, 64, 32, 32, 3>,
                                launch<64, 64, 32, 64, 64, 32, 32, 4>};
constexpr Launch configs128[] = {launch<128, 64, 32, 32, 64, 32, 32, 2>,
                                 launch<128, 64, 32, 32, 64, 32, 32, 3>,
                                 launch<128, 64, 32, 32, 64, 32, 32, 4>,
                                 launch<128, 64, 32, 64, 64, 32, 32, 2>,
                                 launch<128, 64, 32, 64, 64, 32, 32, 3>,
                                 launch<128, 64, 32, 64, 64, 32, 32, 4>,
                                 launch<128, 64, 32, 128, 64, 32, 32, 2>,
                                 launch<128, 64, 32, 128, 64, 32, 32, 3>,
                                 launch<128, 64, 32, 128, 64, 32, 32, 4>};

} // namespace

extern "C" {

/// How many kernels there are for tiles of \p tile rows.
int spatha_configs(int tile) {
  return tile == 32    ? sizeof(configs32) / sizeof(Launch)
         : tile == 64  ? sizeof(configs64) / sizeof(Launch)
         : tile == 128 ? sizeof(configs128) / sizeof(Launch)
                       : 0;
}

/// What divides the tokens of a product.
int spatha_tokens() { return blockTokens; }

/// A random weight that keeps 2 of each \p group columns; null if it cannot be.
SpathaWeight *spatha_create(int rows, int columns, int group, int tile) {
  // A step is of eight groups, and a last one with fewer reads past X.
  if (spatha_configs(tile) == 0 || rows % tile != 0 ||
      columns % (8 * group) != 0)
    return nullptr;
  auto *weight = new SpathaWeight;
  weight->tile = tile;
  weight->matrix.init_random(rows, columns, /*brow_=*/4, /*n_=*/2, group,
                             /*density_=*/0, /*seed_=*/1, /*mbrow_=*/32, tile);
  weight->matrix.transform_and_sync_device();
  return weight;
}

void spatha_destroy(SpathaWeight *weight) { delete weight; }

/// On the host, what the weight is made of.
const void *spatha_values(const SpathaWeight *weight) {
  return weight->matrix.values.data();
}
const void *spatha_metadata(const SpathaWeight *weight) {
  return weight->matrix.metadata.data();
}
const void *spatha_indices(const SpathaWeight *weight) {
  return weight->matrix.indices.data();
}

/// Y = W · X by kernel \p config; X is columns × tokens and Y rows × tokens,
/// f16 on the device. Returns whether it was launched.
int spatha_launch(SpathaWeight *weight, int config, int tokens, void *x,
                  void *y, void *stream) {
  if (tokens % blockTokens != 0)
    return false;
  const Launch *configs = weight->tile == 32   ? configs32
                          : weight->tile == 64 ? configs64
                                               : configs128;
  return configs[config](*weight, tokens, static_cast<half *>(x),
                         static_cast<half *>(y),
                         static_cast<cudaStream_t>(stream));
}
}
