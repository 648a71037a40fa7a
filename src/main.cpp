#include <cstdio>
#include <cstdlib>

#include "cli/main.h"

int main(int argc, char* argv[]) {
  // oneDNN, within libtorch, keeps what it made for the last 1024 shapes: a batch of pictures of many sizes would grow
  // for hundreds of them. A picture of the demo takes 70, and larger models have the same kinds of layers.
  ::setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "256", /*overwrite=*/0);
  const int code = zimage::cli::main(argc, argv);
  // Everything of ours is written and closed by now. Taking libtorch down would be a tenth of a second of every run.
  std::fflush(nullptr);
  std::_Exit(code);
}
