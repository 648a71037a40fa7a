#include "nn/kernels/cpu_rows.h"

#include "nn/kernels/bodies.h"
#include "nn/kernels/lanes.h"

namespace zimage::nn::kernels {
namespace {

template <class T>
void run_rows_of(const Launch& launch, TurnTaking group, i64 begin, i64 end) {
  switch (launch.kernel) {
#define ZIMAGE_RUN_ROWS(name, id, Args, packs)                                                                   \
  case KernelId::id:                                                                                             \
    for (i64 row = begin; row < end; ++row) bodies::name<T>(group, *static_cast<const Args*>(launch.args), row); \
    break;
    ZIMAGE_KERNELS(ZIMAGE_RUN_ROWS)
#undef ZIMAGE_RUN_ROWS
  }
}

}  // namespace

void run_rows(const Launch& launch, i64 lanes, i64 begin, i64 end) {
  const TurnTaking group(lanes);
  switch (launch.element) {
    case ElementId::kFloat: run_rows_of<float>(launch, group, begin, end); break;
    case ElementId::kBf16: run_rows_of<Bf16>(launch, group, begin, end); break;
    case ElementId::kHalf: run_rows_of<Half>(launch, group, begin, end); break;
  }
}

}  // namespace zimage::nn::kernels
