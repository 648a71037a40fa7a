#!/usr/bin/env bash
# Installs the library, builds the example against it from outside the tree, and checks that the example's picture is
# the program's, pixel for pixel, and the build folder's example's, byte for byte.
# usage: library_test.sh CMAKE BUILD_FOLDER SOURCE_FOLDER PYTHON
set -euo pipefail
cmake=$1 build=$(cd "$2" && pwd) source=$(cd "$3" && pwd) python=$4

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$cmake" --install "$build" --component library --prefix "$folder/installed" >/dev/null
mv "$folder/installed" "$folder/moved"
cp -r "$source/examples" "$folder/examples"
"$cmake" -G Ninja -S "$folder/examples" -B "$folder/build" -DCMAKE_PREFIX_PATH="$folder/moved" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_CXX_FLAGS='-Wall -Wextra -Werror' >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"$cmake" --build "$folder/build" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
if grep -rF "$source" "$folder/moved" --include='zimageTargets*.cmake'; then
  echo "the installed package still refers to the source folder" >&2
  exit 1
fi

export OMP_NUM_THREADS=1
demo=$source/models/demo
run() { "$1" "$demo" "$demo/picture.png" "$demo/mask.png" 'a red kite over hills' "$2"; }
run "$folder/build/zimage-example" "$folder/outside.png"
run "$build/zimage-example" "$folder/inside.png"
cmp "$folder/outside.png" "$folder/inside.png"
"$build/zimage-inpaint" -q --model "$demo" -i "$demo/picture.png" -m "$demo/mask.png" -p 'a red kite over hills' --seed 1 \
  --threads 1 -o "$folder/program.png" >/dev/null
"$python" - "$folder/outside.png" "$folder/program.png" "$demo/picture.png" <<'PYTHON'
import sys
from PIL import Image
example, program, picture = (Image.open(path).convert("RGB").tobytes() for path in sys.argv[1:])
assert example == program, "the example's picture is not the program's"
assert example != picture, "the example changed nothing"
PYTHON
if "$build/zimage-example" "$demo" /nowhere.png "$demo/mask.png" x "$folder/no.png" 2>/dev/null || [ -e "$folder/no.png" ]; then
  echo "the example takes a missing picture for done" >&2
  exit 1
fi
echo "found by CMake, and the same picture"
