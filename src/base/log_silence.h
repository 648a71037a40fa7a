// Keeps the log off the terminal, where the same messages would come a thousand times.
#pragma once

namespace zimage::log {

/// While one exists, no thread's messages go to stderr. A log file gets them all the same.
class Silence {
 public:
  Silence();
  ~Silence();
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
};

}  // namespace zimage::log
