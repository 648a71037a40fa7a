"""A batch that is killed at random moments and run again ends as if nothing had happened.

There are twenty pictures and five kills, with ZIMAGE_LONG=1 two hundred pictures and twenty kills.
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
# Noise of this size takes about as long to encode, write and sync as its hole takes to inpaint.
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
    """Kills the process after some seconds, or with `writing` as soon afterwards as a file is being written. Returns
    whether it was still running."""
    before = parts(output)  # left by an earlier kill
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        time.sleep(0.001)
    # This busy loop catches the file before it is whole.
    while writing and process.poll() is None and not parts(output) - before:
        pass
    process.kill()
    process.communicate(timeout=TIMEOUT)
    return process.returncode == -9


def check_whole(output, expected):
    """Checks that every file with a result's name is that result, to the last byte, and that the only other files were
    being written."""
    for name, digest in digests(output).items():
        if not name.endswith(".part"):
            assert digest == expected[name], name


def test_a_killed_batch_can_be_run_again(work):
    generator = random.Random(SEED)
    make_pictures(work.folder, PICTURES, SIZE)
    begin = time.monotonic()
    finish(work, work.folder / "whole")
    seconds = time.monotonic() - begin
    expected = digests(work.folder / "whole")
    assert len(expected) == PICTURES

    output = work.folder / "results"
    caught, hits, starts = 0, 0, 0
    # If by chance every write was over before it was caught, there are some more kills.
    while hits < KILLS or (caught == 0 and hits < 4 * KILLS):
        starts += 1
        assert starts <= 8 * KILLS, "the batch ends before it can be killed"
        # Half of the kills come at any time, even at the start; half in the middle of a write.
        writing = hits % 2 == 1 or hits >= KILLS
        moment = generator.uniform(0, 2 * seconds / KILLS)
        before = parts(output)
        hit = kill_at(start(work, output), output, moment, writing)
        left = parts(output)
        done = len(digests(output)) - len(left)
        print(f"kill {hits + 1} after {moment:.3f} s{', writing' if writing else ''}: "
              f"{'hit' if hit else 'the batch had ended'}, {done} done, {len(left)} being written")  # fmt: skip
        check_whole(output, expected)
        if hit:
            hits += 1
            caught += len(left - before) > 0
        else:  # the batch ended before the kill, so it starts again from nothing
            assert digests(output) == expected
            shutil.rmtree(output)
    assert caught > 0, "no kill came during a write"

    finish(work, output)
    assert digests(output) == expected
    untouched = {path: path.stat().st_mtime_ns for path in output.iterdir()}
    finish(work, output)
    assert {path: path.stat().st_mtime_ns for path in output.iterdir()} == untouched


def test_leftovers_of_a_kill_are_removed_even_if_all_is_done(work):
    """A kill in the middle of --overwrite leaves the old result and half of the new one."""
    make_pictures(work.folder, 2)
    output = work.folder / "results"
    finish(work, output)
    done = digests(output)
    ended = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True).stdout.strip()
    host = os.uname().nodename
    (output / f".p0000.png.{host}-{ended}.part").write_bytes(b"half")
    finish(work, output)
    assert digests(output) == done
