"""Batches and single runs when things go wrong: full and read-only disks, readers that leave, signals, odd names."""

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time

import pytest

from conftest import TIMEOUT, environment, load
from demo_folder import PICTURES, batch, digests, folder_job, json_lines, make_pictures, start, whole_outputs  # noqa: F401

COLUMNS = 200  # the paths of temporary folders are long

# --- Terminals and pipes ------------------------------------------------------------------------------------------------


def run_on_terminal(work, *args):
    """Returns the exit code, stdout, and what the terminal showed."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen(work.command(*args), cwd=work.folder, env=environment(TERM="xterm"),
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave)  # fmt: skip
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):  # EIO means that nobody holds the other end any more
        while chunk := os.read(master, 65536):
            seen += chunk
    os.close(master)
    out = process.stdout.read()
    return process.wait(TIMEOUT), out, seen


def test_a_batch_on_a_terminal(batch):
    (batch.folder / "masks" / batch.names[1]).unlink()
    code, out, seen = run_on_terminal(batch, *batch.arguments, "-v")
    assert code == 7
    assert out.decode().split() == [f"{batch.results}/{name}" for name in batch.names if name != batch.names[1]]
    shown = [part.decode() for part in re.split(rb"\r\x1b\[K|\r\n", seen) if part]
    bars = [text for text in shown if re.match(r"\[\d+/6", text)]
    assert any(re.search(r"^\[[3-6]/6, 1 failed, .+ left\] ", text) for text in bars), shown
    assert all(len(text) < COLUMNS for text in bars) and any("denoise [" in text for text in bars)
    # Log lines stand alone, and the summary comes last.
    errors = [text for text in shown if "error: " in text]
    assert len(errors) == 2 and "there is no mask for it" in errors[0] and "5 done, 1 failed in" in errors[1]
    assert not any("denoise [" in text for text in shown if text not in bars)
    assert seen.endswith(b"\r\n") and shown[-1] == errors[1]


def test_progress_events_take_one_line_each(batch):
    (batch.folder / "masks" / batch.names[0]).unlink()
    result = batch.run(*batch.arguments, "--progress", "json", "--quiet")
    assert result.code == 7
    events = [json.loads(line) for line in result.lines if not line.startswith(("error: ", "warning: "))]
    assert events[0] == {"event": "batch", "total": PICTURES}
    ends = [event for event in events if event["event"] == "job_end"]
    assert [event["ended"] for event in ends] == list(range(1, PICTURES + 1))
    assert sorted(event["status"] for event in ends) == ["error"] + ["ok"] * (PICTURES - 1)
    assert ends[-1]["failed"] == 1 and {event["total"] for event in ends} == {PICTURES}
    assert [event["job"] for event in events if event["event"] == "job"] == [
        f"{batch.folder}/pictures/{name}" for name in batch.names[1:]
    ]
    assert sum(event["event"] == "step" for event in events) == 2 * (PICTURES - 1)


def test_a_reader_that_leaves_in_the_middle(batch):
    process = start(batch, *batch.arguments, "--json", "--steps", "8")
    first = json.loads(process.stdout.readline())
    process.stdout.close()
    err = process.stderr.read().decode()
    assert process.wait(TIMEOUT) == 1
    assert err.splitlines()[-1].startswith("error: can't write to stdout")
    done = whole_outputs(batch)
    assert os.path.basename(first["output"]) in done and len(done) < PICTURES
    assert batch.run(*batch.arguments, "--steps", "8", "--skip-existing").code == 0
    assert whole_outputs(batch) == batch.names


def test_a_closed_stdout_is_found_before_work_begins(batch):
    command = ["sh", "-c", 'exec "$0" "$@" >&-', *batch.command(*batch.arguments)]
    done = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT)
    assert done.returncode == 2 and b"stdout is closed" in done.stderr
    assert not batch.results.exists()


# --- Disks --------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def mounted(folder, options):
    """Mounts a small file system in memory. Skips where that isn't allowed; a CI that runs as root must allow it."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True)
    if done.returncode != 0:
        reason = f"a tmpfs can't be mounted here: {done.stderr.strip()}"
        if os.environ.get("CI") == "true" and os.getuid() == 0 and os.environ.get("ZIMAGE_NO_MOUNT") is None:
            pytest.fail(reason + " (set ZIMAGE_NO_MOUNT=1 if that is intended)")
        pytest.skip(reason)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def test_a_disk_that_fills_up(batch):
    # 64x48 pixels of noise are 9 KB. Three fit, and a small one still fits after a large one has failed.
    with mounted(batch.results, "size=40k"):
        result = batch.run(*batch.arguments, "--json", "--report", batch.folder / "report.jsonl")
        assert result.code == 7, result.err
        lines = json_lines(result.out)
        made = sorted(os.path.basename(line["output"]) for line in lines if line["status"] == "ok")
        failed = [line["error"] for line in lines if line["status"] == "error"]
        assert 1 <= len(made) < PICTURES and len(made) + len(failed) == PICTURES
        assert all("No space left" in error["message"] and "free some space" in error["hint"] for error in failed)
        assert whole_outputs(batch) == made
        assert json_lines((batch.folder / "report.jsonl").read_text()) == lines
        # Once there is space, a second run keeps what is there and makes the rest.
        before = digests(batch.results)
        remount(batch.results, "size=400k")
        assert batch.run(*batch.arguments, "--skip-existing").code == 0
        assert whole_outputs(batch) == batch.names
        assert before.items() <= digests(batch.results).items()


