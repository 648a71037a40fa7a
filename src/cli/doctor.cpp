#include "cli/doctor.h"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/report/memory_table.h"
#include "app/report/report_json.h"
#include "base/bytes_text.h"
#include "base/text.h"
#include "cli/help.h"
#include "cli/terminal.h"
#include "zimage/version.h"

namespace zimage::cli {
namespace {

using nlohmann::ordered_json;

std::string free_text(std::uint64_t bytes) { return bytes == 0 ? "" : concat({", ", bytes_text(bytes), " free"}); }

void row(std::ostream& out, const std::string& name, const std::string& value) {
  out << std::left << std::setw(14) << name << printable(value) << '\n';
}

void machine_rows(std::ostream& out, const Machine& machine) {
  row(out, "processor",
      (machine.cpu.empty() ? "unknown" : machine.cpu) + ", " + std::to_string(machine.cores) +
          (machine.cores == 1 ? " core, " : " cores, ") + machine.vector_level);
  row(out, "memory", bytes_text(machine.memory_bytes) + free_text(machine.available_bytes));
  for (const std::string& gpu : machine.nvidia_gpus) row(out, "GPU", gpu);
  for (const CUDADevice& device : machine.cuda_devices) {
    row(out, "cuda:" + std::to_string(device.index),
        device.total_bytes == 0 ? "memory unknown" : bytes_text(device.total_bytes) + free_text(device.free_bytes));
  }
  if (machine.cuda_devices.empty()) row(out, "CUDA", machine.cuda_build ? "no device" : "not in this build");
}

std::string capability_text(int capability) {
  return capability == 0
             ? "compute capability unknown"
             : concat({"compute capability ", std::to_string(capability / 10), ".", std::to_string(capability % 10)});
}

std::string kernels_text(const DeviceFacts& device) {
  if (!device.kernels_absent.empty()) return concat({"none: ", device.kernels_absent});
  return concat({std::to_string(device.kernels_agree), " of ", std::to_string(device.kernels_checked),
                 " agree with libtorch, compiled by NVRTC ", device.kernels_compiler});
}

/// Says what the device that would be used can do.
void device_rows(std::ostream& out, const DeviceFacts& device) {
  row(out, "card",
      concat({device.name.empty() ? "name unknown" : device.name, ", ", capability_text(device.capability)}));
  if (!device.driver.empty() || !device.cuda.empty()) {
    row(out, "driver",
        concat({device.driver.empty() ? "release unknown" : device.driver,
                device.cuda.empty() ? "" : concat({", for CUDA up to ", device.cuda})}));
  }
  row(out, "matrix units", concat({"fp16", device.bf16 ? ", bf16" : "", device.fp8 ? ", fp8" : ""}));
  row(out, "attention", device.attention.empty() ? "none of libtorch's fast kinds works" : list_some(device.attention));
  row(out, "own kernels", kernels_text(device));
  for (const std::string& failure : device.kernels_failures) row(out, "", concat({"not used: ", failure}));
}

void model_rows(std::ostream& out, const app::Diagnosis& diagnosis) {
  const std::string source = diagnosis.model_source == "environment" ? " ($ZIMAGE_MODEL)"
                             : diagnosis.model_source == "bundled"   ? " (bundled)"
                                                                     : "";
  row(out, "model", diagnosis.model.empty() ? "none" : diagnosis.model.string() + source);
  if (!diagnosis.controlnet.empty()) row(out, "ControlNet", diagnosis.controlnet.string());
  if (!diagnosis.info) return;
  const ModelInfo& info = *diagnosis.info;
  for (const LoraInfo& lora : info.loras) {
    row(out, "LoRA",
        concat({printable(lora.file.string()), ": ", lora.kind,
                lora.rank > 0 ? " of rank " + std::to_string(lora.rank) : "", " for ", std::to_string(lora.layers),
                lora.layers == 1 ? " layer" : " layers"}));
  }
  row(out, "",
      info.name + " (" + to_string(info.variant) + "): " + std::to_string(info.dit_layers) + " layers, width " +
          std::to_string(info.dit_dim) + ", " + bytes_text(diagnosis.model_bytes) + " in " +
          std::to_string(info.files.size()) + " files" +
          (info.controlnet.empty() ? "" : ", ControlNet " + info.controlnet) +
          (info.demo ? "; the demo model, a toy" : ""));
  const char* name = "needs";
  for (const std::string& line : app::memory_table(info.memory)) {
    row(out, name, line);
    name = "";
  }
}

ordered_json memory_json(std::uint64_t bytes) { return bytes == 0 ? ordered_json() : ordered_json(bytes); }

ordered_json machine_json(const Machine& machine) {
  ordered_json devices = ordered_json::array();
  for (const CUDADevice& device : machine.cuda_devices) {
    devices.push_back({{"device", "cuda:" + std::to_string(device.index)},
                       {"memory_bytes", memory_json(device.total_bytes)},
                       {"free_bytes", memory_json(device.free_bytes)}});
  }
  return {
      {"cpu",
       {{"name", utf8_or_printable(machine.cpu)}, {"cores", machine.cores}, {"vector_level", machine.vector_level}}},
      {"memory_bytes", memory_json(machine.memory_bytes)},
      {"available_bytes", memory_json(machine.available_bytes)},
      {"cuda_build", machine.cuda_build},
      {"cuda_devices", devices},
      {"nvidia_gpus", machine.nvidia_gpus}};
}

ordered_json text_or_null(const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); }

ordered_json device_json(const DeviceFacts& device) {
  return {
      {"device", device.device},
      {"name", text_or_null(device.name)},
      {"compute_capability", device.capability == 0 ? ordered_json()
                                                    : ordered_json(concat({std::to_string(device.capability / 10), ".",
                                                                           std::to_string(device.capability % 10)}))},
      {"driver", text_or_null(device.driver)},
      {"driver_cuda", text_or_null(device.cuda)},
      {"bf16", device.bf16},
      {"fp8", device.fp8},
      {"attention", device.attention},
      {"kernels",
       {{"checked", device.kernels_checked},
        {"agree", device.kernels_agree},
        {"absent", text_or_null(device.kernels_absent)},
        {"nvrtc", text_or_null(device.kernels_compiler)},
        {"failures", device.kernels_failures}}}};
}

ordered_json model_json(const app::Diagnosis& diagnosis) {
  ordered_json model{{"path", utf8_or_printable(diagnosis.model.string())},
                     {"source", diagnosis.model_source},
                     {"usable", diagnosis.info.has_value()}};
  if (!diagnosis.info) return model;
  const ModelInfo& info = *diagnosis.info;
  ordered_json files = ordered_json::array();
  for (const auto& file : info.files) files.push_back(utf8_or_printable(file.string()));
  model.update({{"name", utf8_or_printable(info.name)},
                {"variant", to_string(info.variant)},
                {"variant_reason", info.variant_reason},
                {"demo", info.demo},
                {"layers", info.dit_layers},
                {"width", info.dit_dim},
                {"parameters", info.parameters},
                {"native_megapixels", info.native_megapixels},
                {"bytes", diagnosis.model_bytes},
                {"memory", app::memory_json(info.memory)},
                {"controlnet", info.controlnet.empty() ? ordered_json() : ordered_json(info.controlnet)},
                {"files", files}});
  return model;
}

}  // namespace

