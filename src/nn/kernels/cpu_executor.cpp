#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <algorithm>

#include "nn/kernels/cpu_rows.h"
#include "nn/kernels/lanes.h"

namespace zimage::nn::kernels {
namespace {

class CpuExecutor : public Executor {
 public:
  void run(const Launch& launch) override { run_on_cpu(launch, lanes_for(launch.kernel, launch.width)); }
};

}  // namespace

Executor& cpu_executor() {
  static CpuExecutor executor;
  return executor;
}

void run_on_cpu(const Launch& launch, i64 lanes) {
  TORCH_CHECK(lanes > 0 && lanes <= TurnTaking::kMost && (lanes & (lanes - 1)) == 0,
              "the number of lanes must be a power of two up to 1024");
  TORCH_CHECK(static_cast<i64>(launch.args_bytes) == info_of(launch.kernel).args_bytes, "the kernel ",
              info_of(launch.kernel).name, " takes other arguments");
  const i64 grain = std::max<i64>(1, 16384 / std::max<i64>(launch.width, 1));
  at::parallel_for(0, launch.rows, grain,
                   [&](std::int64_t begin, std::int64_t end) { run_rows(launch, lanes, begin, end); });
}

}  // namespace zimage::nn::kernels
