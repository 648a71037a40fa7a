// Named intermediates for parity tests: free when nobody listens.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

namespace zimage {

using TapSink = std::function<void(const std::string& name, const at::Tensor& value)>;

/// Listens to every tap on this thread while it lives; restores the previous listener after.
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
