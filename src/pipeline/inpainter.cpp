// The library's front door: enters inference mode, and makes errors of what libtorch throws.
#include "zimage/inpainter.h"

#include <c10/core/InferenceMode.h>

#include <utility>

#include "base/mapped_faults.h"
#include "pipeline/inpaint.h"
#include "pipeline/inpainter_access.h"
#include "pipeline/torch_error.h"
#include "sampling/schedule.h"

namespace zimage {
namespace {

/// Passes everything on, and knows whether weights are being loaded.
class ActivityWatch final : public Observer {
 public:
  explicit ActivityWatch(Observer& observer) : observer_(observer) {}
  void stage(const std::string& name) override {
    activity_ = name == "load" ? Activity::kLoading : Activity::kPicture;
    observer_.stage(name);
  }
  void step(int step, int total) override { observer_.step(step, total); }
  void loading(std::uint64_t bytes, std::uint64_t total) override { observer_.loading(bytes, total); }
  bool wants_previews() override { return observer_.wants_previews(); }
  void preview(const StepPreview& preview) override { observer_.preview(preview); }
  bool cancelled() override { return observer_.cancelled(); }
  Activity activity() const { return activity_; }

 private:
  Observer& observer_;
  Activity activity_ = Activity::kPicture;
};

/// Does work that reads no weight.
template <class Work>
auto guarded(const std::string& dtype, Work work) {
  try {
    const c10::InferenceMode guard;
    return work();
  } catch (...) {
    rethrow_as_error(Activity::kPlanning, dtype);
  }
}

/// Does work of the model, which tells its stages.
template <class Work>
auto guarded(const std::string& dtype, Observer& observer, Work work) {
  ActivityWatch watch(observer);
  try {
    const c10::InferenceMode guard;
    auto made = work(watch);
    require_unchanged_mapped_files();
    return made;
  } catch (...) {
    require_unchanged_mapped_files();  // a changed file is why it failed, whatever it looked like
    rethrow_as_error(watch.activity(), dtype);
  }
}

}  // namespace

struct Inpainter::Impl {
  template <class... Arguments>
  explicit Impl(Arguments&&... arguments) : pipeline(std::forward<Arguments>(arguments)...) {}
  InpaintPipeline pipeline;
};

Inpainter::Inpainter(const ModelPaths& paths, const ComputeOptions& compute)
    : impl_(guarded(compute.dtype, [&] { return std::make_unique<Impl>(paths, compute); })) {}

Inpainter::Inpainter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Inpainter::~Inpainter() = default;
Inpainter::Inpainter(Inpainter&&) noexcept = default;
Inpainter& Inpainter::operator=(Inpainter&&) noexcept = default;

Inpainter InpainterAccess::open(const OpenedFiles& files, const ModelPaths& paths, const ComputeOptions& compute) {
  return guarded(compute.dtype,
                 [&] { return Inpainter(std::make_unique<Inpainter::Impl>(open_model(files, paths), compute)); });
}

const ModelStore& InpainterAccess::models(const Inpainter& inpainter) { return inpainter.impl_->pipeline.models(); }

const ModelInfo& Inpainter::info() const { return impl_->pipeline.models().info(); }

int Inpainter::max_side() const {
  return static_cast<int>(impl_->pipeline.models().dit_config().max_latent_side() * VAEConfig::kScale);
}

void Inpainter::require_memory() const {
  const ModelStore& models = impl_->pipeline.models();
  models.require_usual_memory();
}

Work Inpainter::plan(const Request& request) const {
  return guarded(info().dtype, [&] { return impl_->pipeline.plan(request); });
}

std::map<std::string, double> Inpainter::prepare(const std::vector<std::string>& prompts, Observer& observer) {
  return guarded(info().dtype, observer, [&](Observer& watch) { return impl_->pipeline.prepare(prompts, watch); });
}

Result Inpainter::run(const Work& work, Observer& observer) {
  return guarded(info().dtype, observer,
                 [&](Observer& watch) { return std::move(impl_->pipeline.run({work}, watch).front()); });
}

bool Inpainter::can_share(const Work& a, const Work& b) const {
  return guarded(info().dtype, [&] { return impl_->pipeline.can_share(a, b); });
}

std::vector<Result> Inpainter::run_together(const std::vector<Work>& works, Observer& observer) {
  return guarded(info().dtype, observer, [&](Observer& watch) { return impl_->pipeline.run(works, watch); });
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
