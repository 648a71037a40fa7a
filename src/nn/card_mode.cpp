#include "nn/card_mode.h"

namespace zimage::nn {
namespace {

// Only tests and counting tools set it, before anything runs.
std::optional<bool> forced;

}  // namespace

bool in_card_mode(at::Device device) { return forced.value_or(!device.is_cpu()); }

ScopedCardMode::ScopedCardMode(bool on) : before_(forced) { forced = on; }

ScopedCardMode::~ScopedCardMode() { forced = before_; }

}  // namespace zimage::nn
