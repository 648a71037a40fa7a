#include "nn/attention_choice.h"

namespace zimage::nn {
namespace {

// These are rates that others report for heads of 128 in bf16 on an H100, in operations a second, and the low end of
// the times that they report for a plan. Nothing here was measured by us.
constexpr double kFlashRate = 370e12;
constexpr double kCuDNNRate = 600e12;
constexpr double kPlanSeconds = 0.05;

}  // namespace

bool cudnn_is_worth_it(const AttentionWork& work) {
  const double pairs = static_cast<double>(work.queries) * static_cast<double>(work.keys);
  const double width = static_cast<double>(work.batch * work.heads * work.head_dim);
  const double operations = 4.0 * pairs * width * work.calls;
  return operations / kFlashRate - operations / kCuDNNRate > kPlanSeconds;
}

}  // namespace zimage::nn
