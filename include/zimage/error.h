// One exception type, thrown where a problem is found and caught once, in main.
#pragma once

#include <stdexcept>
#include <string>

namespace zimage {

/// The kind of failure, which is the process's exit code. The numbers are part of the command line's contract.
enum class ErrorCode {
  kRuntime = 1,       ///< the work itself failed (disk full, device lost)
  kUsage = 2,         ///< invalid options, or an output that can't be written
  kInput = 3,         ///< an unusable picture, mask or manifest
  kModel = 4,         ///< unusable model files, or weights or latents that aren't finite
  kMemory = 5,        ///< out of memory
  kGolden = 6,        ///< the result differs from the golden picture
  kBatch = 7,         ///< some jobs of a batch failed
  kInterrupted = 130  ///< stopped by the user
};

/// Returns the name of a code as `--json` prints it ("input", "model", …).
const char* to_string(ErrorCode code);

/// One failure. `what()` is the message in one line; `hint()` says what to do about it and may be empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message, std::string hint = "");

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }

  /// Returns whether all that this process would still do would fail in the same way, as after the loss of a device. A
  /// batch ends then, so that whoever started the process can start it again.
  bool fatal() const { return fatal_; }
  /// Returns a copy that is fatal().
  Error as_fatal() const;

 private:
  ErrorCode code_;
  std::string message_;
  std::string hint_;
  bool fatal_ = false;
};

}  // namespace zimage
