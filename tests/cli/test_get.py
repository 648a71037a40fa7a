"""`get` lists and prints downloads, and the printed commands work. tests/cli/test_get_run.py carries them out."""

import json
import os
import shlex
import subprocess
import sys

import pytest

from conftest import ROOT, TIMEOUT, environment
from getting import DIT, TEXT, error_of, getting, parts, paste, put_program  # noqa: F401
from hub import Hub
from model_files import case

sys.path.insert(0, str(ROOT / "scripts"))

from published_files import published  # noqa: E402

SETS = ("turbo", "turbo-int8", "turbo-gguf", "controlnet-2.1", "controlnet-2.1-lite")


# --- The table ----------------------------------------------------------------------------------------------------------


def test_the_list_says_what_there_is(work):
    done = work.run("get")
    assert done.code == 0 and done.out == work.run("get", "list").out
    text = done.out.decode()
    for name, size in zip(SETS, ("20.7 GB", "12.2 GB", "7.9 GB", "6.7 GB", "2.0 GB")):
        entry = text[text.index(f"{name} ") :]
        assert entry.splitlines()[1].strip() == f"{size} to download, Apache-2.0"
        assert entry.splitlines()[2].strip().startswith("memory: ")
    assert max(map(len, text.splitlines())) <= 80
    rows = [json.loads(line) for line in work.run("get", "--json").out.splitlines()]
    assert [row["name"] for row in rows] == list(SETS) and rows[1]["bytes"] == 12168299735


def plan_of(work, name, **popen):
    done = work.run("get", name, "--json", "--with", "curl", **popen)
    assert done.code == 0, done.err
    return json.loads(done.out)


def published_counterpart(path):
    """Returns what scripts/published_files.py says of a file; its ControlNets are of an earlier version."""
    name = path.rpartition("/")[2].replace("-2602-8steps", "")
    (found,) = [f for f in published() if f.path.rpartition("/")[2] == name and not f.path.startswith("leejet")]
    return found


@pytest.mark.parametrize("name", SETS)
def test_the_table_agrees_with_the_published_shapes(work, name):
    script = [sys.executable, ROOT / "scripts" / "make_published_shapes.py", work.folder]
    for file in plan_of(work, name)["files"]:
        other = published_counterpart(file["file"])
        assert other.size in (None, file["bytes"])
        subprocess.run([*script, other.path], check=True, capture_output=True, timeout=TIMEOUT)
        sparse = work.folder / other.path
        if not sparse.name.endswith(".gguf"):  # what else is in their headers isn't known
            assert sparse.stat().st_size == file["bytes"]
        facts = json.loads(work.run("inspect", "--json", sparse).out)
        for key in ("kind", "version", "layers", "width", "parameters"):
            assert facts[key] == file[key], key
        assert len(file["sha256"]) == 64 and set(file["sha256"]) <= set("0123456789abcdef")
        assert file["url"] == f"https://huggingface.co/{file['repository']}/resolve/main/{file['file']}"


def test_the_published_hash_is_what_counts(work):
    """A file of the VAE's names, shapes and size, with zeros for weights, isn't the VAE."""
    vae = plan_of(work, "turbo")["files"][2]
    script = [sys.executable, ROOT / "scripts" / "make_published_shapes.py", work.folder, "vae/ae"]
    subprocess.run(script, check=True, capture_output=True, timeout=TIMEOUT)
    other = {file["path"]: file["bytes"] for file in plan_of(work, "turbo")["files"][:2]}
    for path, size in other.items():  # there with their sizes
        (work.folder / path).parent.mkdir(parents=True)
        os.truncate(os.open(work.folder / path, os.O_CREAT | os.O_WRONLY), size)
    with Hub({f"{vae['repository']}/{vae['file']}": work.folder / "comfy/models/vae/ae.safetensors"}) as hub:
        done = work.run("get", "turbo", "--run", "--with", "curl", env=environment(HF_ENDPOINT=hub.url))
    assert f"its SHA-256 is " in error_of(done, 4) and vae["sha256"] in done.err
    assert not (work.folder / vae["path"]).exists()
    (work.folder / (vae["path"] + ".bad")).unlink()


