#!/usr/bin/env bash
# Checks that what `cmake --install` made can be moved and run from another folder: it finds its libraries and its demo
# model, and writes the same bytes as the program in the build folder.
# usage: install_test.sh CMAKE BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
cmake=$1 build=$(cd "$2" && pwd) source=$(cd "$3" && pwd)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$cmake" --install "$build" --prefix "$folder/first" >/dev/null
mv "$folder/first" "$folder/moved here"
program="$folder/moved here/bin/zimage-inpaint"

# Unlike a source tree, this place has no `../models/demo`, so a result means that the installed model was found.
inpaint() {
  (cd / && env -i HOME="$HOME" "$1" --image "$source/models/demo/picture.png" --mask "$source/models/demo/mask.png" \
    --prompt hills --seed 1 --steps 2 --threads 1 --output "$2" >/dev/null 2>"$folder/log") || { cat "$folder/log" >&2; exit 1; }
}
"$program" --version
inpaint "$program" "$folder/installed.png"
inpaint "$build/zimage-inpaint" "$folder/built.png"
cmp "$folder/installed.png" "$folder/built.png"

for file in qwen3.merges LICENSE NOTICE; do
  cmp "$source/data/tokenizer/$file" "$folder/moved here/share/zimage-inpaint/tokenizer/$file"
done
[ -n "$(find "$folder/moved here/share/doc" -name LICENSE)" ] || { echo "the licence is not installed" >&2 && exit 1; }
for file in man/man1/zimage-inpaint.1:man bash-completion/completions/zimage-inpaint:"completion bash" \
  zsh/site-functions/_zimage-inpaint:"completion zsh" fish/vendor_completions.d/zimage-inpaint.fish:"completion fish"; do
  "$program" ${file#*:} | cmp - "$folder/moved here/share/${file%%:*}"
done
if readelf -d "$program" | grep -E 'R(UN)?PATH' | grep -qF "$build"; then
  echo "the installed program still looks for libraries in $build" >&2
  exit 1
fi
echo "installed, moved, and made the same picture"
