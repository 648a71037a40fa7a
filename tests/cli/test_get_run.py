"""`get --run` downloads, goes on, checks and refuses."""

import fcntl
import json
import os
import resource
import signal

import pytest

from conftest import TIMEOUT
from getting import DIT, TEXT, error_of, getting, parts, wait_for_part  # noqa: F401
from test_terminal import run_on_terminal


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
    assert "curl ended with code 7" in line and "(check the network, and HF_ENDPOINT" in line and getting.models() == []


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