# --- The commands -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["zimage-models", "it's a \"$HOME\" `x` \\ ünder;", "-x"])
def test_the_printed_commands_work_when_they_are_pasted(getting, folder):
    plan = getting.run("turbo", f"--to={folder}", "--with", "curl")
    assert plan.code == 0 and plan.err == "" and getting.hub.requests == []
    assert not (getting.folder / folder).exists()
    (getting.folder / "elsewhere" / folder).mkdir(parents=True)
    done = paste(getting, plan.out, CDPATH=str(getting.folder / "elsewhere"))
    assert done.code == 0, done.err
    assert done.out.decode().count("OK\n") == 2 and "a Z-Image DiT" in done.out.decode()
    assert getting.models(folder) == [DIT, TEXT]
    for path, source in getting.sources.items():
        assert (getting.folder / folder / path).read_bytes() == source.read_bytes()
    again = getting.run("turbo", f"--to={folder}", "--with", "curl")
    assert "curl" not in again.out.decode() and again.out.decode().count("# is there: ") == 2
    assert ", 0 bytes of " in again.out.decode()
    assert paste(getting, again.out).code == 0 and len(getting.hub.downloads) == 2


def test_the_command_line_that_uses_the_files_works(getting):
    getting.run("turbo", "--run", "--with", "curl")
    words = shlex.split(getting.run("turbo").out.decode().splitlines()[-1].removeprefix("# "))
    assert words[0] == "zimage-inpaint" and words == json.loads(getting.run("turbo", "--json").out)["use"]
    words[words.index("photo.jpg")] = "picture.png"
    # The stand-in has neither a VAE nor a tokenizer of its own size.
    more = ["--vae", case.SMALL_VAE, "--tokenizer", case.TOKENIZER, "--dry-run", "-o", "out.png"]
    done = getting.work.run(*words[1:], *more)
    assert done.code == 0, done.err


def test_pasted_commands_go_on_where_they_stopped_and_refuse_other_bytes(getting):
    size = len(getting.text)
    getting.hub.cuts = [size // 2]
    script = getting.run("turbo-int8", "--with", "curl").out
    assert paste(getting, script).code != 0
    assert getting.models() == [TEXT + ".part"]
    assert paste(getting, script).code == 0 and getting.models() == [TEXT]
    assert getting.hub.downloads[-1].range == f"bytes={size // 2}-"
    os.remove(getting.folder / "zimage-models" / TEXT)
    getting.rows["turbo-int8"] = [getting.rows["turbo-int8"][0] | {"sha256": "0" * 64}]
    (getting.folder / "zimage-models" / (TEXT + ".part")).write_bytes(getting.text)
    whole = getting.run("turbo-int8", "--with", "curl").out.decode()
    assert "curl" not in whole and "sha256sum" in whole  # all of it is there, and only to be checked
    assert paste(getting, whole.encode()).code != 0
    assert getting.models() == [TEXT + ".bad"]


@pytest.mark.parametrize("folder", ["zimage-models", "it's a \"$HOME\" `x`"])
def test_pasted_commands_begin_anew_after_a_part_of_another_file(getting, folder):
    part = getting.folder / folder / (TEXT + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1000))
    script = getting.run("turbo-int8", f"--to={folder}", "--with", "curl").out
    assert paste(getting, script).code != 0
    assert getting.models(folder) == [TEXT + ".bad"]
    done = paste(getting, script)
    assert done.code == 0, done.err
    assert (getting.folder / folder / TEXT).read_bytes() == getting.text


def test_pasted_commands_of_hf_put_another_file_aside(getting):
    path = put_program(getting, "hf", HF)
    getting.hub.files[f"them/small/{TEXT}"] = getting.sources[DIT]
    script = getting.run("turbo-int8", "--to", "it's", PATH=path).out
    assert paste(getting, script).code != 0
    assert getting.models("it's") == [TEXT + ".bad"]


@pytest.mark.parametrize("words", [("--run",), ("list", "--run")])
def test_a_download_needs_a_name(getting, words):
    assert "name what to get" in error_of(getting.run(*words), 2)
    assert getting.hub.requests == []


def test_a_part_that_is_too_long_is_begun_anew(getting):
    part = getting.folder / "zimage-models" / (TEXT + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * (len(getting.text) + 1))
    assert paste(getting, getting.run("turbo-int8", "--with", "curl").out).code == 0
    os.rename(part.with_suffix(""), part)
    with part.open("ab") as file:
        file.write(b"x")
    assert getting.run("turbo-int8", "--with", "curl", "--run").code == 0
    assert getting.models() == [TEXT]