std::string doctor_text(const app::Diagnosis& diagnosis) {
  std::ostringstream out;
  row(out, "program", version_line());
  row(out, "libtorch", torch_version());
  machine_rows(out, diagnosis.machine);
  if (diagnosis.compute) {
    row(out, "would use",
        diagnosis.compute->device + (diagnosis.info ? ", " + diagnosis.info->dtype : "") + ", " +
            std::to_string(diagnosis.compute->threads) + (diagnosis.compute->threads == 1 ? " thread" : " threads"));
  }
  if (diagnosis.device) device_rows(out, *diagnosis.device);
  model_rows(out, diagnosis);
  row(out, "pictures", list_some(diagnosis.formats, diagnosis.formats.size()));
  row(out, "folder", diagnosis.folder.string() + (diagnosis.folder_writable ? ", writable" : ", not writable"));
  for (const auto& [name, value] : diagnosis.environment) {
    if (value) row(out, "environment", name + "=" + *value);
  }
  out << '\n';
  for (const std::string& warning : diagnosis.warnings) out << "warning: " << warning << '\n';
  for (const Error& problem : diagnosis.problems) {
    const std::string hint = problem.hint().empty() ? "" : " (" + problem.hint() + ")";
    out << "problem: " << printable(problem.message() + hint) << '\n';
  }
  out << (diagnosis.problems.empty() ? "A run would work.\n" : "A run would fail.\n");
  return out.str();
}

std::string doctor_json(const app::Diagnosis& diagnosis) {
  ordered_json out{
      {"status", diagnosis.problems.empty() ? "ok" : "error"},
      {"version", version()},
      {"commit", git_commit()},
      {"libtorch", torch_version()},
      {"machine", machine_json(diagnosis.machine)},
      {"compute", nullptr},
      {"device", diagnosis.device ? device_json(*diagnosis.device) : ordered_json()},
      {"model", model_json(diagnosis)},
      {"formats", diagnosis.formats},
      {"folder", {{"path", utf8_or_printable(diagnosis.folder.string())}, {"writable", diagnosis.folder_writable}}},
      {"environment", ordered_json::object()},
      {"warnings", diagnosis.warnings},
      {"problems", ordered_json::array()}};
  if (diagnosis.compute) {
    out["compute"] = {{"device", diagnosis.compute->device},
                      {"dtype", diagnosis.info ? ordered_json(diagnosis.info->dtype) : ordered_json()},
                      {"threads", diagnosis.compute->threads}};
  }
  for (const auto& [name, value] : diagnosis.environment) {
    out["environment"][name] = value ? ordered_json(utf8_or_printable(*value)) : ordered_json();
  }
  for (const Error& problem : diagnosis.problems) {
    out["problems"].push_back({{"code", to_string(problem.code())},
                               {"message", utf8_or_printable(problem.message())},
                               {"hint", utf8_or_printable(problem.hint())}});
  }
  return app::json_line(out, stdout_is_terminal());
}

}  // namespace zimage::cli
