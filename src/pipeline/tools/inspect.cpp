#include "pipeline/tools/inspect.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "base/text.h"
#include "nn/finite.h"
#include "pipeline/residency/memory_need.h"
#include "pipeline/residency/model_variant.h"
#include "pipeline/tools/inspect_lora.h"
#include "pipeline/tools/inspect_memory.h"
#include "pipeline/tools/parts.h"
#include "weights/layout/comfyui_tree.h"
#include "weights/layout/model_layout.h"
#include "zimage/error.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamesInProblem = 20;

const char* kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::kDiT: return "dit";
    case FileKind::kTextEncoder: return "text_encoder";
    case FileKind::kVAE: return "vae";
    case FileKind::kControlNet: return "controlnet";
    case FileKind::kLora: return "lora";
    case FileKind::kBundle: return "bundle";
    case FileKind::kLookAlike: return "look_alike";
    case FileKind::kUnknown: break;
  }
  return "unknown";
}

/// Returns an encoding's name with what distinguishes its files.
std::string encoding_name(const WeightSource& source, const std::string& name, const WeightInfo& info) {
  if (!info.problem.empty()) return "unreadable";
  const std::string base = info_of(info.encoding).name;
  if (info.encoding != Encoding::kInt8) return base;
  const std::int64_t rotation = source.stored(name).rotation;
  return rotation == 0 ? base : concat({base, " (convrot ", std::to_string(rotation), ")"});
}

/// Counts the weights of a file under the names that it gives them, so that a fused weight counts once.
void count_encodings(const WeightSource& source, std::map<std::string, EncodingCount>& counts) {
  for (const std::string& name : source.names()) {
    const WeightInfo& info = *source.find(name);
    EncodingCount& count = counts[encoding_name(source, name, info)];
    ++count.tensors;
    count.bytes += info.bytes;
  }
}

bool has_zero(const at::Tensor& scale) { return scale.defined() && (scale == 0).any().item<bool>(); }

bool is_all_zero(const StoredWeight& weight) {
  return weight.data.numel() > 0 && !weight.data.contiguous().view(at::kByte).any().item<bool>();
}

void check_numbers(const WeightSource& source, const std::function<void()>& before_each, FileReport& report) {
  std::size_t matrices = 0;
  std::size_t zeros = 0;
  for (const std::string& name : source.names()) {
    if (!source.find(name)->problem.empty()) continue;
    if (before_each) before_each();
    const StoredWeight weight = source.stored(name);
    if (!nn::all_finite(weight)) report.not_finite.push_back(name);
    const bool matrix = weight.shape.size() > 1;
    const bool all_zero = matrix && is_all_zero(weight);
    // A block of a GGUF holds its own scales, so they are zero where all its bytes are.
    const bool zero_blocks = all_zero && is_gguf_block(weight.encoding);
    if (zero_blocks || has_zero(weight.scale) || has_zero(weight.column_scale)) report.zero_scales.push_back(name);
    if (matrix) ++matrices;
    if (all_zero) ++zeros;
    source.release(name);
  }
  if (matrices > 0 && zeros == matrices) {
    report.problems.push_back(concat({source.description(), " is nothing but zeros: it was not downloaded whole"}));
  }
}

void describe_variant(const ModelPart& dit, FileReport& report) {
  const VariantChoice choice = variant_of(dit.model);
  report.variant = to_string(choice.variant);
  report.variant_reason = choice.reason;
}

void describe_part(const ModelPart& part, at::ScalarType dtype, FileReport& report) {
  const PartFacts facts = check_part(part);
  report.parameters += facts.parameters;
  // A whole model's sizes are its DiT's, which comes first.
  if (report.layers == 0) report.layers = facts.layers;
  if (report.width == 0) report.width = facts.width;
  if (!facts.version.empty()) report.version = facts.version;
  if (!facts.problems.empty()) {
    report.problems.push_back(concat({part.weights->description(), ": ", facts.problems.summary(kNamesInProblem)}));
  }
  const PartWeights weights = part_weights(*part.weights, facts.asked, "");
  report.memory_bytes += held_bytes(weights.fixed, Holding::kConverted, c10::elementSize(dtype));
}

void list_needs(const FileIdentity& identity, FileReport& report) {
  const bool dit = identity.kind == FileKind::kDiT;
  const bool bundle = identity.kind == FileKind::kBundle;
  if (dit || (bundle && !identity.has_text_encoder)) report.needs.emplace_back("a Qwen3-4B text encoder");
  if (dit || (bundle && !identity.has_vae)) report.needs.emplace_back("a Flux VAE");
  if (!dit && !bundle) report.needs.emplace_back("a Z-Image DiT");
}

void describe_files(const std::vector<OpenedWeights>& files, bool check, const std::function<void()>& before_each,
                    FileReport& report) {
  std::map<std::string, EncodingCount> counts;
  std::set<std::string> seen;
  for (const OpenedWeights& file : files) {
    if (!seen.insert(file.weights->description()).second) continue;  // one file may hold several parts
    report.format = file.gguf != nullptr ? "GGUF" : "safetensors";
    for (const fs::path& path : file.weights->files()) {
      std::error_code error;
      const auto size = fs::file_size(path, error);
      if (!error) report.bytes += size;
    }
    count_encodings(*file.weights, counts);
    if (check) check_numbers(*file.weights, before_each, report);
  }
  report.checked = check;
  for (auto& [name, count] : counts) {
    count.name = name;
    report.encodings.push_back(count);
  }
  std::stable_sort(report.encodings.begin(), report.encodings.end(),
                   [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
}

void describe(const fs::path& path, bool check, const std::function<void()>& before_each, FileReport& report) {
  const OpenedPath opened = open_path(path);
  const FileIdentity& identity = opened.identity;
  report.kind = kind_name(identity.kind);
  report.what = identity.what;
  describe_files(opened.files, check, before_each, report);
  if (identity.kind == FileKind::kLora) {
    report.lora = lora_facts(path, report.problems);
    report.memory_bytes = report.bytes;
    list_needs(identity, report);
    return;
  }
  const std::vector<ModelPart> parts = parts_of(opened);
  if (parts.empty()) {
    report.problems.push_back(concat({path.string(), " is ", identity.what}));
    return;
  }
  const DtypeChoice dtype = usual_dtype(parts);
  report.memory_dtype = dtype.name;
  for (const ModelPart& part : parts) {
    describe_part(part, dtype.dtype, report);
    if (part.part == Part::kDiT) describe_variant(part, report);
  }
  if (report.problems.empty()) report.memory = usual_memory(parts, dtype);
  list_needs(identity, report);
}

}  // namespace

std::vector<fs::path> list_inspected(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error) || is_diffusers_folder(path)) return {path};
  // A folder of shards is one file.
  if (fs::exists(path / "config.json", error)) return {path};
  std::vector<fs::path> files = list_weights(path, /*recursive=*/true);
  return files.empty() ? std::vector<fs::path>{path} : files;
}

FileReport inspect_path(const fs::path& path, bool check, const std::function<void()>& before_each) {
  const c10::InferenceMode guard;
  FileReport report{.path = path, .kind = "unknown"};
  try {
    describe(path, check, before_each, report);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInterrupted) throw;
    report.problems.push_back(error.hint().empty() ? error.message()
                                                   : concat({error.message(), " (", error.hint(), ")"}));
  }
  return report;
}

}  // namespace zimage
