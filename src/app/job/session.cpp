#include "app/job/session.h"

#include <sstream>
#include <string>

#include "app/provenance/provenance.h"
#include "app/report/memory_table.h"
#include "base/atomic_file.h"
#include "base/log.h"
#include "base/text.h"

namespace zimage::app {

Session::Session(const ModelPaths& model, const ComputeOptions& compute)
    : folder_(model.model), inpainter_(model, compute) {}

void Session::log_model() const {
  const ModelInfo& model = inpainter_.info();
  if (model.demo) {
    // A warning, so that --quiet doesn't hide it: nobody should take the toy for the product.
    log::warning("this is the bundled demo model, a toy" +
                 std::string(model.random_weights ? " with random weights: the repainted part is noise" : "") +
                 "; give --model for a real one");
  } else if (model.random_weights) {
    log::warning("the weights of this model are random: the repainted part is noise");
  }
  log::info("model " + printable(model.name) + ": " + std::to_string(model.dit_layers) + " layers, width " +
            std::to_string(model.dit_dim) + ", " + std::to_string(model.parameters) + " parameters; device " +
            model.device + ", dtype " + model.dtype + ": " + model.memory.dtype_reason);
  const SamplingDefaults& defaults = model.defaults;
  std::ostringstream sampling;
  sampling << defaults.steps << " steps, shift " << defaults.shift << ", guidance scale " << defaults.guidance_scale;
  log::info(concat({"variant ", to_string(model.variant), ", ", printable(model.variant_reason), ": the defaults are ",
                    sampling.str()}));
  for (const std::string& line : memory_table(model.memory)) log::info(line);
  for (const LoraInfo& lora : model.loras) {
    log::info(printable(
        concat({lora.file.filename().string(), ": ", lora.kind.empty() ? "nothing that fits" : lora.kind,
                lora.rank > 0 ? " of rank " + std::to_string(lora.rank) : "", " for ", std::to_string(lora.layers),
                lora.layers == 1 ? " layer" : " layers", ", scale ", nlohmann::ordered_json(lora.scale).dump()})));
  }
  for (const auto& file : model.files) log::debug("model file " + printable(file.string()));
}

const nlohmann::ordered_json& Session::model_hashes() {
  const std::lock_guard lock(mutex_);
  if (model_hashes_.is_null()) model_hashes_ = hash_model(model(), folder_);
  return model_hashes_;
}

void Session::clean_folder(const std::filesystem::path& folder) {
  const std::filesystem::path named = folder.empty() ? "." : folder;
  const std::lock_guard lock(mutex_);
  if (clean_.insert(named).second) remove_stale_temporaries(named);
}

}  // namespace zimage::app
