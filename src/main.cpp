#include "cli/main.h"

int main(int argc, char* argv[]) { return zimage::cli::main(argc, argv); }
