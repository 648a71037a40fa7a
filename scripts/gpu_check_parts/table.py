"""Turns the results into lines for docs/benchmarks.md."""

DASH = "—"


def ms(value) -> str:
    if value is None:
        return DASH
    return f"{value:.1f} ms" if value < 1000 else f"{value / 1000:.2f} s"


def gb(value) -> str:
    return DASH if value is None else f"{value / 1e9:.2f} GB"


def ratio(theirs, ours) -> str:
    return DASH if theirs is None or not ours else f"{theirs / ours:.2f}"


def row(*cells) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |\n"


def measured_with(about: dict) -> str:
    """Returns the versions, the device and the date, as far as the parts found them out."""
    device = about.get("device_name") or about.get("cpu") or about["device"]
    words = [f"Measured on {about['date']} by scripts/gpu_check on {device}"]
    words += [f"{word} {about[key]}" for key, word in
              (("driver", "driver"), ("program", "zimage-inpaint"), ("libtorch", "libtorch"), ("diffusers", "diffusers"),
               ("python_torch", "whose torch is")) if about.get(key)]  # fmt: skip
    shape = "tiny models, which say nothing about speed" if about["tiny"] else "random weights at the published shapes"
    return ", ".join(words) + f"; {shape}.\n"


def find(parts: list[dict], kind: str, size: str | None = None) -> dict:
    """Returns the figures of a part, or none."""
    for part in parts:
        figures = part["figures"]
        if figures.get("kind") == kind and size in (None, figures.get("size")):
            return figures
    return {}


def of_diffusers(parts: list[dict], kind: str, size: str):
    return find(parts, kind).get("forward_ms", {}).get(size)


def sizes_table(about: dict, parts: list[dict]) -> str:
    sizes = sorted(about["sizes"], key=lambda size: int(size.split("x")[0]))
    lines = row("what", *(size.replace("x", "×") for size in sizes)) + "|" + "---|" * (len(sizes) + 1) + "\n"

    def add(name: str, cell) -> None:
        nonlocal lines
        cells = [cell(size) for size in sizes]
        if any(text != DASH for text in cells):
            lines += row(name, *cells)

    for kind, name in (("bf16", about["dtype"]), ("controlnet", f"{about['dtype']} with a ControlNet"), ("fp8", "fp8")):
        def one(key: str, text, kind=kind):
            return lambda size: text(find(parts, kind, size).get(key))

        add(f"forward, {name}", one("forward_ms", ms))
        add(f"{about['steps']} steps without loading, {name}", one("all_but_load_ms", ms))
        add(f"decode, {name}", one("decode_ms", ms))
        add(f"making and moving the weights, {name}", one("load_ms", ms))
        add(f"peak on the device, {name}", one("device_peak_bytes", gb))
        add(f"peak of the host, {name}", one("host_peak_bytes", gb))
    for kind, name in (("diffusers", "diffusers"), ("compiled", "diffusers, its blocks compiled")):
        add(f"forward, {name}", lambda size, kind=kind: ms(of_diffusers(parts, kind, size)))
        add(f"forward, {name}, over ours", lambda size, kind=kind: ratio(
            of_diffusers(parts, kind, size), find(parts, "bf16", size).get("forward_ms")))  # fmt: skip
    return lines


def first_picture_table(parts: list[dict]) -> str:
    figures = find(parts, "first picture")
    if not figures:
        return ""
    lines = row("from the start of the process to the file, warm files", "the first time", "again")
    lines += "|---|---|---|\n"
    runs = [figures["runs"][0], figures["runs"][-1]]
    lines += row(f"whole run, {figures['size'].replace('x', '×')}, {figures['steps']} steps",
                 *(ms(run["whole_ms"]) for run in runs))  # fmt: skip
    lines += row(f"loading {gb(figures['bytes'])}", *(ms(run["load_ms"]) for run in runs))
    lines += row("rate of loading", *(f"{run['load_gb_per_s']:.2f} GB/s" for run in runs))
    lines += row("peak of the host", *(gb(run["host_peak_bytes"]) for run in runs))
    return lines


def page(whole: dict) -> str:
    about, parts = whole["about"], whole["parts"]
    blocks = [measured_with(about), sizes_table(about, parts)]
    blocks.append("A forward is the denoising stage over its forwards, for diffusers the median of calls that wait for "
                  "the device.\n")  # fmt: skip
    blocks.append(first_picture_table(parts))
    checks = row("part", "result", "seconds", "what it said") + "|---|---|---|---|\n"
    for part in parts:
        checks += row(part["name"], part["status"], f"{part['seconds']:.0f}", part["message"])
    blocks.append(checks)
    return "\n".join(block for block in blocks if block)
