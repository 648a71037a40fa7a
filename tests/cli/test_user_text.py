"""Text and names as other systems write them: byte order marks, UTF-16, zero bytes, decomposed names."""

import json
import os
import unicodedata

import numpy as np
import pytest
from PIL import Image

from conftest import load
from demo_folder import make_pictures

ARGUMENTS = ["-i", "picture.png", "-m", "mask.png", "--seed", "7", "--steps", "2"]
BAD = {
    "UTF-16 of PowerShell": (lambda text: text.encode("utf-16"), "is UTF-16 text, not UTF-8"),
    "UTF-16 without a mark": (lambda text: text.encode("utf-16-le"), "is UTF-16 text, not UTF-8"),
    "UTF-16 of the other order": (lambda text: text.encode("utf-16-be"), "is UTF-16 text, not UTF-8"),
    "UTF-32": (lambda text: text.encode("utf-32"), "is UTF-32 text, not UTF-8"),
    "a zero byte": (lambda text: text.encode() + b"\0", "is zero"),
    "Latin-1": (lambda text: text.encode("latin-1"), "is not UTF-8 text"),
}


def manifest_line(prompt):
    return json.dumps({"image": "picture.png", "mask": "mask.png", "prompt": prompt, "output": "m.png"}, ensure_ascii=False)


@pytest.mark.parametrize("kind", BAD)
def test_a_text_in_another_encoding_is_told_as_such(work, kind):
    encode, says = BAD[kind]
    (work.folder / "c.toml").write_bytes(encode('prompt = "eine Tür"\n'))
    config = work.run(*ARGUMENTS, "--config", "c.toml")
    assert config.code == 2 and "c.toml" in config.err and says in config.err and "save it as UTF-8" in config.err
    (work.folder / "p.txt").write_bytes(encode("eine Tür, 5 m hoch\n"))
    prompt = work.run(*ARGUMENTS, "--prompt-file", "p.txt")
    assert prompt.code == 3 and "p.txt" in prompt.err and says in prompt.err
    (work.folder / "jobs.jsonl").write_bytes(encode(manifest_line("eine Tür") + "\n"))
    manifest = work.run("--manifest", "jobs.jsonl", "--seed", "7", "--steps", "2")
    assert manifest.code == 3 and "jobs.jsonl" in manifest.err and says in manifest.err
    assert len(manifest.lines) == len(prompt.lines) == len(config.lines) == 1


@pytest.mark.parametrize("kind", ["UTF-16 of PowerShell", "Latin-1"])
def test_jobs_on_stdin_in_another_encoding(work, kind):
    import subprocess

    encode, says = BAD[kind]
    result = subprocess.run(work.command("--manifest", "-", "--seed", "7", "--steps", "2"), cwd=work.folder,
                            input=encode(manifest_line("eine Tür")), capture_output=True, timeout=120)  # fmt: skip
    assert result.returncode == 7 and says in result.stderr.decode()


def test_a_byte_order_mark_is_no_text(work):
    mark = b"\xef\xbb\xbf"
    (work.folder / "c.toml").write_bytes(mark + b'steps = 3\r\nprompt = "a window"\r\n')
    args = ["-i", "picture.png", "-m", "mask.png", "--dry-run", "--json"]
    config = json.loads(work.run(*args, "--config", "c.toml").out)
    assert (config["steps"], config["prompt"]) == (3, "a window")
    (work.folder / "p.txt").write_bytes(mark + "門\r\n".encode())
    assert json.loads(work.run(*args, "--prompt-file", "p.txt").out)["prompt"] == "門"
    (work.folder / "jobs.jsonl").write_bytes(mark + manifest_line("a window").encode() + b"\r\n")
    assert json.loads(work.run("--manifest", "jobs.jsonl", "--dry-run", "--json").out)["prompt"] == "a window"


def test_a_models_configuration_in_utf_16(work, model_copy):
    path = model_copy / "transformer/config.json"
    path.write_bytes(path.read_text().encode("utf-16"))
    result = work.job("--model", model_copy)
    assert result.code == 4 and "config.json is UTF-16 text" in result.err


COMPOSED, DECOMPOSED = unicodedata.normalize("NFC", "café"), unicodedata.normalize("NFD", "café")


