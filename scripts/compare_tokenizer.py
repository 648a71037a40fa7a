#!/usr/bin/env python3
"""Compares tokenize_tool with the `tokenizers` package on generated strings, over several kinds of tokenizer.json and
over the bundled tokenizer, which is also given as the tokenizer.json of the same tokens.

    scripts/compare_tokenizer.py TOOL [--count N] [--seed S] [--every-code-point]

Prints one line with the counts; shows the first differences and exits 1 if there are any. Without the package it exits
77 (skipped), or 1 if the environment variable CI is set.
"""
import argparse
import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator

try:
    import tokenizers
except ImportError:
    print("the Python package tokenizers isn't installed: the tokenizer was not compared", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") else 77)

import make_bundled_tokenizer as bundled
import make_tokenizer_fixtures as fixtures

# The blocks of scripts, symbols and combining marks, and everything else.
BLOCKS = [
    (0x20, 0x7E), (0x20, 0x7E), (0xA0, 0xFF), (0x100, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x300, 0x36F), (0x370, 0x3FF),
    (0x400, 0x52F), (0x590, 0x5FF), (0x600, 0x6FF), (0x700, 0x8FF), (0x900, 0x97F), (0x980, 0xDFF), (0xE00, 0xFFF),
    (0x1000, 0x109F), (0x1100, 0x11FF), (0x1100, 0x11FF), (0x1200, 0x18AF), (0x1AB0, 0x1AFF), (0x1C80, 0x1DFF), (0x1E00, 0x1FFF),
    (0x2000, 0x206F), (0x2070, 0x218F), (0x2190, 0x2BFF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xA640, 0xABFF), (0xAC00, 0xD7FF),
    (0xE000, 0xE0FF), (0xF900, 0xFFFF), (0x10000, 0x11FFF), (0x12000, 0x16FFF), (0x1B000, 0x1D3FF), (0x1D400, 0x1D7FF),
    (0x1DF00, 0x1E9FF), (0x1F000, 0x1FAFF), (0x20000, 0x323FF), (0xE0000, 0xE01FF), (0x0, 0x10FFFF),
]  # fmt: skip
SPACES = [" ", " ", " ", "\n", "\n", "\r\n", "\r", "\t", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\xa0", "\u1680", "\u180e", "\u2000",
          "\u200a", "\u200b", "\u2028", "\u2029", "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff"]  # fmt: skip
CONTRACTIONS = "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'Ve 'M 'lL 'D 'ſ 'x ' '' \u2019s 'rE 'LL".split(" ")
ADDED = fixtures.SPECIAL + fixtures.NOT_SPECIAL + [
    "<a>", "<b>", "<L>", "<R>", "<LR>", "<w>", "<N>", "<M>", "<S>", " <S>", "cat", "word", "caf\u00e9", "cafe\u0301", "the",
    "na\u00efve", "nai\u0308ve", "o\u0308de", "\u00f6de", "\u00e9", "\u4e2d\u6587", "   ", "\t", "<|im_", "|>", "<think", "tool_call>",
]  # fmt: skip
WORDS = sorted({word for text in fixtures.corpus(3, 300) for word in text.split(" ")})


def code_point(rng: random.Random) -> str:
    low, high = rng.choice(BLOCKS)
    c = rng.randint(low, high)
    return chr(c) if not 0xD800 <= c <= 0xDFFF else "\ud7ff"


def marked(rng: random.Random) -> str:
    marks = "".join(chr(rng.choice([rng.randint(0x300, 0x36F), rng.randint(0x591, 0x5BD), rng.randint(0x1DC0, 0x1DFF), 0x3099, 0x345])) for _ in range(rng.randint(1, 5)))
    return rng.choice(["a", "e", "O", "u", "q", "\u00e9", "\u1ea5", "\u0627", "\u304b", code_point(rng)]) + marks


def piece(rng: random.Random) -> str:
    kind = rng.randrange(11)
    if kind == 10:
        return "".join(rng.choice("abcdehinorst") for _ in range(rng.randint(1, 30)))
    if kind == 0:
        return "".join(rng.choice(SPACES) for _ in range(rng.randint(1, 6)))
    if kind == 1:
        return rng.choice(WORDS) + rng.choice(CONTRACTIONS)
    if kind == 2:
        return rng.choice(ADDED)
    if kind == 3:
        return marked(rng)
    if kind == 4:
        return "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 6)))
    if kind == 5:
        return "".join(chr(rng.randint(a, b)) for a, b in rng.choices([(0x1100, 0x1112), (0x1161, 0x1175), (0x11A7, 0x11C2), (0xAC00, 0xAC40)], k=4))
    if kind == 6:
        return code_point(rng) * rng.randint(1, 8)
    if kind == 7:
        return "".join(code_point(rng) for _ in range(rng.randint(1, 5)))
    if kind == 8:
        return rng.choice(["!", "?!", "...", ", ", "(", ")", "\"", "#", "-", "--", "_", "/", "\\", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469", "\ufe0f", "\u20e3"])
    return rng.choice([" ", ""]) + rng.choice(WORDS)


def strings(rng: random.Random, count: int) -> Iterator[str]:
    for _ in range(count):
        yield "".join(piece(rng) for _ in range(rng.choice([1, 2, 3, 4, 6, 8, 12, 20])))


def every_code_point() -> Iterator[str]:
    """Yields all code points, eight per string, where class, normalisation and being a word or a space show."""
    for first in range(0, 0x110000, 8):
        if not 0xD800 <= first <= 0xDFFF:
            chars = map(chr, range(first, first + 8))
            yield "".join(f"a{ch}b {ch} '{ch}z<R>{ch}<w>{ch}<L>q\u0345{ch}\u0334" for ch in chars)


def files_of_source() -> Iterator[str]:
    """Yields this repository's C++, Python and Markdown, some lines at a time."""
    root = pathlib.Path(__file__).resolve().parent.parent
    for path in sorted(p for folder in ("src", "scripts", "docs") for p in (root / folder).rglob("*") if p.suffix in (".cpp", ".h", ".py", ".md")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        for first in range(0, len(lines), 40):
            yield "".join(lines[first : first + 40])


def bundled_texts(tokens: list[str], count: int, rng: random.Random) -> list[str]:
    """Returns every token by itself, `count` strings of random tokens and as many with added tokens between words."""
    of_letter = {letter: byte for byte, letter in enumerate(bundled.ALPHABET)}
    readable = [bytes(of_letter[c] for c in token).decode("utf-8", "ignore") for token in tokens]
    added = bundled.SPECIAL + bundled.NOT_SPECIAL
    strings_of_tokens = ["".join(rng.choices(readable, k=rng.randint(2, 12))) for _ in range(count)]
    with_added = ["".join(rng.choice([rng.choice(added), rng.choice(added)[:-1], piece(rng)]) for _ in range(rng.randint(2, 9))) for _ in range(count)]
    return readable + strings_of_tokens + with_added


def random_merges(source: dict, count: int, seed: int = 0) -> dict:
    """Returns merges that no training gives: a token reached in several ways, ranks against the order of lengths."""
    rng = random.Random(seed)
    letters = fixtures.pre_tokenizers.ByteLevel.alphabet()
    vocab = {token: number for number, token in enumerate(sorted(letters))}
    tokens, merges = list("abcdehinorst") + ["\u0120"], {}
    while len(merges) < count:
        pair = (rng.choice(tokens), rng.choice(tokens))
        joined = "".join(pair)
        if pair not in merges and len(joined) <= 12:
            merges[pair] = None
            if joined not in vocab:
                vocab[joined] = len(vocab)
                tokens.append(joined)
    order = list(merges)
    rng.shuffle(order)
    return copy.deepcopy(source) | {"added_tokens": [], "model": source["model"] | {"vocab": vocab, "merges": order}}


def variants() -> dict[str, dict]:
    base = fixtures.to_json(fixtures.train_tokenizer(1280, fixtures.corpus()))
    flags = fixtures.with_flags(base)

    def changed(source: dict, **parts: object) -> dict:
        return copy.deepcopy(source) | parts

    def splitting(source: dict, *splits: tuple[dict, str, bool], use_regex: bool = False) -> dict:
        steps = [{"type": "Split", "pattern": p, "behavior": b, "invert": i} for p, b, i in splits]
        steps.append({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": use_regex})
        return changed(source, pre_tokenizer={"type": "Sequence", "pretokenizers": steps})

    regex = {"Regex": fixtures.QWEN2_PATTERN}
    digits = {"Regex": fixtures.QWEN2_PATTERN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")}
    words, marks, space = {"Regex": r"[\p{Lu}\p{Ll}\p{Lo}\p{M}]+"}, {"Regex": r"\p{P}|\p{S}+"}, {"String": " "}
    return {
        "Qwen": base,
        "merges as strings": fixtures.with_string_merges(base),
        "added-token flags": flags,
        "no normalizer": changed(flags, normalizer=None),
        "ignore_merges": changed(base, model=base["model"] | {"ignore_merges": True, "merges": base["model"]["merges"][:400]}),
        "ByteLevel alone": changed(base, pre_tokenizer={"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}),
        "three digits, then GPT-2": splitting(base, (digits, "Isolated", False), use_regex=True),
        "removed": splitting(base, ({"Regex": r"[\s\p{N}\p{P}]"}, "Removed", False)),
        "removed, inverted": splitting(base, (words, "Removed", True)),
        "merged with previous": splitting(base, (marks, "MergedWithPrevious", False), (regex, "Isolated", False)),
        "merged with next": splitting(base, (space, "MergedWithNext", False)),
        "random merges": random_merges(base, 3000),
        "contiguous": splitting(base, (marks, "Contiguous", False)),
    }


def compare(tool: str, name: str, path: pathlib.Path, reference: tokenizers.Tokenizer, texts: list[str]) -> int:
    """Returns how many of the texts the tool splits otherwise than the package."""
    lines = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
    done = subprocess.run([tool, str(path)], input=lines, capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        print(f"{name}: {tool} exits {done.returncode}: {done.stderr.strip()}")
        return 1
    ours = [json.loads(line) for line in done.stdout.splitlines()]
    theirs = [e.ids for e in reference.encode_batch(texts, add_special_tokens=False)]
    if len(ours) != len(theirs):
        print(f"{name}: {len(ours)} lines for {len(theirs)} strings")
        return 1
    different = [i for i in range(len(texts)) if ours[i] != theirs[i]]
    for i in different[:5]:
        print(f"{name}: {ascii(texts[i])}\n  package {theirs[i]}\n  ours    {ours[i]}")
    return len(different)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("--count", type=int, default=1500, help="strings per kind of tokenizer.json")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every-code-point", action="store_true", help="also compare all 1.1 million code points")
    options = parser.parse_args()
    if not os.access(options.tool, os.X_OK):
        parser.error(f"{options.tool} isn't an executable: build the target tokenize_tool")
    compared = compared_bundled = 0
    kinds = variants()
    tokens, merges, added = bundled.read_bundled(bundled.MERGES.read_text(encoding="utf-8"))
    kinds["bundled"] = kinds["bundled, as JSON"] = bundled.as_tokenizer_json(tokens, merges, added)
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, data) in enumerate(kinds.items()):
            rng = random.Random(f"{options.seed} {number}")
            batches = [fixtures.HARD + fixtures.FLAGGED + list(strings(rng, options.count))]
            if name.startswith("bundled"):
                batches += [fixtures.SENTENCES + bundled_texts(tokens, options.count, rng), list(files_of_source())]
            if options.every_code_point and name in ("Qwen", "added-token flags", "removed", "removed, inverted", "bundled"):
                everything = list(every_code_point())
                batches += [everything[i : i + 50_000] for i in range(0, len(everything), 50_000)]
            path = pathlib.Path(folder) / "tokenizer.json"
            path.write_text(json.dumps(data), encoding="utf-8")
            reference = tokenizers.Tokenizer.from_file(str(path))
            for texts in batches:
                if compare(options.tool, name, bundled.MERGES if name == "bundled" else path, reference, texts) != 0:
                    return 1
                compared += len(texts)
                compared_bundled += len(texts) if name == "bundled" else 0
    print(f"{compared} strings over {len(kinds)} kinds of tokenizer, {compared_bundled} of them over the bundled one: all ids agree with tokenizers {tokenizers.__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
