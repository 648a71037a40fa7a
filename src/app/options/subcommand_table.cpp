// What the subcommands take. A new one: its row here, its function in cli/subcommands.cpp.
#include <algorithm>
#include <initializer_list>

#include "app/options/option.h"

namespace zimage::app {
namespace {

/// A subcommand's own options, and the main command's by which every one of them talks.
std::vector<OptionSpec> with_talk(std::initializer_list<OptionSpec> own) {
  std::vector<OptionSpec> options(own);
  for (const char* name : {"quiet", "verbose", "color", "log-file", "help"}) options.push_back(*find_option(name));
  return options;
}

std::vector<OptionSpec> compare_options() {
  // clang-format off
  return with_talk({
      {.name = "A", .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH",
       .help = "a picture", .positional = true},
      {.name = "B", .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH",
       .help = "the picture it is compared with", .more = "Of the same size; channels and bit depth may differ.", .positional = true},
      {.name = "mask", .short_name = 'm', .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH",
       .help = "measure inside (white) and outside too", .more = "Of the pictures' size or their aspect, read as the --mask of a run."},
      {.name = "tolerance", .group = Group::kGolden, .kind = Kind::kInteger, .value_name = "N", .default_value = "0", .min = 0, .max = 255,
       .help = "largest difference that still counts as equal, in 8-bit levels"},
      {.name = "difference", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FILE",
       .help = "write a picture of the differences (PNG)", .more = "Grey: black where equal, else the pixel's largest difference, scaled so that the picture's largest is white."},
      {.name = "overwrite", .group = Group::kOutput, .kind = Kind::kFlag,
       .help = "replace an existing --difference"},
      {.name = "json", .group = Group::kTalk, .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the table"},
  });
  // clang-format on
}

std::vector<OptionSpec> doctor_options() {
  std::vector<OptionSpec> options = with_talk({
      {.name = "json",
       .group = Group::kTalk,
       .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the table"},
  });
  // Of a run, so that they can be tried here first.
  std::vector<OptionSpec> run;
  for (const char* name : {"model", "text-encoder", "tokenizer", "vae", "controlnet", "device", "dtype", "threads"}) {
    run.push_back(*find_option(name));
  }
  options.insert(options.begin(), run.begin(), run.end());
  return options;
}

std::vector<OptionSpec> completion_options() {
  return with_talk({
      {.name = "SHELL",
       .group = Group::kWhat,
       .kind = Kind::kChoice,
       .value_name = "NAME",
       .choices = "bash zsh fish",
       .help = "bash, zsh or fish",
       .positional = true},
  });
}

}  // namespace

std::span<const SubcommandSpec> subcommand_table() {
  static const std::vector<SubcommandSpec> table = {
      {.name = "inspect", .help = "what a model, ControlNet, LoRA or GGUF file is", .available = false},
      {.name = "compare",
       .help = "pixel comparison of two pictures",
       .more = "Exits 0 if no sample differs by more than the tolerance, else 6.",
       .example = "zimage-inpaint compare result.png golden.png --tolerance 1",
       .options = compare_options()},
      {.name = "bench", .help = "time the stages", .available = false},
      {.name = "doctor",
       .help = "versions, devices, memory, what would be used",
       .more = "Exits 0 if a run would work, else with the code it would fail with. No weight is read.",
       .example = "zimage-inpaint doctor --model Z-Image-Turbo",
       .options = doctor_options()},
      {.name = "completion",
       .help = "the completions of a shell",
       .example = "source <(zimage-inpaint completion bash)",
       .options = completion_options()},
      {.name = "man",
       .help = "this program's man page",
       .example = "zimage-inpaint man | man -l -",
       .options = with_talk({})},
  };
  return table;
}

const SubcommandSpec* find_subcommand(std::string_view name) {
  const auto table = subcommand_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& s) { return name == s.name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace zimage::app
