#pragma once

namespace zimage::cli {

/// The whole program: parses, runs, reports; the one place that catches errors. Returns the exit code.
int main(int argc, char* argv[]);

}  // namespace zimage::cli
