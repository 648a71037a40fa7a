#include "zimage/error.h"

#include <utility>

namespace zimage {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kRuntime: return "runtime";
    case ErrorCode::kUsage: return "usage";
    case ErrorCode::kInput: return "input";
    case ErrorCode::kModel: return "model";
    case ErrorCode::kMemory: return "memory";
    case ErrorCode::kGolden: return "golden";
    case ErrorCode::kBatch: return "batch";
    case ErrorCode::kInterrupted: return "interrupted";
  }
  return "runtime";
}

Error::Error(ErrorCode code, std::string message, std::string hint)
    : std::runtime_error(message), code_(code), message_(std::move(message)), hint_(std::move(hint)) {}

Error Error::as_fatal() const {
  Error copy = *this;
  copy.fatal_ = true;
  return copy;
}

}  // namespace zimage
