#include "pipeline/tools/convert.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "base/atomic_file.h"
#include "base/log.h"
#include "base/text.h"
#include "nn/finite.h"
#include "nn/quantised/dequantise.h"
#include "nn/quantised/quantise.h"
#include "pipeline/residency/model_variant.h"
#include "pipeline/tools/convert_layout.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kProblemsInMessage = 20;

Encoding encoding_of(const std::string& dtype) {
  static const std::map<std::string, Encoding> names{
      {"bf16", Encoding::kBF16}, {"fp8", Encoding::kF8E4M3}, {"int8", Encoding::kInt8}};
  const auto found = names.find(dtype);
  if (found == names.end()) {
    throw Error(ErrorCode::kUsage, concat({"unknown dtype ", in_quotes(dtype)}), "--dtype is bf16, fp8 or int8");
  }
  return found->second;
}

/// The prefixes of a checkpoint of several parts. Source: ComfyUI, comfy/supported_models.py.
const char* bundle_prefix(Part part) {
  switch (part) {
    case Part::kDiT: return "model.diffusion_model.";
    case Part::kTextEncoder: return "text_encoders.qwen3_4b.transformer.";
    case Part::kVAE: return "vae.";
    case Part::kControlNet: return "";
  }
  return "";
}

/// Returns what no tensor shows, for readers of the one file: it takes the place of the parts' config.json.
std::map<std::string, std::string> metadata_of(const std::vector<ModelPart>& parts) {
  std::map<std::string, std::string> metadata;
  for (const ModelPart& part : parts) {
    if (!part.config.json.empty()) metadata[concat({"config.", folder_of(part.part)})] = part.config.json;
    if (!part.model.scheduler.config.empty()) metadata[kSchedulerKey] = part.model.scheduler.config;
    if (!part.model.index.empty()) metadata[kModelIndexKey] = part.model.index;
  }
  return metadata;
}

void require_complete(const std::vector<ModelPart>& parts) {
  std::string wrong;
  for (const ModelPart& part : parts) {
    const nn::WeightProblems problems = check_part(part).problems;
    if (problems.empty()) continue;
    wrong +=
        concat({wrong.empty() ? "" : "; ", part.weights->description(), ": ", problems.summary(kProblemsInMessage)});
  }
  if (!wrong.empty()) throw Error(ErrorCode::kModel, wrong, "the file is damaged, or belongs to another model");
}

/// Refuses to replace what is read, under whatever name or link.
void require_other_file(const ConvertJob& job, const std::vector<ModelPart>& parts) {
  std::vector<fs::path> inputs{job.in};
  for (const ModelPart& part : parts) {
    for (const fs::path& file : part.weights->files()) inputs.push_back(file);
  }
  for (const fs::path& input : inputs) {
    std::error_code error;
    if (!fs::equivalent(input, job.out, error)) continue;
    throw Error(ErrorCode::kUsage, concat({"OUT, ", job.out.string(), ", is a file that is read: ", input.string()}),
                "give OUT another name");
  }
}

/// Warns if the output would be sampled as another variant: De-Turbo differs from Turbo in nothing but its name.
void warn_of_another_variant(const fs::path& out, const std::vector<ModelPart>& parts) {
  for (const ModelPart& part : parts) {
    if (part.part != Part::kDiT) continue;
    const VariantChoice before = variant_of(part.model);
    ModelFiles written = part.model;
    written.name = out.filename().string();
    written.dit.weights = out;
    const VariantChoice after = variant_of(written);
    if (before.variant == after.variant) continue;
    log::warning(
        concat({out.string(), " will be taken for the variant ", to_string(after.variant), " (", after.reason,
                "), but it is ", to_string(before.variant), " (", before.reason, "): give it a name that says so"}));
  }
}

void require_space(const fs::path& out, std::uint64_t bytes) {
  std::error_code error;
  const fs::path folder = out.has_parent_path() ? out.parent_path() : fs::path(".");
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available >= bytes) return;
  throw Error(ErrorCode::kRuntime,
              concat({out.string(), " needs ", std::to_string(bytes >> 20), " MiB, and ",
                      std::to_string(space.available >> 20), " MiB are free there"}),
              "free some space, or write elsewhere");
}

/// Writes weights one after another, and reports how far it is.
class OutputWriter {
 public:
  OutputWriter(const ByteSink& sink, const ConvertProgress& progress, std::uint64_t total)
      : sink_(sink), progress_(progress), total_(total) {}

