#include "app/job/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "base/atomic_file.h"
#include "zimage/error.h"

namespace zimage::app {
namespace {

std::atomic<bool> g_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may only touch a lock-free flag");

extern "C" void handle_signal(int) {
  if (g_interrupted.exchange(true)) {
    remove_current_temporaries();
    _exit(static_cast<int>(ErrorCode::kInterrupted));
  }
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = handle_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction previous {};
    if (sigaction(number, nullptr, &previous) == 0 && previous.sa_handler == SIG_IGN)
      continue;  // the parent ignores it: nohup, or `&` in a script
    sigaction(number, &action, nullptr);
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

bool interrupted() noexcept { return g_interrupted.load(); }

}  // namespace zimage::app
