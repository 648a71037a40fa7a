#include <cstdio>
#include <cstdlib>

#include "cli/main.h"

int main(int argc, char* argv[]) {
  const int code = zimage::cli::main(argc, argv);
  // Everything of ours is written and closed by now. Taking libtorch down would be a tenth of a second of every run.
  std::fflush(nullptr);
  std::_Exit(code);
}