  void write(std::span<const std::uint8_t> bytes) {
    sink_(bytes);
    done_ += bytes.size();
    if (progress_) progress_(done_, total_);
  }
  void write(const std::string& text) { write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}); }
  void write(const at::Tensor& tensor) {
    const at::Tensor t = tensor.contiguous();
    write({static_cast<const std::uint8_t*>(t.const_data_ptr()), t.nbytes()});
  }
  void write(const OutputWeight& weight);

 private:
  const ByteSink& sink_;
  const ConvertProgress& progress_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

/// Returns the weight's values, after the check that they are finite.
at::Tensor read_values(const OutputWeight& weight, at::ScalarType dtype) {
  std::vector<at::Tensor> rows;
  for (const std::string& name : weight.inputs) {
    const StoredWeight stored = weight.source->stored(name);
    if (!nn::all_finite(stored)) {
      throw Error(ErrorCode::kModel,
                  concat({weight.source->description(), ": ", in_quotes(name), " has values that aren't finite"}),
                  "the file is damaged: get it again");
    }
    rows.push_back(nn::dequantise(stored, dtype));
  }
  return rows.size() == 1 ? rows.front() : at::cat(rows, 0);
}

void OutputWriter::write(const OutputWeight& weight) {
  if (weight.encoding == Encoding::kBF16) {
    write(read_values(weight, at::kBFloat16));
  } else {
    const at::Tensor values = read_values(weight, at::kFloat);
    const StoredWeight stored =
        weight.encoding == Encoding::kInt8 ? nn::quantise_int8(values) : nn::quantise_fp8(values);
    write(stored.data);
    write(stored.scale);
    write(marker_of(weight));
  }
  for (const std::string& name : weight.inputs) weight.source->release(name);
}

std::uint64_t size_of_files(const std::vector<ModelPart>& parts) {
  std::set<fs::path> files;
  for (const ModelPart& part : parts) {
    for (const fs::path& file : part.weights->files()) files.insert(file);
  }
  std::uint64_t sum = 0;
  std::error_code error;
  for (const fs::path& file : files) {
    const auto size = fs::file_size(file, error);
    if (!error) sum += size;
  }
  return sum;
}

}  // namespace

ConvertReport convert_model(const ConvertJob& job, const ConvertProgress& progress) {
  const c10::InferenceMode guard;
  const Encoding quantised = encoding_of(job.dtype);
  if (lower(job.out.extension().string()) != ".safetensors") {
    throw Error(ErrorCode::kUsage, concat({job.out.string(), " does not end in .safetensors"}),
                "convert writes safetensors files: give OUT that ending");
  }
  check_writable(job.out, job.overwrite);
  remove_stale_temporaries(job.out.has_parent_path() ? job.out.parent_path() : fs::path("."));
  const OpenedPath opened = open_path(job.in);
  const std::vector<ModelPart> parts = parts_of(opened);
  if (parts.empty()) {
    throw Error(ErrorCode::kModel, concat({job.in.string(), " is ", opened.identity.what}),
                "a DiT, a text encoder, a VAE, a ControlNet or a whole model is needed");
  }
  require_other_file(job, parts);
  require_complete(parts);
  warn_of_another_variant(job.out, parts);

  std::vector<OutputWeight> weights;
  for (const ModelPart& part : parts) {
    const auto own = layout_of(part, parts.size() > 1 ? bundle_prefix(part.part) : "", quantised);
    weights.insert(weights.end(), own.begin(), own.end());
  }
  std::vector<OutputTensor> tensors;
  ConvertReport report{.what = opened.identity.what, .tensors = weights.size(), .bytes_in = size_of_files(parts)};
  for (const OutputWeight& weight : weights) {
    if (weight.encoding != Encoding::kBF16) ++report.quantised;
    for (OutputTensor& tensor : tensors_of(weight)) tensors.push_back(std::move(tensor));
  }
  const std::string header = safetensors_header(tensors, metadata_of(parts));
  report.bytes_out = header.size();
  for (const OutputTensor& tensor : tensors) report.bytes_out += tensor.bytes;
  require_space(job.out, report.bytes_out);
  write_pieces_atomically(
      job.out,
      [&](const ByteSink& sink) {
        OutputWriter writer(sink, progress, report.bytes_out);
        writer.write(header);
        for (const OutputWeight& weight : weights) writer.write(weight);
      },
      job.overwrite);
  return report;
}

}  // namespace zimage
