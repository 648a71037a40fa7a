// The library's front door: enters inference mode and turns libtorch's errors into zimage::Error.
#include "zimage/inpainter.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <system_error>
#include <utility>

#include "pipeline/inpaint.h"
#include "sampling/schedule.h"

namespace zimage {
namespace {

std::string first_line(const char* text) {
  const std::string_view view(text);
  return std::string(view.substr(0, view.find('\n')));
}

bool says_out_of_memory(const char* text) {
  const std::string_view view(text);
  for (const char* sign : {"can't allocate memory", "not enough memory", "out of memory"}) {
    if (view.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

[[noreturn]] void out_of_memory() {
  throw Error(ErrorCode::kMemory, "out of memory", "use a smaller picture, or --dtype bf16");
}

template <class Work>
auto guarded(Work work) {
  try {
    const c10::InferenceMode guard;
    return work();
  } catch (const Error&) {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    out_of_memory();
  } catch (const c10::Error& e) {
    if (says_out_of_memory(e.what_without_backtrace())) out_of_memory();
    throw Error(ErrorCode::kRuntime, "libtorch: " + first_line(e.what_without_backtrace()), "");
  } catch (const std::bad_alloc&) {
    out_of_memory();
  }
}

}  // namespace

struct Inpainter::Impl {
  Impl(const ModelPaths& paths, const ComputeOptions& compute) : pipeline(paths, compute) {}
  InpaintPipeline pipeline;
};

Inpainter::Inpainter(const ModelPaths& paths, const ComputeOptions& compute)
    : impl_(guarded([&] { return std::make_unique<Impl>(paths, compute); })) {}

Inpainter::~Inpainter() = default;
Inpainter::Inpainter(Inpainter&&) noexcept = default;
Inpainter& Inpainter::operator=(Inpainter&&) noexcept = default;

const ModelInfo& Inpainter::info() const { return impl_->pipeline.models().info(); }

int Inpainter::max_side() const {
  return static_cast<int>(impl_->pipeline.models().dit_config().max_latent_side() * VAEConfig::kScale);
}

Work Inpainter::plan(const Request& request) const {
  return guarded([&] { return impl_->pipeline.plan(request); });
}

std::map<std::string, double> Inpainter::prepare(const std::vector<std::string>& prompts, Observer& observer) {
  return guarded([&] { return impl_->pipeline.prepare(prompts, observer); });
}

Result Inpainter::run(const Work& work, Observer& observer) {
  return guarded([&] { return std::move(impl_->pipeline.run({work}, observer).front()); });
}

bool Inpainter::can_share(const Work& a, const Work& b) const {
  return guarded([&] { return impl_->pipeline.can_share(a, b); });
}

std::vector<Result> Inpainter::run_together(const std::vector<Work>& works, Observer& observer) {
  return guarded([&] { return impl_->pipeline.run(works, observer); });
}

void Inpainter::expect_prompts(const std::vector<std::string>& prompts) { impl_->pipeline.prompts().expect(prompts); }

void Inpainter::release_prompt(const std::string& prompt) { impl_->pipeline.prompts().release(prompt); }

std::vector<double> plan_sigmas(const Sampling& sampling) {
  if (!sampling.steps || !sampling.shift) {
    throw Error(ErrorCode::kUsage, "the steps or the shift are left open", "fill them in with Sampling::resolved()");
  }
  const auto schedule = sigmas_from_strength(make_sigmas(*sampling.steps, *sampling.shift), sampling.strength);
  std::vector<double> sigmas;
  // σ is computed in fp64 and rounded to fp32, as in the reference.
  for (const double sigma : with_jumps(schedule, sampling.jump_length, sampling.jump_count)) {
    sigmas.push_back(static_cast<double>(static_cast<float>(sigma)));
  }
  return sigmas;
}

int count_forwards(const std::vector<double>& sigmas) { return count_steps(sigmas); }

int count_guided_forwards(const Sampling& sampling, const std::vector<double>& sigmas) {
  return sampling.guided() ? count_guided_steps(sigmas, sampling.cfg_truncation) : 0;
}

}  // namespace zimage
