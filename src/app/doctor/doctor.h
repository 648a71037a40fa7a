// `doctor`: what a run would find here, and whether it would work.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/options/settings.h"
#include "pipeline/residency/machine.h"
#include "zimage/inpainter.h"

namespace zimage::app {

struct Diagnosis {
  Machine machine;
  std::optional<ChosenCompute> compute;  ///< empty: the options ask for what isn't there
  std::filesystem::path model;           ///< the one that would be used; empty: none
  std::string model_source;              ///< "option", "environment", "bundled"
  std::optional<ModelInfo> info;         ///< once every file is there and every tensor has its name and shape
  std::filesystem::path controlnet;      ///< empty: none was given
  std::uint64_t model_bytes = 0;         ///< of the files of `info`
  std::vector<std::string> formats;      ///< of pictures that can be read
  std::filesystem::path folder;          ///< the current one
  bool folder_writable = false;
  std::map<std::string, std::optional<std::string>> environment;  ///< variables that change a run
  std::vector<std::string> warnings;                              ///< a run works, but perhaps not as wished
  std::vector<Error> problems;                                    ///< why a run would fail

  int exit_code() const { return problems.empty() ? 0 : static_cast<int>(problems.front().code()); }
};

/// Looks at everything and throws for nothing that it finds. `settings` of the subcommand.
Diagnosis diagnose(const Settings& settings);

}  // namespace zimage::app
