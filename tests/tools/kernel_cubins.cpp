// Compiles every kernel for every architecture of NVIDIA's cards, which needs no card, and prints what each takes
// there. usage: kernel_cubins [--nvrtc LIBRARY] [--log] [CAPABILITY]...   (75 80 86 89 90 100 120, if none is given)
// Exits 1 if a kernel spills registers or uses local memory, takes more than 64 registers, or is missing; 77 if there
// is no NVRTC.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/run_async.h"
#include "base/stopwatch.h"
#include "nn/kernels/cuda_compiler.h"
#include "nn/kernels/cuda_launch.h"
#include "zimage/error.h"

namespace {

using namespace zimage::nn::kernels;

/// With more, a multiprocessor of 65,536 registers can't hold 1024 threads.
constexpr int kMaxRegisters = 64;
constexpr ElementId kElements[] = {ElementId::kFloat, ElementId::kBf16, ElementId::kHalf};

struct Resources {
  int registers = 0;
  int local_bytes = 0;   ///< the stack frame, in which spilled registers lie too
  int spill_bytes = 0;   ///< stores and loads of them
  int shared_bytes = 0;  ///< beside what a launch asks for
};

/// Returns the number before a word; 0 if the word isn't there.
int number_before(const std::string& text, const std::string& word) {
  const std::size_t end = text.find(word);
  if (end == std::string::npos) return 0;
  std::size_t begin = end;
  while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') --begin;
  return std::atoi(text.substr(begin, end - begin).c_str());
}

/// Reads what ptxas says of each function with -v:
///     ptxas info    : Function properties for NAME
///         0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
///     ptxas info    : Used 40 registers, used 1 barriers, 4096 bytes smem, …
std::map<std::string, Resources> resources_in(const std::string& log) {
  std::map<std::string, Resources> found;
  std::istringstream lines(log);
  std::string name;
  const std::string begin = "Function properties for ";
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t at = line.find(begin); at != std::string::npos) {
      name = line.substr(at + begin.size());
    } else if (line.find(" bytes stack frame") != std::string::npos) {
      found[name].local_bytes = number_before(line, " bytes stack frame");
      found[name].spill_bytes = number_before(line, " bytes spill stores") + number_before(line, " bytes spill loads");
    } else if (line.find(" registers") != std::string::npos) {
      found[name].registers = number_before(line, " registers");
      found[name].shared_bytes = number_before(line, " bytes smem");
    }
  }
  return found;
}

/// What one compilation gave.
struct Compiled {
  int capability = 0;
  ElementId element{};
  std::size_t bytes = 0;
  double ms = 0;
  std::string log;
};

Compiled compile(const CudaCompiler& nvrtc, int capability, ElementId element) {
  const zimage::Stopwatch watch;
  CudaCompiler::Code code = nvrtc.compile(element, {capability, false}, /*verbose=*/true);
  return {capability, element, code.image.size(), watch.ms(), std::move(code.log)};
}

/// Prints a row for each kernel, with its registers on each architecture. Returns how many kernels are too large.
int print_table(const std::vector<Compiled>& all, const std::vector<int>& capabilities) {
  std::map<std::string, std::map<int, Resources>> table;
  for (const Compiled& one : all) {
    for (const auto& [name, resources] : resources_in(one.log)) table[name][one.capability] = resources;
  }
  std::printf("%-40s", "registers of");
  for (const int capability : capabilities) std::printf(" sm_%-4d", capability);
  std::printf("\n");
  int wrong = 0;
  for (const KernelInfo& info : kKernels) {
    for (const ElementId element : kElements) {
      const std::string name = entry_name(info.id, element);
      std::printf("%-40s", name.c_str());
      std::string notes;
      for (const int capability : capabilities) {
        const auto& row = table[name];
        const auto found = row.find(capability);
        if (found == row.end() || found->second.registers == 0) {
          std::printf(" %-7s", "missing");
          ++wrong;
          continue;
        }
        const Resources& r = found->second;
        std::printf(" %-7d", r.registers);
        if (r.local_bytes == 0 && r.spill_bytes == 0 && r.registers <= kMaxRegisters) continue;
        ++wrong;
        std::ostringstream note;
        note << "; sm_" << capability << ": " << r.local_bytes << " bytes of local memory, " << r.spill_bytes
             << " spilled";
        notes += note.str();
      }
      std::printf("%s\n", notes.c_str());
    }
  }
  return wrong;
}

int run(const std::vector<int>& capabilities, const std::string& library, bool print_log) {
  std::string reason;
  const auto nvrtc = CudaCompiler::open(reason, library);
  if (!nvrtc) {
    std::printf("skipped: %s\n", reason.c_str());
    return 77;
  }
  std::printf("NVRTC %s in %s\n", nvrtc->version().c_str(), nvrtc->path().c_str());
  const zimage::Stopwatch watch;
  std::vector<Compiled> all;
  for (const int capability : capabilities) {
    // NVRTC compiles in several threads at once.
    std::vector<std::future<Compiled>> running;
    for (const ElementId element : kElements) {
      running.push_back(
          zimage::run_async([&nvrtc, capability, element] { return compile(*nvrtc, capability, element); }));
    }
    std::size_t bytes = 0;
    double longest = 0;
    for (auto& one : running) {
      all.push_back(one.get());
      bytes += all.back().bytes;
      longest = std::max(longest, all.back().ms);
      if (print_log) std::printf("%s\n", all.back().log.c_str());
    }
    std::printf("sm_%d: %zu bytes in %zu cubins, the longest in %.0f ms\n", capability, bytes, running.size(), longest);
  }
  const int wrong = print_table(all, capabilities);
  std::printf(
      "%zu kernels for %zu architectures, compiled in %.1f s; %d with local memory, spills, more than %d registers, "
      "or missing\n",
      static_cast<std::size_t>(kKernelCount) * std::size(kElements), capabilities.size(), watch.ms() / 1000.0, wrong,
      kMaxRegisters);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char* argv[]) {
  std::vector<int> capabilities;
  std::string library;
  bool print_log = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--nvrtc" && i + 1 < argc) {
      library = argv[++i];
    } else if (argument == "--log") {
      print_log = true;
    } else {
      capabilities.push_back(std::atoi(argv[i]));
    }
  }
  if (capabilities.empty()) capabilities = {75, 80, 86, 89, 90, 100, 120};
  try {
    return run(capabilities, library, print_log);
  } catch (const zimage::Error& e) {
    std::fprintf(stderr, "error: %s\n", e.what());
    return 1;
  }
}
