// Prints what a card is asked to do in a forward of the published DiT, for scripts/count_launches.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "pipeline/tools/forward_launches.h"
#include "pipeline/tools/published_dit.h"

namespace {

void print(const char* name, const zimage::ControlNetConfig* control, zimage::ForwardStyle style) {
  const zimage::RunSizes megapixel{.rows = 64, .cols = 64, .prompt_tokens = 64};
  const auto found = zimage::count_forward_launches(zimage::published_dit_config(), control, megapixel, style);
  const auto& all = found.forward;
  const auto other = all.launches - all.products - all.attentions;
  std::printf("%s\t%ld\t%ld\t%ld\t%ld\t%ld\t%.1f\n", name, static_cast<long>(all.launches),
              static_cast<long>(all.products), static_cast<long>(all.attentions), static_cast<long>(other),
              static_cast<long>(found.block.launches), found.activations_a_block());
  if (std::getenv("ZIMAGE_COUNT_NAMES") == nullptr) return;
  for (const auto& [operation, launches] : all.by_name) {
    std::fprintf(stderr, "%6ld %s\n", static_cast<long>(launches), operation.c_str());
  }
}

}  // namespace

int main() {
  try {
    const auto control = zimage::published_controlnet_config();
    print("plain", nullptr, zimage::ForwardStyle::kPlain);
    print("card", nullptr, zimage::ForwardStyle::kCard);
    print("plain, ControlNet", &control, zimage::ForwardStyle::kPlain);
    print("card, ControlNet", &control, zimage::ForwardStyle::kCard);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "count_launches: %s\n", error.what());
    return 1;
  }
  return 0;
}
