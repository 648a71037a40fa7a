"""`get` lists, prints and carries out downloads, from a server with addresses of the hub's shape.

The published files take gigabytes, and nothing else has their hashes. So most tests run build/tests/get_stand_in, which
is the program linked with another table of files (tests/tools/get_stand_in.cpp).
"""

import fcntl
import hashlib
import json
import os
import resource
import shlex
import signal
import subprocess
import sys
import time

import pytest

from conftest import BINARY, ROOT, TIMEOUT, Finished, environment
from hub import Hub
from model_files import case
from test_terminal import run_on_terminal

sys.path.insert(0, str(ROOT / "scripts"))

from published_files import published  # noqa: E402

STAND_IN = BINARY.parent / "tests" / "get_stand_in"
SETS = ("turbo", "turbo-int8", "turbo-gguf", "controlnet-2.1", "controlnet-2.1-lite")
DIT = "split_files/diffusion_models/z_image_turbo_bf16.safetensors"
TEXT = "split_files/text_encoders/qwen_3_4b.safetensors"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Makes a small DiT and a small text encoder. Returns what the table says of them, and their files."""
    folder = tmp_path_factory.mktemp("parts")
    case.bf16_files(folder, split=False)
    files = {}
    for option, path in (("model", DIT), ("text-encoder", TEXT)):
        file = folder / path.rpartition("/")[2]
        shown = subprocess.run([BINARY, "inspect", "--json", file], env=environment(), capture_output=True, check=True)
        facts = json.loads(shown.stdout)
        row = {"repository": "them/small", "path": path, "option": option, "bytes": facts["bytes"],
               "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "licence": "MIT", "version": facts["version"] or ""}
        row |= {key: facts[key] for key in ("kind", "layers", "width", "parameters")}
        files[option] = (row, file)
    return files


class Getting:
    """A folder in which the program with the small files runs, against a server that has them."""

    def __init__(self, work, hub, parts):
        self.work, self.hub, self.folder = work, hub, work.folder
        self.rows = {"turbo": [parts["model"][0], parts["text-encoder"][0]], "turbo-int8": [parts["text-encoder"][0]]}
        self.sources = {row["path"]: file for row, file in parts.values()}
        hub.files = {f"them/small/{path}": file for path, file in self.sources.items()}
        self.text = parts["text-encoder"][1].read_bytes()

    def environment(self, **changes):
        table = self.folder / "table.json"
        table.write_text(json.dumps([{"name": name, "files": rows} for name, rows in self.rows.items()]))
        return environment(**{"HF_ENDPOINT": self.hub.url, "ZIMAGE_STAND_IN_FILES": str(table)} | changes)

    def command(self, *args):
        return [str(STAND_IN), "get", *map(str, args)]

    def run(self, *args, **changes):
        popen = changes.pop("popen", {})
        return Finished(subprocess.run(self.command(*args), cwd=self.folder, env=self.environment(**changes),
                                       stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, **popen))  # fmt: skip

    def start(self, *args, **popen):
        return subprocess.Popen(self.command(*args), cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **popen)  # fmt: skip

    def models(self, folder="zimage-models"):
        root = self.folder / folder
        return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


@pytest.fixture
def getting(work, parts):
    with Hub() as hub:
        yield Getting(work, hub, parts)


def wait_for_part(getting):
    """Waits until the server has stopped sending, and curl has written some of it."""
    assert getting.hub.stalled.wait(TIMEOUT)
    part = getting.folder / "zimage-models" / (TEXT + ".part")
    end = time.monotonic() + TIMEOUT
    while (not part.exists() or part.stat().st_size == 0) and time.monotonic() < end:
        time.sleep(0.01)


def error_of(done, code):
    assert done.code == code and done.out == b"", done.err
    (line,) = [line for line in done.lines if line.startswith("error: ")]
    return line


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


def paste(getting, script, **changes):
    """Runs a script as if it were pasted, with the program on PATH."""
    programs = getting.folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / "zimage-inpaint").unlink(missing_ok=True)
    (programs / "zimage-inpaint").symlink_to(STAND_IN)
    env = getting.environment(PATH=f"{programs}:{os.environ['PATH']}", **changes)
    return Finished(subprocess.run(["sh"], input=script, cwd=getting.folder, env=env, capture_output=True, timeout=TIMEOUT))


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
    assert paste(getting, getting.run("turbo-int8", "--with", "curl").out).code != 0
    assert getting.models() == [TEXT + ".part"]
    whole = getting.run("turbo-int8", "--with", "curl").out.decode()
    assert "curl" not in whole and "sha256sum" in whole  # all of it is there, and only to be checked


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


# --- Downloading --------------------------------------------------------------------------------------------------------


def test_run_downloads_checks_and_names_the_files(getting):
    done = getting.run("turbo", "--run", "--with", "curl", "--to", "here")
    assert done.code == 0, done.err
    assert done.out.decode() == f"here/{DIT}\nhere/{TEXT}\n"
    assert getting.models("here") == [DIT, TEXT]
    for path, source in getting.sources.items():
        assert (getting.folder / "here" / path).read_bytes() == source.read_bytes()
    assert f"use it: zimage-inpaint --model here/{DIT} --text-encoder here/{TEXT}" in done.err
    assert "% Total" not in done.err and len(getting.hub.downloads) == 2
    again = getting.run("turbo", "--run", "--with", "curl", "--to", "here", "--json", "-q")
    assert again.code == 0 and again.err == "" and len(getting.hub.downloads) == 2
    report = json.loads(again.out)
    assert report["status"] == "ok" and report["missing_bytes"] == 0 and all(f["there"] for f in report["files"])


def test_a_terminal_shows_the_progress_of_curl(getting):
    class Here:
        folder = getting.folder
        command = staticmethod(lambda *args: getting.command(*args))

    code, out, seen = run_on_terminal(Here, "turbo-int8", "--run", "--with", "curl", env=getting.environment(TERM="xterm"))
    assert code == 0 and b"% Total" in seen and out.decode() == f"zimage-models/{TEXT}\n"
    os.remove(getting.folder / "zimage-models" / TEXT)
    _, _, seen = run_on_terminal(Here, "turbo-int8", "--run", "--with", "curl", "-q", env=getting.environment(TERM="xterm"))
    assert seen == b""


def test_a_cut_connection_is_gone_on_with(getting):
    size = len(getting.text)
    getting.hub.cuts = [size // 3, size // 3]
    done = getting.run("turbo-int8", "--run", "--with", "curl")
    assert done.code == 0, done.err
    third, two_thirds = size // 3, size // 3 * 2
    assert [r.range for r in getting.hub.downloads] == [None, f"bytes={third}-", f"bytes={two_thirds}-"]
    assert (getting.folder / "zimage-models" / TEXT).read_bytes() == getting.text


def test_a_later_run_goes_on_where_one_stopped(getting):
    half = len(getting.text) // 2
    getting.hub.cuts = [half, 0, 0, 0, 0]
    line = error_of(getting.run("turbo-int8", "--run", "--with", "curl"), 1)
    assert line.startswith(f"error: can't download {getting.hub.url}/them/small/resolve/main/{TEXT}: curl ended with code ")
    assert "goes on where it stopped" in line
    assert getting.models() == [TEXT + ".part"]
    done = getting.run("turbo-int8", "--run", "--with", "curl")
    assert done.code == 0 and getting.hub.downloads[-1].range == f"bytes={half}-"
    assert (getting.folder / "zimage-models" / TEXT).read_bytes() == getting.text


def test_a_busy_server_is_asked_again(getting):
    getting.hub.busy = 2
    done = getting.run("turbo-int8", "--run", "--with", "curl")
    assert done.code == 0 and getting.models() == [TEXT], done.err
    assert len(getting.hub.requests) == 4  # the hub twice in vain, then the hub and the file


def test_a_server_without_ranges_is_asked_for_the_whole(getting):
    getting.hub.ranges = False
    getting.hub.cuts = [1000]
    done = getting.run("turbo-int8", "--run", "--with", "curl")
    assert done.code == 0, done.err
    assert getting.models() == [TEXT]


@pytest.mark.parametrize("number, group", [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_a_signal_stops_the_download_and_a_later_run_goes_on(getting, number, group):
    getting.hub.stall_at = 1 << 20
    process = getting.start("turbo-int8", "--run", "--with", "curl", start_new_session=True)
    wait_for_part(getting)
    os.killpg(process.pid, number) if group else process.send_signal(number)
    out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130 and out == b"", err
    assert err.decode().splitlines()[-1].startswith("error: interrupted")
    with pytest.raises(ProcessLookupError):  # curl is gone, too
        os.killpg(process.pid, 0)
    assert getting.models() == [TEXT + ".part"]
    getting.hub.stall_at = None
    assert getting.run("turbo-int8", "--run", "--with", "curl").code == 0
    assert getting.hub.downloads[-1].range is not None and getting.models() == [TEXT]


def test_two_downloads_do_not_mix_in_one_folder(getting):
    getting.hub.stall_at = 1 << 20
    process = getting.start("turbo-int8", "--run", "--with", "curl")
    wait_for_part(getting)
    assert "another download is at work in" in error_of(getting.run("turbo-int8", "--run", "--with", "curl"), 2)
    process.kill()  # its curl lives on, and holds the folder
    process.communicate()
    assert "another download is at work in" in error_of(getting.run("turbo-int8", "--run", "--with", "curl"), 2)
    getting.hub.go_on.set()
    folder = os.open(getting.folder / "zimage-models", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    os.close(folder)
    assert getting.run("turbo-int8", "--run", "--with", "curl").code == 0


# --- What goes wrong ----------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there(getting):
    getting.hub.files = {}
    line = error_of(getting.run("turbo-int8", "--run", "--with", "curl"), 1)
    assert "curl ended with code 22: The requested URL returned error: 404" in line
    assert f"see whether the file is there: {getting.hub.url}/them/small)" in line
    assert getting.models() == []


def test_a_server_that_is_not_there(getting):
    line = error_of(getting.run("turbo-int8", "--run", "--with", "curl", HF_ENDPOINT="http://127.0.0.1:1"), 1)
    assert "curl ended with code 7" in line and getting.models() == []


def bad_bytes(getting, kind):
    text = getting.text
    if kind == "an error page":
        return b"<html>please log in</html>"
    if kind == "a bit":
        return text[:-1] + bytes([text[-1] ^ 1])
    if kind == "zeros":
        return bytes(len(text))
    header = 8 + int.from_bytes(text[:8], "little")
    return text[:header].replace(b"layers.2", b"layers.7") + text[header:]


@pytest.mark.parametrize(
    "kind, said",
    [("an error page", "it has 26 bytes instead of "), ("a bit", "its SHA-256 is "), ("zeros", ""), ("names", "layers.")],
)
def test_other_bytes_are_refused(getting, kind, said):
    source = getting.folder / "other"
    source.write_bytes(bad_bytes(getting, kind))
    getting.hub.files[f"them/small/{TEXT}"] = source
    line = error_of(getting.run("turbo-int8", "--run", "--with", "curl"), 4)
    assert "isn't the published file: " in line and said in line and f"it is kept as zimage-models/{TEXT}.bad (" in line
    assert getting.models() == [TEXT + ".bad"]
    assert (getting.folder / "zimage-models" / (TEXT + ".bad")).read_bytes() == source.read_bytes()
    getting.hub.files[f"them/small/{TEXT}"] = getting.sources[TEXT]
    assert getting.run("turbo-int8", "--run", "--with", "curl").code == 0
    assert (getting.folder / "zimage-models" / TEXT).read_bytes() == getting.text


@pytest.mark.parametrize("key, value", [("layers", 2), ("width", 2560), ("parameters", 1), ("kind", "vae"), ("version", "2.1")])
def test_a_file_of_another_model_is_refused_by_its_header(getting, key, value):
    getting.rows["turbo-int8"] = [getting.rows["turbo-int8"][0] | {key: value}]
    line = error_of(getting.run("turbo-int8", "--run", "--with", "curl"), 4)
    assert "isn't the published file: " in line and "SHA-256" not in line
    assert getting.models() == [TEXT + ".bad"]


def test_a_file_of_another_size_is_not_replaced_unasked(getting):
    target = getting.folder / "zimage-models" / TEXT
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    for more in ([], ["--run"]):
        line = error_of(getting.run("turbo-int8", "--with", "curl", *more), 2)
        assert "is there with 4 bytes" in line and "--overwrite" in line
    assert target.read_bytes() == b"mine" and getting.hub.requests == []
    assert getting.run("turbo-int8", "--with", "curl", "--run", "--overwrite").code == 0
    assert target.read_bytes() == getting.text


def test_a_place_without_room(getting):
    getting.rows["turbo-int8"] = [getting.rows["turbo-int8"][0] | {"bytes": 1 << 60}]
    line = error_of(getting.run("turbo-int8", "--with", "curl", "--run", "--to", "a/b"), 1)
    assert "the download needs 1152921504.6 GB, and " in line and " free (free some space" in line
    assert not (getting.folder / "a").exists() and getting.hub.requests == []


def test_a_disk_that_fills_up(getting):
    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))}
    line = error_of(getting.run("turbo-int8", "--with", "curl", "--run", popen=limit), 1)
    assert "curl ended with code 23" in line and "free some space" in line
    assert getting.run("turbo-int8", "--with", "curl", "--run").code == 0


@pytest.mark.parametrize("folder", ["a\nb", "a\x1b[31m"])
def test_a_folder_whose_name_no_shell_shows(getting, folder):
    assert "is no name for a folder" in error_of(getting.run("turbo-int8", f"--to={folder}"), 2)


def test_a_folder_that_cannot_be_made(getting):
    assert "can't make the folder" in error_of(getting.run("turbo-int8", "--run", "--with", "curl", "--to", "mask.png"), 2)


@pytest.mark.parametrize("endpoint", ["ftp://a", "hub.example", "https://a b", "https://a'$(id)\n", 'http://a"'])
def test_a_mirror_that_is_no_address(getting, endpoint):
    assert error_of(getting.run("turbo-int8", HF_ENDPOINT=endpoint), 2).startswith("error: HF_ENDPOINT is ")


def test_nothing_to_download_with(getting):
    for wanted, said in (("auto", "neither hf nor curl"), ("curl", "no curl"), ("hf", "no hf")):
        line = error_of(getting.run("turbo-int8", "--with", wanted, PATH=str(getting.folder)), 2)
        assert f"there is {said} on PATH" in line and ("huggingface_hub" if wanted == "hf" else "apt install curl") in line


# --- Tokens and hf ------------------------------------------------------------------------------------------------------


def put_program(getting, name, text):
    programs = getting.folder / "bin"
    programs.mkdir(exist_ok=True)
    (programs / name).write_text(text)
    (programs / name).chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"


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
