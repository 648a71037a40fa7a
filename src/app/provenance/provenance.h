// Provenance: what made a picture, written into its file. PNG has tEXt `parameters` for people and other programs, and
// `zimage-inpaint` as JSON for --replay; JPEG, WebP and TIFF have the JSON in EXIF's UserComment, BMP has nothing.
// Nothing in it depends on the time, the host or where the result is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "app/options/job_spec.h"
#include "app/provenance/hash.h"
#include "codecs/image_file.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// The keyword of the JSON entry.
inline constexpr const char* kProvenanceKey = "zimage-inpaint";

/// Returns a file's hash as provenance holds it.
nlohmann::ordered_json json_of_digest(const FileDigest& digest);

/// Hashes every file of the model: {NAME: …}. A hash is {"sha256"} or, for a file above 64 MiB,
/// {"sha256_of_first_and_last_mib", "size"}. Names are relative to `folder`.
/// Errors: kInput if a file has become unreadable.
nlohmann::ordered_json hash_model(const ModelInfo& model, const std::filesystem::path& folder);

/// Hashes the picture, the mask and the control image: {"image", "mask", "control_image"}. Errors: those above.
nlohmann::ordered_json hash_inputs(const JobSpec& spec);

/// Returns the JSON entry: {"format", "version", "commit", "torch", "model", "options", "hashes"}. `options` are long
/// option names with their resolved values, as --replay reads them.
nlohmann::ordered_json describe_provenance(const JobSpec& spec, std::uint64_t seed, const ModelInfo& model,
                                           const nlohmann::ordered_json& hashes);

/// Returns the JSON as text, in ASCII only.
std::string provenance_text(const nlohmann::ordered_json& provenance);

/// Returns whether a comment is such JSON and not somebody's own.
bool is_provenance(const std::string& comment);

/// Returns the JSON text that a picture's file holds as PNG text or EXIF comment; empty if it has no provenance.
std::optional<std::string> provenance_of(const codecs::ImageFile& picture);

/// Returns the PNG text entries for a result of `picture`.
std::map<std::string, std::string> png_text(const JobSpec& spec, const Image& picture, std::uint64_t seed,
                                            const ModelInfo& model, const nlohmann::ordered_json& provenance);

}  // namespace zimage::app
