// What made a picture, as its file carries it: PNG's tEXt `parameters` for people and other programs, `zimage-inpaint`
// as JSON for --replay; JPEG, WebP and TIFF have the JSON in EXIF's UserComment, BMP has nothing. Nothing in it depends
// on the time, the host or where the result is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "app/options/job_spec.h"
#include "codecs/image_file.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// The keyword of the JSON entry.
inline constexpr const char* kMetadataKey = "zimage-inpaint";

/// Hashes of every file of the model: {NAME: …}. A hash is {"sha256"} or, of a file above 64 MiB,
/// {"sha256_of_first_and_last_mib", "size"}. `folder` is what the names are relative to.
/// Errors: kInput if a file has become unreadable.
nlohmann::ordered_json hash_model(const ModelInfo& model, const std::filesystem::path& folder);

/// Hashes of the picture, the mask and the control image: {"image", "mask", "control_image"}. Errors: as above.
nlohmann::ordered_json hash_inputs(const JobSpec& spec);

/// The JSON entry: {"format", "version", "commit", "torch", "model", "options", "hashes"}. `options` are long option
/// names with their resolved values, as --replay reads them.
nlohmann::ordered_json describe_making(const JobSpec& spec, std::uint64_t seed, const ModelInfo& model,
                                       const nlohmann::ordered_json& hashes);

/// The JSON as text, ASCII alone.
std::string making_text(const nlohmann::ordered_json& making);

/// Whether a comment is such a JSON, and not somebody's own.
bool is_making(const std::string& comment);

/// The JSON text that a picture's file holds, PNG text or EXIF comment; empty if it doesn't say what made it.
std::optional<std::string> making_of(const codecs::ImageFile& picture);

/// The PNG text entries of a result of `picture`.
std::map<std::string, std::string> png_text(const JobSpec& spec, const Image& picture, std::uint64_t seed,
                                            const ModelInfo& model, const nlohmann::ordered_json& making);

}  // namespace zimage::app
