// The table of subcommands and their options. A new one needs a row here and a function in cli/subcommands.cpp.
#include <algorithm>
#include <initializer_list>

#include "app/options/option.h"

namespace zimage::app {
namespace {

/// Returns a subcommand's own options and the main command's for messages, which every subcommand has.
std::vector<OptionSpec> with_message_options(std::initializer_list<OptionSpec> own) {
  std::vector<OptionSpec> options(own);
  for (const char* name : {"quiet", "verbose", "color", "log-file", "help"}) options.push_back(*find_option(name));
  return options;
}

std::vector<OptionSpec> compare_options() {
  // clang-format off
  return with_message_options({
      {.name = "A", .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH",
       .help = "a picture", .positional = true},
      {.name = "B", .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH",
       .help = "the picture to compare it with", .more = "Both must have the same size; channels and bit depth may differ.", .positional = true},
      {.name = "mask", .short_name = 'm', .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH|SHAPE",
       .help = "also measure inside (white) and outside of this mask", .more = "It must have the pictures' aspect ratio. A picture or a shape (rect:X,Y,W,H) is read like a run's --mask."},
      {.name = "tolerance", .group = Group::kGolden, .kind = Kind::kInteger, .value_name = "N", .default_value = "0", .min = 0, .max = 255,
       .help = "largest difference that still counts as equal, in 8-bit levels"},
      {.name = "difference", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FILE",
       .help = "write a picture of the differences (PNG)", .more = "It is grey: black where the pictures are equal, else the pixel's largest difference, scaled so that the largest of all is white."},
      {.name = "overwrite", .group = Group::kOutput, .kind = Kind::kFlag,
       .help = "replace an existing --difference"},
      {.name = "json", .group = Group::kMessages, .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the table"},
  });
  // clang-format on
}

std::vector<OptionSpec> inspect_options() {
  // clang-format off
  return with_message_options({
      {.name = "PATH", .group = Group::kWhat, .kind = Kind::kList, .value_name = "PATH", .path = true,
       .help = "a file of weights, a model's folder, or a folder of such files", .more = "A folder is searched recursively.", .positional = true},
      {.name = "check", .group = Group::kWhat, .kind = Kind::kFlag,
       .help = "read every number", .more = "It finds NaN, infinity and scales of zero."},
      {.name = "json", .group = Group::kMessages, .kind = Kind::kFlag,
       .help = "one JSON object a line on stdout instead of the text"},
  });
  // clang-format on
}

std::vector<OptionSpec> convert_options() {
  // clang-format off
  std::vector<OptionSpec> options = with_message_options({
      {.name = "IN", .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH", .path = true,
       .help = "the model: a file, a folder of shards, or a diffusers folder", .more = "A diffusers folder becomes one checkpoint that holds the DiT, the text encoder and the VAE; a part becomes one file of that part.", .positional = true},
      {.name = "OUT", .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH", .path = true,
       .help = "the safetensors file to write", .more = "It appears whole or not at all.", .positional = true},
      {.name = "dtype", .group = Group::kWhat, .kind = Kind::kChoice, .value_name = "NAME", .default_value = "bf16", .choices = "bf16 fp8 int8",
       .help = "what its weights are stored as", .more = "fp8 and int8 (with convrot) are for the matrices of the blocks; the rest is bf16."},
      {.name = "overwrite", .group = Group::kOutput, .kind = Kind::kFlag,
       .help = "replace an existing OUT"},
      {.name = "json", .group = Group::kMessages, .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the line"},
  });
  // clang-format on
  options.push_back(*find_option("progress"));
  return options;
}

std::vector<OptionSpec> get_options() {
  // clang-format off
  return with_message_options({
      {.name = "NAME", .group = Group::kWhat, .kind = Kind::kChoice, .value_name = "NAME", .default_value = "list", .choices = "list turbo turbo-int8 turbo-gguf controlnet-2.1 controlnet-2.1-lite",
       .help = "what to get", .more = "list, the default, says what there is: sizes, licences, and the memory that a run takes.", .positional = true},
      {.name = "to", .group = Group::kOutput, .kind = Kind::kText, .value_name = "FOLDER", .default_value = "zimage-models", .path = true,
       .help = "the folder that the files go to", .more = "Within it they have the places that they have in their repositories. What is there with its size is left out."},
      {.name = "run", .group = Group::kWhat, .kind = Kind::kFlag,
       .help = "download and check the files", .more = "Without it the commands are only printed. A file gets its name once its size, its tensors and its SHA-256 are those of the published one. A download that was cut goes on where it stopped."},
      {.name = "with", .group = Group::kMachine, .kind = Kind::kChoice, .value_name = "NAME", .default_value = "auto", .choices = "auto hf curl",
       .help = "the program that downloads", .more = "auto takes hf if it is installed, else curl. Both heed HF_ENDPOINT, for a mirror, and HF_TOKEN."},
      {.name = "overwrite", .group = Group::kOutput, .kind = Kind::kFlag,
       .help = "replace files of another size"},
      {.name = "json", .group = Group::kMessages, .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the text", .more = "With list it is an object a line for each name."},
  });
  // clang-format on
}

/// Returns the main command's options that choose a model and a machine.
std::vector<OptionSpec> model_and_machine_options() {
  std::vector<OptionSpec> options;
  for (const char* name : {"model", "text-encoder", "tokenizer", "vae", "controlnet", "lora", "lora-allow-unmatched",
                           "device", "dtype", "offload", "max-memory", "threads"}) {
    options.push_back(*find_option(name));
  }
  return options;
}

std::vector<OptionSpec> bench_options() {
  // clang-format off
  std::vector<OptionSpec> options = with_message_options({
      {.name = "random-weights", .group = Group::kModel, .kind = Kind::kText, .value_name = "[SHAPE]", .offered = "published mid tiny", .implied_value = "published", .path = true,
       .help = "random weights instead of a model's files", .more = "SHAPE is published (Z-Image-Turbo's, also without a SHAPE), mid, tiny, a DiT's config.json, or a folder as diffusers lays it out."},
      {.name = "size", .group = Group::kGeometry, .kind = Kind::kText, .value_name = "WxH[,WxH...]", .default_value = "512x512",
       .help = "size of the picture, which is worked on as a whole", .more = "Sides are multiples of 16. Several sizes are measured one after another."},
      {.name = "steps", .group = Group::kSampling, .kind = Kind::kInteger, .value_name = "N", .default_value = "4", .min = 1, .max = 1000,
       .help = "denoising steps of a run, each of them one forward"},
      {.name = "warmup", .group = Group::kWhat, .kind = Kind::kInteger, .value_name = "N", .default_value = "1", .min = 0, .max = 1000,
       .help = "runs that aren't timed"},
      {.name = "repeat", .group = Group::kWhat, .kind = Kind::kInteger, .value_name = "N", .default_value = "3", .min = 1, .max = 1000,
       .help = "runs that are timed", .more = "The table shows the median, the fastest and the slowest."},
      {.name = "json", .group = Group::kMessages, .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the table"},
  });
  // clang-format on
  const std::vector<OptionSpec> run = model_and_machine_options();
  options.insert(options.begin(), run.begin(), run.end());
  options.push_back(*find_option("progress"));
  return options;
}

std::vector<OptionSpec> report_options() {
  // clang-format off
  std::vector<OptionSpec> options = with_message_options({
      {.name = "REPORT", .group = Group::kWhat, .kind = Kind::kText, .value_name = "PATH", .path = true,
       .help = "the file of --report", .more = "The lines of --json serve too, and so do those of compare --json.", .positional = true},
      {.name = "output", .short_name = 'o', .group = Group::kOutput, .kind = Kind::kText, .value_name = "PATH", .path = true,
       .help = "the page, or - for stdout", .more = "Without it the page is REPORT.html beside REPORT.jsonl. It appears whole or not at all."},
      {.name = "overwrite", .group = Group::kOutput, .kind = Kind::kFlag,
       .help = "replace an existing page"},
      {.name = "json", .group = Group::kMessages, .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the path"},
  });
  // clang-format on
  options.push_back(*find_option("progress"));
  return options;
}

std::vector<OptionSpec> doctor_options() {
  std::vector<OptionSpec> options = with_message_options({
      {.name = "json",
       .group = Group::kMessages,
       .kind = Kind::kFlag,
       .help = "one JSON object on stdout instead of the table"},
  });
  // So that they can be tried here first.
  const std::vector<OptionSpec> run = model_and_machine_options();
  options.insert(options.begin(), run.begin(), run.end());
  return options;
}

std::vector<OptionSpec> completion_options() {
  return with_message_options({
      {.name = "SHELL",
       .group = Group::kWhat,
       .kind = Kind::kChoice,
       .value_name = "NAME",
       .choices = "bash zsh fish",
       .help = "bash, zsh or fish",
       .positional = true},
  });
}

std::vector<OptionSpec> help_options() {
  return with_message_options({
      {.name = "COMMAND",
       .group = Group::kWhat,
       .kind = Kind::kText,
       .value_name = "NAME",
       .default_value = "run",
       .offered = "run all inspect compare convert get bench report doctor completion man",
       .help = "a command to explain",
       .more = "run is inpainting itself, and all explains each of its options.",
       .positional = true},
  });
}

}  // namespace

std::span<const SubcommandSpec> subcommand_table() {
  static const std::vector<SubcommandSpec> table = {
      {.name = "inspect",
       .help = "what a model, ControlNet, LoRA or GGUF file is",
       .more = "The exit code is 0 if every file would load, else 4. Without --check, only headers are read.",
       .example = "zimage-inpaint inspect ~/ComfyUI/models/loras",
       .options = inspect_options()},
      {.name = "compare",
       .help = "pixel comparison of two pictures",
       .more = "The exit code is 0 if no sample differs by more than the tolerance, else 6.",
       .example = "zimage-inpaint compare result.png golden.png --tolerance 1",
       .options = compare_options()},
      {.name = "convert",
       .help = "one file of a model, ready to load fast",
       .more = "ComfyUI reads the file, too. One weight at a time is in memory.",
       .example = "zimage-inpaint convert Z-Image-Turbo/transformer z_image_turbo_int8.safetensors --dtype int8",
       .options = convert_options()},
      {.name = "get",
       .help = "downloads of models and ControlNets",
       .more = "It prints the commands, for a shell; with --run it carries them out and prints the files' paths.",
       .example = "zimage-inpaint get turbo-int8 --run --to models",
       .options = get_options()},
      {.name = "bench",
       .help = "times of the stages on this machine",
       .more =
           "Each run opens the model anew, makes a picture in memory and ends with the bytes of a PNG. Operations are "
           "those of products and convolutions, 2 for a multiply-add.",
       .example = "zimage-inpaint bench --random-weights --dtype bf16 --size 256x256,512x512",
       .options = bench_options()},
      {.name = "report",
       .help = "a page to look at: picture, mask, result, difference of every job",
       .more = "It is one HTML file that needs no network. A picture that is missing or has changed is said to be so.",
       .example = "zimage-inpaint report report.jsonl",
       .options = report_options()},
      {.name = "doctor",
       .help = "versions, devices, memory, and what a run would use",
       .more = "The exit code is 0 if a run would work, else the code that it would fail with. No weight is read.",
       .example = "zimage-inpaint doctor --model Z-Image-Turbo",
       .options = doctor_options()},
      {.name = "completion",
       .help = "completion script for a shell",
       .example = "source <(zimage-inpaint completion bash)",
       .options = completion_options()},
      {.name = "help",
       .help = "the help of a command",
       .example = "zimage-inpaint help compare",
       .options = help_options()},
      {.name = "version",
       .help = "the version, with the commit and libtorch's",
       .example = "zimage-inpaint version",
       .options = with_message_options({})},
      {.name = "man",
       .help = "this program's man page",
       .example = "zimage-inpaint man | man -l -",
       .options = with_message_options({})},
  };
  return table;
}

const SubcommandSpec* find_subcommand(std::string_view name) {
  const auto table = subcommand_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const auto& s) { return name == s.name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace zimage::app
