"""A batch that is killed at random moments and run again comes out as if nothing had happened.

Twenty pictures and five kills; with ZIMAGE_LONG=1 two hundred and twenty.
"""

import os
import random
import shutil
import subprocess
import time

from conftest import TIMEOUT, environment
from demo_folder import digests, folder_job, make_pictures

LONG = os.environ.get("ZIMAGE_LONG") == "1"
PICTURES, KILLS = (200, 20) if LONG else (20, 5)
# Noise of this size takes about as long to encode, write and sync as its hole takes to make.
SIZE = (640, 480)
SEED = 20260101


def start(work, output):
    return subprocess.Popen(
        work.command(*folder_job(work.folder, output, "--crop", "auto", "--steps", "4", "--skip-existing")),
        cwd=work.folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def finish(work, output):
    process = start(work, output)
    err = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 0, err


def parts(output):
    return {name for name in os.listdir(output) if name.endswith(".part")} if output.is_dir() else set()


def kill_at(process, output, seconds, writing):
    """Kills after some seconds, or as soon after them as a file is being written. Whether it was still running."""
    before = parts(output)  # of an earlier kill
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.001)
    # Busy, so that the file is caught before it is whole.
    while writing and process.poll() is None and not parts(output) - before:
        pass
    process.kill()
    process.communicate(timeout=TIMEOUT)
    return process.returncode == -9


def check_whole(output, expected):
    """All that has a result's name is that result, to the last byte; nothing else is there but what was being written."""
    for name, digest in digests(output).items():
        if not name.endswith(".part"):
            assert digest == expected[name], name


def test_killed_and_run_again(work):
    generator = random.Random(SEED)
    make_pictures(work.folder, PICTURES, SIZE)
    begin = time.monotonic()
    finish(work, work.folder / "whole")
    seconds = time.monotonic() - begin
    expected = digests(work.folder / "whole")
    assert len(expected) == PICTURES

    output = work.folder / "results"
    caught, hits, starts = 0, 0, 0
    # Some more where by chance every write was over before it was caught.
    while hits < KILLS or (caught == 0 and hits < 4 * KILLS):
        starts += 1
        assert starts <= 8 * KILLS, "it ends before it can be killed"
        # Half of them anywhere, the start included; half in the middle of a write.
        writing = hits % 2 == 1 or hits >= KILLS
        moment = generator.uniform(0, 2 * seconds / KILLS)
        before = parts(output)
        hit = kill_at(start(work, output), output, moment, writing)
        left = parts(output)
        done = len(digests(output)) - len(left)
        print(f"kill {hits + 1} after {moment:.3f} s{', writing' if writing else ''}: "
              f"{'hit' if hit else 'it had ended'}, {done} done, {len(left)} being written")  # fmt: skip
        check_whole(output, expected)
        if hit:
            hits += 1
            caught += len(left - before) > 0
        else:  # it was through before its time: from the start again
            assert digests(output) == expected
            shutil.rmtree(output)
    assert caught > 0, "no kill fell into a write"

    finish(work, output)
    assert digests(output) == expected
    untouched = {path: path.stat().st_mtime_ns for path in output.iterdir()}
    finish(work, output)
    assert {path: path.stat().st_mtime_ns for path in output.iterdir()} == untouched


def test_what_a_kill_left_goes_though_nothing_is_to_be_done(work):
    """As after a kill in the middle of --overwrite: the old result is there, and half of the new."""
    make_pictures(work.folder, 2)
    output = work.folder / "results"
    finish(work, output)
    done = digests(output)
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True).stdout.strip()
    host = os.uname().nodename
    (output / f".p0000.png.{host}-{ended}.part").write_bytes(b"half")
    finish(work, output)
    assert digests(output) == done
