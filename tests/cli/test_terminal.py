"""Terminals, pipes and signals."""

import os
import pty
import select
import signal
import subprocess
import time

import pytest

from conftest import TIMEOUT, environment, load

JOB = ["-i", "picture.png", "-m", "mask.png", "-p", "a door", "--seed", "7", "--steps", "2"]
LONG = [*JOB[:-1], "1000"]


def read_all(master):
    data = b""
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:
            break
        if not chunk:
            break
        data += chunk
    return data


def run_on_terminal(work, *args, env=None, stdout_too=False):
    """Runs with stderr (and stdout, if wanted) on a pseudo-terminal, and returns what a person would see."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        work.command(*args), cwd=work.folder, env=env or environment(TERM="xterm"), stdin=subprocess.DEVNULL,
        stdout=slave if stdout_too else subprocess.PIPE, stderr=slave,
    )  # fmt: skip
    os.close(slave)
    seen = read_all(master)
    out = b"" if stdout_too else process.stdout.read()
    os.close(master)
    return process.wait(TIMEOUT), out, seen


def test_a_bar_on_a_terminal_clears_itself(work):
    code, out, seen = run_on_terminal(work, *JOB)
    assert code == 0
    assert out == b"picture-inpainted.png\n"
    assert b"denoise [" in seen and b"2/2" in seen
    last_line = seen.split(b"\r\n")[-1]
    assert last_line == b"" or last_line.endswith(b"\r\x1b[K")


def test_lines_do_not_mix_with_the_bar(work):
    code, _, seen = run_on_terminal(work, *JOB, "-vv")
    assert code == 0
    for line in seen.split(b"\r\n"):
        text = line.split(b"\r\x1b[K")[-1]
        assert b"denoise [" not in text, line


@pytest.mark.parametrize("changes", [{"TERM": "dumb"}, {"TERM": None}])
def test_a_dumb_terminal_gets_lines(work, changes):
    code, _, seen = run_on_terminal(work, *JOB, env=environment(**changes))
    assert code == 0 and b"\x1b" not in seen and b"denoise 1/2" in seen


def test_colour(work):
    bad = ["--steps", "0"]
    assert b"\x1b[31m" in run_on_terminal(work, *JOB, "-i", "none.png", "--color", "auto")[2]
    assert b"\x1b[3" not in run_on_terminal(work, *JOB, "-i", "none.png", env=environment(TERM="xterm", NO_COLOR="1"))[2]
    assert b"\x1b[3" not in run_on_terminal(work, *JOB, "-i", "none.png", "--color", "never")[2]
    assert "\x1b" not in work.job(image="none.png").err
    assert "\x1b[31m" in work.job("--color", "always", image="none.png").err
    assert b"\x1b[31m" in run_on_terminal(work, *JOB, *bad)[2]


@pytest.mark.parametrize("more", [[], ["--json"], ["--progress", "json"], ["--dry-run"], ["-vv"]])
def test_no_control_character_of_a_name_reaches_a_terminal(work, more):
    name = "c\u009b31m\x7f.png"
    (work.folder / "picture.png").rename(work.folder / name)
    code, _, seen = run_on_terminal(work, *JOB, "-i", name, *more, stdout_too=True)
    assert code == 0, seen
    assert "31m" in seen.decode() and "\u009b" not in seen.decode() and b"\x7f" not in seen


def test_no_picture_on_a_terminal(work):
    code, _, seen = run_on_terminal(work, *JOB, "-o", "-", stdout_too=True)
    assert code == 2 and b"terminal" in seen


def start(work, *args):
    return subprocess.Popen(
        work.command(*args), cwd=work.folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for(process, text):
    """Reads stderr until the text appears."""
    seen = b""
    end = time.monotonic() + TIMEOUT
    while text not in seen and time.monotonic() < end:
        if select.select([process.stderr], [], [], 1)[0]:
            chunk = os.read(process.stderr.fileno(), 4096)
            if not chunk:
                break
            seen += chunk
    assert text in seen, seen
    return seen


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_between_steps(work, number):
    process = start(work, *LONG, "--progress", "plain")
    wait_for(process, b"denoise 2/1000")
    process.send_signal(number)
    out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130, err
    assert out == b"" and err.decode().splitlines()[-1] == "error: interrupted"
    assert work.files() == ["mask.png", "picture.png"]


def test_a_second_signal_stops_at_once(work):
    process = start(work, *LONG, "--progress", "plain")
    wait_for(process, b"denoise 1/1000")
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert work.files() == ["mask.png", "picture.png"]


def test_an_ignored_interrupt_stays_ignored(work):
    command = ["sh", "-c", 'trap "" INT; exec "$0" "$@"', *work.command(*JOB, "--steps", "60", "--progress", "plain")]
    process = subprocess.Popen(command, cwd=work.folder, env=environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    wait_for(process, b"denoise 1/")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0


def test_json_reports_the_interrupt(work):
    process = start(work, *LONG, "--progress", "plain", "--json")
    wait_for(process, b"denoise 1/1000")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130 and b'"code":130' in out


def through_shell(work, redirection, *args):
    command = ["sh", "-c", f'exec "$0" "$@" {redirection}', *work.command(*args)]
    return subprocess.run(command, cwd=work.folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=TIMEOUT)  # fmt: skip


def test_closed_stdout_is_found_before_work_begins(work):
    result = through_shell(work, ">&-", *JOB)
    assert result.returncode == 2 and b"stdout is closed" in result.stderr
    assert work.files() == ["mask.png", "picture.png"]


def test_closed_stdin_and_stderr_do_no_harm(work):
    result = through_shell(work, "<&- 2>&-", *JOB)
    assert result.returncode == 0
    assert load(work.folder / "picture-inpainted.png").shape == work.pixels.shape


def test_a_full_disk_behind_stdout(work):
    path_line = through_shell(work, ">/dev/full", *JOB)
    assert path_line.returncode == 1 and b"error: can't write to stdout" in path_line.stderr
    picture = through_shell(work, ">/dev/full", *JOB, "-o", "-")
    assert picture.returncode == 1 and b"error: can't write to stdout" in picture.stderr


def test_a_reader_that_left(work):
    process = start(work, *JOB, "-o", "-")
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(TIMEOUT) == 1, err
    assert b"error: can't write to stdout" in err


def test_help_for_a_reader_that_left_is_no_failure(work):
    process = start(work, "--help-all")
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(TIMEOUT) == 0 and err == b""
