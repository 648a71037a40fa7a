// How long libgomp's threads spin before they sleep. Its default is so long that on a machine where another process
// wants a core, every parallel region waits for a thread that was put aside: measured, the demo took 0.7 s on two
// cores and four to twelve with another process beside it; with a short spin it takes about the same in both.
//
// libgomp reads the setting when it is loaded, before main. So the executable starts itself again with it, from
// .preinit_array: after the libraries are mapped, before any of their constructors runs, which costs a few
// milliseconds. Nothing of libc is initialised there: only system calls and plain memory are used.
#include <alloca.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace {

char spin_count[] = "GOMP_SPINCOUNT=10000";

bool names(const char* entry, const char* variable) {
  const std::size_t length = std::strlen(variable);
  return std::strncmp(entry, variable, length) == 0 && entry[length] == '=';
}

const char* base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash == nullptr ? path : slash + 1;
}

void start_again_with_short_spin(int argc, char** argv, char** environment) {
  const auto* path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  // Started in another way than by its own name (by the loader, say): leave things as they are.
  if (path == nullptr || argc < 1 || std::strcmp(base_name(path), base_name(argv[0])) != 0) return;
  std::size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    // A user's own choice stands; so does ours, the second time.
    if (names(environment[count], "GOMP_SPINCOUNT") || names(environment[count], "OMP_WAIT_POLICY")) return;
  }
  auto** extended = static_cast<char**>(alloca((count + 2) * sizeof(char*)));
  std::memcpy(extended, environment, count * sizeof(char*));
  extended[count] = spin_count;
  extended[count + 1] = nullptr;
  execve(path, argv, extended);  // comes back only if it fails, and then nothing is lost but speed
}

}  // namespace

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(int, char**,
                                                                              char**) = start_again_with_short_spin;
