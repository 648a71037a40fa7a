# Functions that the scripts share; sourced, never run. All messages go to stderr.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$ROOT/scripts/versions.env"

say() { printf '%s\n' "$*" >&2; }

# die MESSAGE [WHAT TO DO]: prints an error and exits 1.
die() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  %s\n' "$2" >&2
  exit 1
}

# Prints the folder of an existing libtorch in CMAKE_PREFIX_PATH (separated by ':' or ';'), or nothing.
torch_of_prefix_path() {
  local prefix place
  local IFS=':;'
  for prefix in ${CMAKE_PREFIX_PATH:-}; do
    for place in Torch share/cmake/Torch lib/cmake/Torch; do
      if [ -f "$prefix/$place/TorchConfig.cmake" ]; then
        printf '%s\n' "$prefix"
        return
      fi
    done
  done
}

# Prints the CMake prefix of the libtorch in a virtual environment (default .venv), or nothing.
torch_of_venv() {
  local config
  for config in "${1:-$ROOT/.venv}"/lib/python3.*/site-packages/torch/share/cmake/Torch/TorchConfig.cmake; do
    if [ -f "$config" ]; then
      dirname "$(dirname "$config")"
      return
    fi
  done
}

# Prints how many compilers to run at once: one per core, each with the 2 GiB of memory that the ATen headers can take.
build_jobs() {
  local cores gib
  cores=$(nproc 2>/dev/null || echo 2)
  gib=$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo 2>/dev/null || echo 4)
  local by_memory=$((gib / 2))
  [ "$by_memory" -ge 1 ] || by_memory=1
  if [ "$cores" -lt "$by_memory" ]; then echo "$cores"; else echo "$by_memory"; fi
}

# timed NAME COMMAND...: runs the command and says how long it took.
timed() {
  local name=$1 begin=$SECONDS code=0
  shift
  "$@" || code=$?
  say "[$name: $((SECONDS - begin)) s]"
  return "$code"
}
