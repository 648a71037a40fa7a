"""Lists the options that measure_defaults tries: one changed at a time, then the chosen ones together."""

from dataclasses import dataclass

WORLDS = ("small", "tight", "zoomed", "wide", "synthetic")
STRATEGIES = ("repaint", "controlnet")
PLAIN = ("--crop", "off", "--feather", "0", "--no-color-match", "--mask-grow", "0", "--jump-length", "0", "--jump-count", "1")


@dataclass(frozen=True)
class Row:
    name: str
    options: tuple[str, ...]
    blur: int = 0  # pixels over which the mask fades out, for --soft-mask


def _finish(feather: int, *more: str) -> tuple[str, ...]:
    return ("--feather", str(feather), "--color-match", *more)


def _small(strategy: str) -> list[Row]:
    rows = [Row("plain", PLAIN), Row("defaults", ())]
    rows += [Row(f"--feather {n}", (*PLAIN, "--feather", str(n))) for n in (2, 4, 8, 16)]
    rows += [Row("--color-match", (*PLAIN, "--color-match"))]
    rows += [Row(f"--color-match --feather {n}", (*PLAIN, *_finish(n))) for n in (2, 4, 8, 16)]
    rows += [Row(f"--mask-grow {n}", (*PLAIN, "--mask-grow", str(n))) for n in (2, 4, 8)]
    if strategy == "repaint":
        rows += [Row(f"--soft-mask, faded over {n}", (*PLAIN, "--soft-mask"), n) for n in (4, 8)]
        rows += [Row(f"--jump-length {a} --jump-count {b}", (*PLAIN, "--jump-length", str(a), "--jump-count", str(b)))
                 for a, b in ((2, 2), (4, 2), (4, 4))]  # fmt: skip
        rows += [Row("--color-match --feather 4 --jump-length 2 --jump-count 2",
                     (*PLAIN, *_finish(4, "--jump-length", "2", "--jump-count", "2")))]  # fmt: skip
        rows += [Row("--color-match --feather 4 --soft-mask, faded over 4", (*PLAIN, *_finish(4, "--soft-mask")), 4)]
    rows += [Row(f"--color-match --feather 4 --mask-grow {n}", (*PLAIN, *_finish(4, "--mask-grow", str(n)))) for n in (2, 4)]
    return rows


def _large(world: str) -> list[Row]:
    base = (*PLAIN, "--crop", "auto")
    rows = [Row("plain", PLAIN), Row("defaults", ()), Row("--crop auto", base)]
    rows += [Row(f"--crop auto --padding {n}", (*base, "--padding", str(n))) for n in (0, 16, 32, 128)]
    rows += [Row(f"--crop auto --megapixels {x}", (*base, "--megapixels", str(x))) for x in (0.01, 0.0328)]
    rows += [Row("--crop auto --color-match", (*base, "--color-match"))]
    rows += [Row(f"--crop auto --color-match --feather {n}", (*base, *_finish(n))) for n in (4, 8)]
    return rows


def _tight() -> list[Row]:
    rows = [Row("plain", PLAIN), Row("defaults", ())]
    return rows + [Row(f"--color-match --feather 4 --mask-grow {n}", (*PLAIN, *_finish(4, "--mask-grow", str(n))))
                   for n in (0, 2, 4, 8)]  # fmt: skip


def rows(world: str, strategy: str) -> list[Row]:
    if world == "tight":
        return _tight()
    return _small(strategy) if world == "small" else _large(world)