@pytest.fixture
def cafe(work):
    """A folder whose picture, mask, prompt and golden picture have one name in different forms."""
    make_pictures(work.folder, 2)
    for kind, name in (("pictures", COMPOSED), ("masks", DECOMPOSED)):
        os.rename(work.folder / kind / "p0001.png", work.folder / kind / f"{name}.png")
    (work.folder / "pictures" / f"{DECOMPOSED}.txt").write_text("a window")
    work.arguments = ["-i", "pictures", "-m", "masks", "-p", "a door", "--seed", "7", "--steps", "2", "-o", "r"]
    return work


def test_names_in_different_forms_pair(cafe):
    result = cafe.run(*cafe.arguments, "--json", "--golden", "g", "--golden-update")
    assert result.code == 0, result.err
    lines = {line["image"]: line for line in map(json.loads, result.out.splitlines())}
    assert lines[f"pictures/{COMPOSED}.png"]["mask"] == f"masks/{DECOMPOSED}.png"
    assert lines[f"pictures/{COMPOSED}.png"]["prompt"] == "a window"
    os.rename(cafe.folder / "g" / f"{COMPOSED}.png", cafe.folder / "g" / f"{DECOMPOSED}.png")
    assert cafe.run(*cafe.arguments, "--golden", "g", "--overwrite").code == 0


def test_a_name_in_another_form_is_told(cafe):
    result = cafe.job(image=f"pictures/{DECOMPOSED}.png", mask=f"masks/{DECOMPOSED}.png")
    assert result.code == 3 and "in another Unicode form" in result.err
    result = cafe.job(image=f"pictures/{COMPOSED}.png", mask=f"masks/{COMPOSED}.png")
    assert result.code == 3 and "in another Unicode form" in result.err


def test_a_replay_finds_its_inputs_in_another_form(cafe):
    made = cafe.run("-i", f"pictures/{COMPOSED}.png", "-m", f"masks/{DECOMPOSED}.png", "-p", "x", "--seed", "7", "--steps", "2",
                    "-o", "made.png")  # fmt: skip
    assert made.code == 0, made.err
    os.rename(cafe.folder / "pictures" / f"{COMPOSED}.png", cafe.folder / "pictures" / f"{DECOMPOSED}.png")
    again = cafe.run("--replay", "made.png", "-o", "again.png")
    assert again.code == 0, again.err
    assert np.array_equal(load(cafe.folder / "made.png"), load(cafe.folder / "again.png"))


def test_a_jpeg_that_keeps_its_coefficients_is_not_said_to_change(work):
    y, x = np.mgrid[0:48, 0:64]
    Image.fromarray(np.stack([90 + x, 120 + y, 100 + x // 2 + y // 2], -1).astype(np.uint8)).save(work.folder / "p.jpg")
    kept = work.job("-v", image="p.jpg")
    assert kept.code == 0 and "kept pixels" not in kept.err and "encoded anew" not in kept.err
    whole = work.job("-v", "--quality", "80", "--overwrite", image="p.jpg")
    assert "encoding changes kept pixels" in whole.err
    grown = work.job("-v", "--outpaint", "0,0,16,0", "--overwrite", image="p.jpg")
    assert "encoding changes kept pixels" in grown.err


@pytest.mark.parametrize("text", ["", " \n", "\t\r\n\r\n", "\ufeff"])
def test_an_empty_prompt_is_said_to_be_empty_wherever_it_comes_from(work, text):
    (work.folder / "p.txt").write_text(text)
    filed = work.run(*ARGUMENTS, "--prompt-file", "p.txt", "-o", "file.png")
    assert filed.code == 0 and "the prompt in p.txt is empty" in filed.err
    typed = work.run(*ARGUMENTS, "-p", text.replace("\ufeff", ""), "-o", "typed.png")
    assert typed.code == 0 and "the prompt is empty" in typed.err
    assert "is empty" not in work.run(*ARGUMENTS, "-p", "x", "-o", "x.png").err


def test_an_empty_prompt_beside_a_picture_names_its_file(work):
    (work.folder / "in").mkdir()
    for name in ("a", "b"):
        os.link(work.folder / "picture.png", work.folder / "in" / f"{name}.png")
    (work.folder / "in" / "b.txt").write_text("\n")
    finished = work.job(image="in", mask="mask.png")
    assert finished.code == 0 and finished.err.count("is empty") == 1 and "the prompt in in/b.txt is empty" in finished.err
