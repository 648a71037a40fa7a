// What the program's own tools may do with an Inpainter beyond its public interface.
#pragma once

#include "pipeline/residency/model_store.h"
#include "zimage/inpainter.h"

namespace zimage {

struct InpainterAccess {
  /// Makes an Inpainter of a model that is open already. Of `paths` only the LoRAs count. Errors: those of Inpainter's
  /// constructor.
  static Inpainter open(const OpenedFiles& model, const ModelPaths& paths, const ComputeOptions& compute);
  /// Returns the model's parts, whose sizes a tool may ask for.
  static const ModelStore& models(const Inpainter& inpainter);
};

}  // namespace zimage
