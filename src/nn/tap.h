// Reports named intermediate values to parity tests. It costs nothing when nobody listens.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

namespace zimage {

using TapSink = std::function<void(const std::string& name, const at::Tensor& value)>;

/// Listens to every tap on this thread during its lifetime, then restores the previous listener.
class TapScope {
 public:
  explicit TapScope(TapSink sink);
  ~TapScope();
  TapScope(const TapScope&) = delete;
  TapScope& operator=(const TapScope&) = delete;

 private:
  TapSink previous_;
};

bool tapped();
/// Reports a value if somebody listens. Names are dotted paths, e.g. "dit.layers.3".
void tap(const std::string& name, const at::Tensor& value);

}  // namespace zimage
