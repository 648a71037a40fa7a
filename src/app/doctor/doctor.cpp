#include "app/doctor/doctor.h"

#include <cstdlib>
#include <system_error>

#include "app/job/resolve.h"
#include "app/options/binding.h"
#include "base/atomic_file.h"
#include "base/text.h"
#include "codecs/image_file.h"

namespace zimage::app {
namespace fs = std::filesystem;
namespace {

/// Runs a check and adds its error to the problems. Returns whether it passed.
template <typename Check>
bool attempt(Diagnosis& diagnosis, Check check) {
  try {
    check();
    return true;
  } catch (const Error& e) {
    diagnosis.problems.push_back(e);
    return false;
  }
}

void look_at_environment(Diagnosis& diagnosis) {
  for (const char* name : {"ZIMAGE_MODEL", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
                           "OMP_WAIT_POLICY", "LD_LIBRARY_PATH", "NO_COLOR", "TERM"}) {
    const char* value = std::getenv(name);
    diagnosis.environment[name] = value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }
}

void look_at_folder(Diagnosis& diagnosis) {
  std::error_code error;
  diagnosis.folder = fs::current_path(error);
  try {
    check_writable(diagnosis.folder / "zimage-inpaint-doctor.png", true);
    diagnosis.folder_writable = !error;
  } catch (const Error&) {
    // Results go beside their pictures, so this alone makes no run fail.
    diagnosis.warnings.push_back("the current folder is not writable: give an --output elsewhere");
  }
}

void look_at_formats(Diagnosis& diagnosis) {
  for (const char* name : {"png", "jpeg", "webp", "bmp", "tiff", "gif", "pnm", "psd", "tga", "avif", "heif", "jxl"}) {
    if (codecs::format_from_name(std::string("picture.") + name)) diagnosis.formats.emplace_back(name);
  }
}

void look_at_gpus(Diagnosis& diagnosis) {
  const Machine& machine = diagnosis.machine;
  if (machine.nvidia_gpus.empty() || !machine.cuda_devices.empty()) return;
  diagnosis.warnings.push_back(
      machine.cuda_build ? "there is an NVIDIA GPU, but CUDA finds no device: check the driver and CUDA_VISIBLE_DEVICES"
                         : "there is an NVIDIA GPU, but this libtorch is for the CPU alone: use one for CUDA");
}

void look_at_size(Diagnosis& diagnosis) {
  for (const fs::path& file : diagnosis.info->files) {
    std::error_code error;
    const auto bytes = fs::file_size(file, error);
    if (!error) diagnosis.model_bytes += bytes;
  }
}

void look_at_model(const Settings& settings, const JobSpec& spec, const ComputeOptions& compute, Diagnosis& diagnosis) {
  diagnosis.controlnet = settings.text("controlnet");
  diagnosis.model_source = settings.given_by("model", Source::kEnvironment) ? "environment"
                           : settings.has("model")                          ? "option"
                                                                            : "bundled";
  diagnosis.model = spec.model.model;
  if (!attempt(diagnosis, [&] { check_model(spec); })) return;
  attempt(diagnosis, [&] {
    const Inpainter inpainter(spec.model, compute);
    diagnosis.info = inpainter.info();
    look_at_size(diagnosis);
    inpainter.require_memory();
  });
}

}  // namespace

Diagnosis diagnose(const Settings& settings) {
  Diagnosis diagnosis;
  diagnosis.machine = look_at_machine();
  look_at_gpus(diagnosis);
  JobSpec spec;
  bind_options(settings, spec);
  const bool usable = attempt(diagnosis, [&] {
    check_device(spec.compute.device);
    diagnosis.compute = choose_compute(spec.compute);
  });
  if (usable && diagnosis.compute->device != "cpu") {
    attempt(diagnosis, [&] { diagnosis.device = look_at_device(diagnosis.compute->device); });
  }
  // The model can be checked even if the device is not there.
  look_at_model(settings, spec, usable ? spec.compute : ComputeOptions{.device = "cpu"}, diagnosis);
  look_at_formats(diagnosis);
  look_at_folder(diagnosis);
  look_at_environment(diagnosis);
  return diagnosis;
}

}  // namespace zimage::app
