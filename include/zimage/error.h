// Errors: one type, thrown where something is found wrong, caught once in main.
#pragma once

#include <stdexcept>
#include <string>

namespace zimage {

/// What went wrong, as the process's exit code. The numbers are part of the command line's contract.
enum class ErrorCode {
  kRuntime = 1,       ///< the work itself failed (disk full, device lost)
  kUsage = 2,         ///< options that make no sense, or an output that can't be written
  kInput = 3,         ///< picture, mask or manifest
  kModel = 4,         ///< model files, or weights and latents that aren't finite
  kMemory = 5,        ///< out of memory
  kGolden = 6,        ///< the result differs from the golden picture
  kBatch = 7,         ///< some jobs of a batch failed
  kInterrupted = 130  ///< stopped by the user
};

/// The name of a code as `--json` prints it ("input", "model", …).
const char* to_string(ErrorCode code);

/// One failure. `what()` is "context: message" in one line; `hint()` says what to do about it and may be empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message, std::string hint = "");

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }

  /// The same error seen from one stage further out: "context: message".
  Error with_context(const std::string& context) const;

 private:
  ErrorCode code_;
  std::string message_;
  std::string hint_;
};

}  // namespace zimage
