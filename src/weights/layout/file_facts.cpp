#include "weights/layout/file_facts.h"

#include <system_error>
#include <vector>

#include "base/text.h"

namespace zimage {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPatchArea = 4;  // a token of the DiT is 2 × 2 latent cells

bool is_called(const std::string& name, const std::string& ending) {
  return name == ending || name.ends_with("." + ending);
}

/// Notes the sizes that one tensor shows. Files put various prefixes before the names.
void note_sizes(const std::string& name, const std::vector<std::int64_t>& shape, FileFacts& facts) {
  if (shape.size() == 4 && is_called(name, "decoder.conv_in.weight")) facts.vae_channels = shape[1];
  if (shape.size() != 2) return;
  if (is_called(name, "cap_embedder.1.weight")) facts.caption_width = shape[1];
  if (is_called(name, "x_embedder.weight") || is_called(name, "all_x_embedder.2-1.weight")) {
    facts.latent_channels = shape[1] / kPatchArea;
  }
  if (is_called(name, "embed_tokens.weight") || name == "token_embd.weight") {
    facts.text_tokens = shape[0];
    facts.text_width = shape[1];
  }
}

FileFacts read_facts(const fs::path& file) {
  FileFacts facts;
  try {
    const OpenedWeights opened = open_weights(file);
    facts.identity = identify(*opened.weights);
    for (const std::string& name : opened.weights->names()) note_sizes(name, opened.weights->find(name)->shape, facts);
    facts.has_vocabulary = opened.gguf != nullptr && opened.gguf->texts("tokenizer.ggml.tokens") != nullptr;
  } catch (const Error& error) {
    facts = FileFacts{};
    facts.error = error;
  }
  return facts;
}

/// Returns the option that takes such a file; null: none does.
const char* option_of(FileKind kind) {
  switch (kind) {
    case FileKind::kDiT:
    case FileKind::kBundle: return option_of(Part::kDiT);
    case FileKind::kTextEncoder: return option_of(Part::kTextEncoder);
    case FileKind::kVAE: return option_of(Part::kVAE);
    case FileKind::kControlNet: return option_of(Part::kControlNet);
    case FileKind::kLora: return "--lora";
    case FileKind::kLookAlike:
    case FileKind::kUnknown: break;
  }
  return nullptr;
}

}  // namespace

const FileFacts& HeaderReader::facts(const fs::path& file) {
  std::error_code error;
  const fs::path target = fs::canonical(file, error);
  const fs::path& key = error ? file : target;
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second;
  return known_.emplace(key, read_facts(file)).first->second;
}

std::string where_it_belongs(const FileIdentity& identity) {
  const char* option = option_of(identity.kind);
  return option == nullptr ? "is " + identity.what : concat({"is ", identity.what, ": give it with ", option});
}

std::string why_not(const FileFacts& facts, Part part) {
  const FileKind kind = facts.identity.kind;
  if (facts.error || kind == FileKind::kUnknown || has_part(facts.identity, part)) return "";
  if (kind != FileKind::kBundle) return where_it_belongs(facts.identity);
  return concat({"is ", facts.identity.what, ", and has no ", name_of(part), ": give it with ", option_of(kind)});
}

const char* name_of(Part part) {
  switch (part) {
    case Part::kDiT: return "DiT";
    case Part::kTextEncoder: return "text encoder";
    case Part::kVAE: return "VAE";
    case Part::kControlNet: return "ControlNet";
  }
  return "";
}

const char* option_of(Part part) {
  switch (part) {
    case Part::kDiT: return "--model";
    case Part::kTextEncoder: return "--text-encoder";
    case Part::kVAE: return "--vae";
    case Part::kControlNet: return "--controlnet";
  }
  return "";
}

}  // namespace zimage
