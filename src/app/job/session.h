// The jobs of a run share a session: the model, once its headers are read, and its hashes.
#pragma once

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "zimage/inpainter.h"

namespace zimage::app {

/// The opened model and what the jobs have learnt about it and their folders.
class Session {
 public:
  /// Opens the model; no weight is read. Errors: those of Inpainter's constructor.
  Session(const ModelPaths& model, const ComputeOptions& compute);

  /// Logs what the model is.
  void log_model() const;

  Inpainter& inpainter() { return inpainter_; }
  const Inpainter& inpainter() const { return inpainter_; }
  const ModelInfo& model() const { return inpainter_.info(); }

  /// Returns what hash_model() returns, computed when first asked for. On any thread.
  const nlohmann::ordered_json& model_hashes();

  /// Removes the temporary files of dead processes in a folder, the first time that it is named. On any thread.
  void clean_folder(const std::filesystem::path& folder);

 private:
  std::filesystem::path folder_;  ///< the model's folder
  Inpainter inpainter_;
  std::mutex mutex_;
  nlohmann::ordered_json model_hashes_;
  std::set<std::filesystem::path> clean_;
};

}  // namespace zimage::app