def test_a_single_result_on_a_full_disk(batch):
    with mounted(batch.results, "size=4k"):
        result = batch.job("-o", batch.results / "result.png")
        assert result.code == 1 and "No space left" in result.err
        assert os.listdir(batch.results) == []


def test_a_report_on_a_full_disk_ends_the_batch(batch):
    with mounted(batch.folder / "small", "size=4k"):
        result = batch.run(*batch.arguments, "--report", batch.folder / "small" / "report.jsonl", "--steps", "8")
    assert result.code == 1 and "report.jsonl can't be written: No space left" in result.lines[-1]
    assert 1 <= len(whole_outputs(batch)) < PICTURES


def test_a_read_only_disk(batch):
    with mounted(batch.results, "ro"):
        for args in (batch.arguments, [*batch.arguments, "--skip-existing"]):
            result = batch.run(*args)
            assert result.code == 2 and "Read-only file system" in result.err and str(batch.results) in result.err
            assert "denoise" not in result.err and "[1/6]" not in result.err
        result = batch.job("-o", batch.results / "result.png")
        assert result.code == 2 and "Read-only file system" in result.err


def test_a_disk_that_becomes_read_only(batch):
    """File systems do this after an error. Each job reports it, and no partial file is left."""
    with mounted(batch.results, "size=1m"):
        process = start(batch, *batch.arguments, "--json", "--steps", "8")
        first = json.loads(process.stdout.readline())
        for _ in range(100):  # remounting fails while a file is being written
            with contextlib.suppress(subprocess.CalledProcessError):
                remount(batch.results, "ro")
                break
        out, err = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 7, err
        rest = json_lines(out)
        assert first["status"] == "ok" and rest[-1]["status"] == "error"
        assert "Read-only file system" in rest[-1]["error"]["message"]
        made = [os.path.basename(line["output"]) for line in [first, *rest] if line["status"] == "ok"]
        assert whole_outputs(batch) == sorted(made)


# --- Names --------------------------------------------------------------------------------------------------------------

NAMES = [
    b"two words.png", b" begins and ends .png", b"two\nlines.png", b"tab\there.png", b'"quoted" \'twice\'.png',
    b"-o.png", b"--help.png", b"$(false) `false` \\n.png", b"*?[a].png", b"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80.png",
    b"not-utf8-\xff\xfe.png", b"\x1b[31mred.png", b"UPPER.PNG", b"a.b.c.png", b"x" * 240 + b".png",
]  # fmt: skip


def place_names(work):
    """Makes a picture for each odd name, in a folder with an odd name; returns the two folders."""
    folders = [os.fsencode(work.folder / kind) for kind in ("-pictures \n\xe9", "masks, odd")]
    source = [work.folder / kind / work.names[0] for kind in ("pictures", "masks")]
    for folder, path in zip(folders, source):
        os.mkdir(folder)
        for name in NAMES:
            with open(os.path.join(folder, name), "wb") as copy:
                copy.write(path.read_bytes())
    return [os.fsdecode(folder) for folder in folders]


