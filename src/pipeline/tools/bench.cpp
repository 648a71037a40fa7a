#include "pipeline/tools/bench.h"

#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "base/stopwatch.h"
#include "pipeline/inpainter_access.h"
#include "pipeline/tools/flops.h"
#include "pipeline/tools/random_model.h"

namespace zimage {
namespace {

constexpr int kProducts = 5;  // of the GEMM, one of them to warm up

using ByteCount = std::shared_ptr<std::atomic<std::uint64_t>>;

/// Counts the bytes that are asked of a source.
class CountedSource final : public WeightSource {
 public:
  CountedSource(std::shared_ptr<const WeightSource> source, ByteCount bytes)
      : source_(std::move(source)), bytes_(std::move(bytes)) {}

  std::vector<std::string> names() const override { return source_->names(); }
  const WeightInfo* find(const std::string& name) const override { return source_->find(name); }
  StoredWeight stored(const std::string& name) const override {
    StoredWeight weight = source_->stored(name);
    *bytes_ += weight.bytes();
    return weight;
  }
  std::vector<ByteRange> ranges(const std::string& name) const override { return source_->ranges(name); }
  void release(const std::string& name) const override { source_->release(name); }
  void read_ahead(const std::string& name) const override { source_->read_ahead(name); }
  std::string description() const override { return source_->description(); }
  std::vector<std::filesystem::path> files() const override { return source_->files(); }

 private:
  std::shared_ptr<const WeightSource> source_;
  ByteCount bytes_;
};

OpenedFiles open_counted(const ModelPaths& paths, const std::string& random_shape, const ByteCount& bytes) {
  OpenedFiles model;
  if (random_shape.empty()) {
    model = open_files(paths);
  } else {
    model = random_model(random_shape);
    if (!paths.controlnet.empty()) {
      model.files.controlnet.weights = paths.controlnet;
      model.controlnet = open_part(paths.controlnet, Part::kControlNet);
    }
  }
  for (OpenedPart* part : {&model.dit, &model.text_encoder, &model.vae, &model.controlnet}) {
    if (part->weights != nullptr) part->weights = std::make_shared<CountedSource>(part->weights, bytes);
  }
  return model;
}

at::ScalarType gemm_dtype(const std::string& name) {
  if (name == "fp32") return at::kFloat;
  return name == "fp16" ? at::kHalf : at::kBFloat16;
}

/// Returns the stages' operations of encoding a picture: a ControlNet that inpaints has the hole encoded, too.
double encode_flops(const ModelStore& models, const RunSizes& sizes) {
  const bool twice = models.has_controlnet() && models.controlnet_config().inpaints();
  return (twice ? 2.0 : 1.0) * vae_encode_flops(models.vae_config(), sizes);
}

}  // namespace

struct BenchModel::Impl {
  Impl(const ModelPaths& paths, const std::string& random_shape, const ComputeOptions& compute)
      : inpainter(InpainterAccess::open(open_counted(paths, random_shape, bytes), paths, compute)) {}

  ByteCount bytes = std::make_shared<std::atomic<std::uint64_t>>(0);
  Inpainter inpainter;
};

BenchModel::BenchModel(const ModelPaths& paths, const std::string& random_shape, const ComputeOptions& compute)
    : impl_(std::make_unique<Impl>(paths, random_shape, compute)) {}

BenchModel::~BenchModel() = default;

Inpainter& BenchModel::inpainter() { return impl_->inpainter; }

const Inpainter& BenchModel::inpainter() const { return impl_->inpainter; }

std::uint64_t BenchModel::bytes_loaded() const { return *impl_->bytes; }

RunWork BenchModel::work_of(int width, int height, std::int64_t prompt_tokens) const {
  const ModelStore& models = InpainterAccess::models(impl_->inpainter);
  constexpr std::int64_t kTokenSide = VAEConfig::kScale * DiTConfig::kPatch;
  const RunSizes sizes{.rows = height / kTokenSide, .cols = width / kTokenSide, .prompt_tokens = prompt_tokens};
  RunWork work;
  work.image_tokens = sizes.image_tokens();
  work.caption_tokens = sizes.caption_tokens();
  work.encode_prompt =
      text_encoder_flops(models.text_encoder_config(), prompt_tokens) + dit_prepare_flops(models.dit_config(), sizes);
  work.encode_picture = encode_flops(models, sizes);
  work.forward = dit_flops(models.dit_config(), sizes);
  if (models.has_controlnet()) {
    work.forward += controlnet_flops(models.controlnet_config(), models.dit_config(), sizes);
  }
  work.decode = vae_decode_flops(models.vae_config(), sizes);
  return work;
}

GemmCeiling measure_gemm(const BenchModel& model, std::int64_t tokens, const std::function<void()>& check) {
  const c10::InferenceMode guard;
  const Inpainter& inpainter = model.inpainter();
  const DiTConfig& config = InpainterAccess::models(inpainter).dit_config();
  const at::ScalarType dtype = gemm_dtype(inpainter.info().dtype);
  GemmCeiling ceiling{.dtype = dtype == at::kFloat  ? "fp32"
                               : dtype == at::kHalf ? "fp16"
                                                    : "bf16",
                      .rows = tokens,
                      .in = config.dim,
                      .out = config.ffn_dim};
  const auto options = at::TensorOptions(at::Device(inpainter.info().device)).dtype(dtype);
  const at::Tensor x = at::ones({tokens, config.dim}, options);
  const at::Tensor weight = at::ones({config.ffn_dim, config.dim}, options);
  const double operations = 2.0 * static_cast<double>(tokens) * static_cast<double>(config.dim * config.ffn_dim);
  for (int i = 0; i < kProducts; ++i) {
    check();
    const Stopwatch watch;
    // Reading a number waits for the device.
    at::linear(x, weight).flatten()[0].item<float>();
    if (i > 0) ceiling.gflops = std::max(ceiling.gflops, operations / watch.ms() / 1e6);
  }
  return ceiling;
}

void reset_device_peak(const std::string& device) {
  const at::Device place(device);
  if (!place.is_cpu()) at::getDeviceAllocator(place.type())->resetPeakStats(place.index());
}

std::uint64_t device_peak_bytes(const std::string& device) {
  const at::Device place(device);
  if (place.is_cpu()) return 0;
  const auto stats = at::getDeviceAllocator(place.type())->getDeviceStats(place.index());
  return static_cast<std::uint64_t>(
      stats.allocated_bytes[static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak);
}

}  // namespace zimage
