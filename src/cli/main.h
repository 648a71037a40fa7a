#pragma once

namespace zimage::cli {

/// Runs the whole program and returns the exit code. This is the one place that catches errors.
int main(int argc, char* argv[]);

}  // namespace zimage::cli
