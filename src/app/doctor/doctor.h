// `doctor`: finds out what a run would find here, and whether it would work.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/options/settings.h"
#include "pipeline/residency/device_facts.h"
#include "pipeline/residency/machine.h"
#include "zimage/inpainter.h"

namespace zimage::app {

/// The doctor's findings.
struct Diagnosis {
  Machine machine;
  std::optional<ChosenCompute> compute;  ///< empty: the options ask for a device or dtype that isn't there
  std::optional<DeviceFacts> device;     ///< what that CUDA device can do; empty: a run would use the CPU
  std::filesystem::path model;           ///< the model that would be used; empty: none
  std::string model_source;              ///< "option", "environment", "bundled"
  std::optional<ModelInfo> info;         ///< set if every file is there and every tensor has its name and shape
  std::filesystem::path controlnet;      ///< empty: none was given
  std::uint64_t model_bytes = 0;         ///< size of the files in `info`
  std::vector<std::string> formats;      ///< picture formats that can be read
  std::filesystem::path folder;          ///< the current folder
  bool folder_writable = false;
  std::map<std::string, std::optional<std::string>> environment;  ///< variables that change a run
  std::vector<std::string> warnings;                              ///< a run would work, but perhaps not as wished
  std::vector<Error> problems;                                    ///< why a run would fail

  int exit_code() const { return problems.empty() ? 0 : static_cast<int>(problems.front().code()); }
};

/// Looks at everything; what it finds wrong is in the diagnosis and never thrown. `settings` are the subcommand's.
Diagnosis diagnose(const Settings& settings);

}  // namespace zimage::app