def test_a_file_whose_hash_is_not_known_is_said_to_be_so(getting):
    getting.rows["turbo-int8"] = [getting.rows["turbo-int8"][0] | {"sha256": ""}]
    plan = getting.run("turbo-int8", "--with", "curl").out.decode()
    assert "its hash isn't known" in plan and "sha256sum" not in plan
    assert json.loads(getting.run("turbo-int8", "--json").out)["files"][0]["sha256"] is None
    assert getting.run("turbo-int8", "--run", "--with", "curl").code == 0
    assert getting.models() == [TEXT]


# --- Tokens and hf ------------------------------------------------------------------------------------------------------


SPY = """#!/bin/sh
printf '%s\\n' "$@" >>"$NOTES"
exec /usr/bin/env -i PATH="$REAL_PATH" curl "$@"
"""


@pytest.mark.parametrize("pasted", [False, True])
def test_the_token_goes_to_the_hub_alone_and_is_never_shown(getting, pasted):
    secret = "hf_Sesame-1.2_3"
    path = put_program(getting, "curl", SPY)
    notes = getting.folder / "argv.txt"
    spy = {"HF_TOKEN": secret, "REAL_PATH": os.environ["PATH"], "NOTES": str(notes)}
    if pasted:
        plan = getting.run("turbo-int8", PATH=path, **spy)
        assert secret.encode() not in plan.out
        done = paste(getting, plan.out, **spy)
    else:
        done = getting.run("turbo-int8", "--run", "-vv", PATH=path, **spy)
    assert done.code == 0, done.err
    assert secret not in done.out.decode() + done.err + notes.read_text()
    assert [r.token for r in getting.hub.requests] == [f"Bearer {secret}", None]


@pytest.mark.parametrize("token", ['a"b', "a\nurl = x", "a b", "a\\n"])
def test_a_token_that_is_none(getting, token):
    line = error_of(getting.run("turbo-int8", HF_TOKEN=f"hf_secret{token}"), 2)
    assert line.startswith("error: HF_TOKEN has a character") and "secret" not in line


HF = """#!/bin/sh
printf '%s\\n' "$@" "bars=$HF_HUB_DISABLE_PROGRESS_BARS" "at=$HF_ENDPOINT" >>argv.txt
mkdir -p "$5/.cache/huggingface" "$(dirname "$5/$3")"
echo "$5/$3"
[ ! -e fail ] || { echo Traceback >&2; printf 'Error: %s not found\\nHint: try it\\n\\n' "$2" >&2; exit 1; }
curl -sfL "$HF_ENDPOINT/$2/resolve/main/$3" -o "$5/$3"
"""


@pytest.mark.parametrize("name", ["hf", "huggingface-cli"])
def test_hf_is_taken_where_it_is_installed(getting, name):
    path = put_program(getting, name, HF)
    done = getting.run("turbo-int8", "--run", PATH=path)
    assert done.code == 0, done.err
    argv = (getting.folder / "argv.txt").read_text().splitlines()
    assert argv[:4] == ["download", "them/small", TEXT, "--local-dir"]
    assert argv[4].startswith("zimage-models/") and argv[5:] == ["bars=1", f"at={getting.hub.url}"]
    assert getting.models() == [TEXT] and done.out.decode() == f"zimage-models/{TEXT}\n"
    assert (getting.folder / "zimage-models" / TEXT).read_bytes() == getting.text
    assert getting.run("turbo-int8", "--run", PATH=path).code == 0
    assert len((getting.folder / "argv.txt").read_text().splitlines()) == 7  # it wasn't called again


def test_the_printed_commands_of_hf_work_when_they_are_pasted(getting):
    path = put_program(getting, "hf", HF)
    plan = getting.run("turbo", "--to", "a b", PATH=path)
    assert f"hf download them/small {DIT} --local-dir 'a b'" in plan.out.decode()
    done = paste(getting, plan.out)
    assert done.code == 0, done.err
    assert getting.models("a b") == [DIT, TEXT]


def test_a_failure_of_hf_is_one_line(getting):
    path = put_program(getting, "hf", HF)
    (getting.folder / "fail").touch()
    line = error_of(getting.run("turbo-int8", "--run", PATH=path), 1)
    assert "hf ended with code 1: Error: them/small not found (run the same command" in line
    (getting.folder / "fail").unlink()
    getting.hub.files[f"them/small/{TEXT}"] = getting.sources[DIT]
    assert "isn't the published file: it has " in error_of(getting.run("turbo-int8", "--run", PATH=path), 4)
    assert getting.models() == [TEXT + ".bad"]