def test_odd_names_in_a_folder(batch):
    pictures, masks = place_names(batch)
    # A value that begins with a dash needs an equals sign.
    arguments = ["--image=" + os.path.basename(pictures), "--mask", masks, "--prompt", "a door", "--seed", "7", "--steps",
                 "1", "--output=-results", "--report", "report.jsonl"]  # fmt: skip
    result = batch.run(*arguments, "--json", "--progress", "plain")
    assert result.code == 0, result.err
    output = os.fsencode(batch.folder / "-results")
    assert sorted(os.listdir(output)) == sorted(NAMES)
    # It is the same picture under many names.
    assert len({load(os.path.join(output, name)).tobytes() for name in NAMES}) == 1
    lines = json_lines(result.out)
    assert len(lines) == len(NAMES) and (batch.folder / "report.jsonl").read_bytes() == result.out
    # Each job has one line on stderr, whatever the names hold, and nothing in them reaches the terminal as a command.
    assert len([line for line in result.lines if re.match(r"\[\d+/\d+\] done ", line)]) == len(NAMES)
    assert "\x1b" not in result.err
    again = batch.run(*arguments, "--skip-existing", "--json")
    assert {line["status"] for line in json_lines(again.out)} == {"skipped"}, again.err


def test_odd_names_of_single_pictures(batch):
    _, masks = place_names(batch)
    for name in (b"-o.png", b"two\nlines.png", b"not-utf8-\xff\xfe.png"):
        pictures = os.fsencode(batch.folder / "-pictures \n\xe9")
        result = batch.run(b"--image=" + name, "--mask", os.fsencode(masks) + b"/" + name, "-p", "a door", "--steps", "1",
                           "--seed", "7", cwd=pictures)  # fmt: skip
        assert result.code == 0, result.err
        stem = name.removesuffix(b".png")
        assert result.out == stem + b"-inpainted.png\n"
        assert os.path.isfile(os.path.join(pictures, stem + b"-inpainted.png"))


def test_odd_names_in_a_manifest(batch):
    place_names(batch)
    names = [name.decode() for name in NAMES if b"\xff" not in name]
    (batch.folder / "jobs.jsonl").write_text(
        "".join(json.dumps({"image": f"-pictures \n\xe9/{name}", "mask": f"masks, odd/{name}",
                            "output": f"results/{name}"}) + "\n" for name in names),
    )  # fmt: skip
    result = batch.run("--manifest", "jobs.jsonl", "-p", "a door", "--seed", "7", "--steps", "1", "--json")
    assert result.code == 0, result.err
    assert sorted(whole_outputs(batch)) == sorted(names)
    assert [line["output"] for line in json_lines(result.out)] == [f"results/{name}" for name in names]


# --- Signals ------------------------------------------------------------------------------------------------------------


def interrupt_after(work, count, numbers, *args):
    """Sends signals after `count` results; returns the exit code, stdout and stderr."""
    process = start(work, *args)
    lines = [process.stdout.readline() for _ in range(count)]
    for number in numbers:
        process.send_signal(number)
    out, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, b"".join(lines) + out, err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_batch(batch, number):
    code, out, err = interrupt_after(batch, 2, [number], *batch.arguments, "--steps", "20", "--json")
    assert code == 130, err
    done = sorted(os.path.basename(line["output"]) for line in json_lines(out))
    assert 2 <= len(done) < PICTURES
    assert whole_outputs(batch) == done, "every finished picture must be written and reported, and nothing else"
    assert re.search(rf"^error: interrupted: {len(done)} done in [\d.]+ s$", err.splitlines()[-1])
    again = batch.run(*batch.arguments, "--steps", "20", "--skip-existing", "--json")
    assert again.code == 0
    assert sorted(line["status"] for line in json_lines(again.out)) == ["ok"] * (PICTURES - len(done)) + ["skipped"] * len(done)


def test_a_second_signal_in_a_batch_stops_at_once(work):
    # The pictures are large, so that some are being written when the signal comes.
    work.names = make_pictures(work.folder, PICTURES, (1600, 1200))
    work.results = work.folder / "results"
    arguments = folder_job(work.folder, work.results, "--steps", "1", "--crop", "auto", "--json")
    process = start(work, *arguments)
    first = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130 and time.monotonic() - begin < 5
    done = whole_outputs(work)
    assert os.path.basename(first["output"]) in done and len(done) < PICTURES
