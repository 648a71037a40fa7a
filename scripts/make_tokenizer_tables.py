#!/usr/bin/env python3
"""Writes src/tokenizer/unicode_tables.cpp: where the `tokenizers` package's Unicode differs from the libraries'.

The package's regular expressions (Oniguruma and Rust's regex) and its NFC each follow their own Unicode version; PCRE2
and utf8proc follow whatever the system ships. The tables hold what the package does, found by trying it, for the code
points on which a PCRE2 or utf8proc of Unicode 14 or later may differ. Needs Python 3.11 or 3.12 (unicodedata 14 or 15)
and the packages tokenizers and regex.
"""
import pathlib
import unicodedata

import regex
import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

OUTPUT = pathlib.Path(__file__).resolve().parent.parent / "src/tokenizer/unicode_tables.cpp"
CODE_POINTS = [c for c in range(0x80, 0x110000) if not 0xD800 <= c <= 0xDFFF]
CATEGORIES = ("Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co").split()
# Blocks newer than the package's NFC in which letters compose with each other, which can't be tried letter by letter.
COMPOSING_BLOCKS = [(0x105C0, 0x105FF), (0x11380, 0x113FF), (0x11900, 0x1195F), (0x16100, 0x1613F), (0x16D40, 0x16D7F)]


def newest_category(c: int) -> str:
    return next((k for k in CATEGORIES if regex.match(rf"\p{{{k}}}", chr(c))), "Cn")


def package_categories(code_points: list[int]) -> dict[int, str]:
    text, found = "".join(map(chr, code_points)), {}
    for category in CATEGORIES:
        rest = pre_tokenizers.Split(Regex(rf"\p{{{category}}}"), "removed").pre_tokenize_str(text)
        left = {ch for piece, _ in rest for ch in piece}
        found |= {c: category for c in code_points if chr(c) not in left}
    return found


def stand_ins() -> list[tuple[int, int]]:
    """Returns (code point, stand-in): the stand-in has the same UTF-8 length and, in every Unicode version, the
    category that the package sees."""
    old = {c: unicodedata.category(chr(c)) for c in CODE_POINTS if c >= 0x800}
    new = {c: newest_category(c) for c in old}
    doubtful = [c for c in old if old[c] != new[c]]
    seen = package_categories(doubtful)
    representative = {}
    for c in old:  # U+FFFE and U+1FFFE, for instance, are never assigned
        if old[c] == new[c] and c not in (0x180E,):
            if old[c] != "Cn" or c & 0xFFFE == 0xFFFE:
                representative.setdefault((old[c], len(chr(c).encode())), c)
    rows = [(c, representative[seen.get(c, "Cn"), len(chr(c).encode())]) for c in doubtful]
    # PCRE2's \s (through \h) matches the Mongolian vowel separator; the package's doesn't, nor has Unicode's since 6.3.
    return sorted(rows + [(0x180E, 0x2060)])


def inert() -> list[int]:
    """Returns the code points that the package's NFC leaves alone though a newer Unicode reorders or composes them."""
    nfc = normalizers.NFC().normalize_str
    found = {c for a, b in COMPOSING_BLOCKS for c in range(a, b + 1)}
    for c in CODE_POINTS:
        if not regex.match(r"\p{ccc=0}", chr(c)):
            low, high = nfc(f"q\u0345{chr(c)}"), nfc(f"q{chr(c)}\u0334")  # classes 240 and 1: one of them must move
            if low == f"q\u0345{chr(c)}" and high == f"q{chr(c)}\u0334" and regex.match(r"\P{ccc=1}\P{ccc=240}", chr(c) * 2):
                found.add(c)
    found.add(0x11A7)  # the one before the trailing jamo: some utf8proc versions swallow it after an LV syllable
    return sorted(found)


def ranges(rows: list[tuple[int, int]]) -> list[tuple[int, int, int]]:
    joined: list[list[int]] = []
    for c, value in rows:
        if joined and joined[-1][1] == c - 1 and joined[-1][2] == value:
            joined[-1][1] = c
        else:
            joined.append([c, c, value])
    return [tuple(row) for row in joined]


def lines(items: list[str]) -> str:
    text, line = "", "   "
    for item in items:
        if len(line) + len(item) + 2 > 120:
            text, line = text + line + "\n", "   "
        line += f" {item},"
    return text + line + "\n"


def main() -> None:
    first = lines([f"{{0x{a:X}, 0x{b:X}, 0x{v:X}}}" for a, b, v in ranges(stand_ins())])
    second = lines([f"{{0x{a:X}, 0x{b:X}}}" for a, b, _ in ranges([(c, 0) for c in inert()])])
    OUTPUT.write_text(f"""// Written by scripts/make_tokenizer_tables.py from tokenizers {tokenizers.__version__}; not to be edited by hand.
#include "tokenizer/unicode.h"

namespace zimage::unicode {{

// clang-format off
static constexpr StandIn kStandInTable[] = {{
{first}}};

static constexpr Range kInertTable[] = {{
{second}}};
// clang-format on

const std::span<const StandIn> kStandIns(kStandInTable);
const std::span<const Range> kInert(kInertTable);

}}  // namespace zimage::unicode
""")


if __name__ == "__main__":
    main()
