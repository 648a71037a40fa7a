// Shows pictures on the terminal, for --show.
#pragma once

#include "cli/picture_protocol.h"
#include "zimage/image.h"

namespace zimage::cli {

/// Shows pictures on stderr's terminal, each once and small enough to fit. Keeps a progress bar out of the way.
class TerminalPictures {
 public:
  /// Shows nothing.
  TerminalPictures() = default;
  /// Finds out what the terminal can, and asks it if its variables don't say. Where it can't show pictures, nothing
  /// will be shown, and the log says so. With `steps`, the steps of the runs are shown too.
  explicit TerminalPictures(bool steps);

  bool shows() const { return protocol_ != PictureProtocol::kNone; }
  bool shows_steps() const { return shows() && steps_; }

  /// Shows an 8-bit RGB picture. On any thread.
  void show_result(const Image& picture) const;
  void show_step(const Image& picture) const;

 private:
  void show(const Image& picture, int most, bool enlarge) const;

  PictureProtocol protocol_ = PictureProtocol::kNone;
  bool steps_ = false;
};

}  // namespace zimage::cli
