"""Another program sends jobs on stdin, one per line, and reads their results."""

import json
import signal
import subprocess
import threading
import time

import numpy as np
import pytest

from conftest import TIMEOUT, load
from demo_folder import PICTURES, batch, json_lines, start  # noqa: F401


class Driver:
    """Plays the other program, which sends jobs and reads results, one per line."""

    def __init__(self, work, *args):
        self.work = work
        self.process = start(work, "--manifest", "-", "-p", "a door", "--seed", "7", "--steps", "1", "--json", *args,
                             stdin=subprocess.PIPE)  # fmt: skip
        self.err = b""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        self.guard = threading.Timer(TIMEOUT, self.process.kill)  # a deadlock must not hang the tests
        self.guard.start()

    def read(self):
        self.err = self.process.stderr.read()

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def job(self, k, **more):
        name = self.work.names[k]
        return json.dumps({"image": f"pictures/{name}", "mask": f"masks/{name}", "output": f"r{k}.png", **more})

    def result(self):
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.stdin.close()
        rest = json_lines(self.process.stdout.read().decode())
        code = self.process.wait()
        self.guard.cancel()
        self.reader.join()
        return code, rest, self.err.decode()


@pytest.mark.parametrize("size", ["1", "4"])
def test_a_driver_that_waits_for_each_result(batch, size):
    driver = Driver(batch, "--batch-size", size)
    for k in range(PICTURES):
        driver.send(driver.job(k) + "\n")
        line = driver.result()
        assert line["status"] == "ok" and line["output"] == f"r{k}.png"
        load(batch.folder / f"r{k}.png")  # the file is there when its result is reported
    code, rest, err = driver.end()
    assert code == 0 and rest == [] and f"{PICTURES} done" in err


def test_a_last_line_without_a_newline(batch):
    driver = Driver(batch)
    driver.send(driver.job(0) + "\n\n" + driver.job(1))
    code, lines, _ = driver.end()
    assert code == 0 and [line["output"] for line in lines] == ["r0.png", "r1.png"]


def test_half_a_line_waits_for_its_other_half(batch):
    driver = Driver(batch)
    text = driver.job(0)
    driver.send(text[:20])
    time.sleep(0.5)
    driver.send(text[20:] + "\n")
    assert driver.result()["output"] == "r0.png"
    assert driver.end()[0] == 0


def test_an_empty_stdin_is_an_empty_batch(batch):
    code, lines, err = Driver(batch).end()
    assert code == 0 and lines == [] and "0 done" in err


BAD_LINES = ["not json", "[1]", '{"image": "pictures/none.png", "mask": "masks/p0000.png"}', '{"unknown": 1}',
             '{"seed": "x"}', '{"model": "elsewhere"}', '{"image": "\\u0000"}', "{}", '{"output": "-"}']  # fmt: skip


def test_bad_lines_on_stdin_fail_alone(batch):
    driver = Driver(batch)
    for line in BAD_LINES:
        driver.send(line + "\n")
        told = driver.result()
        assert told["status"] == "error" and told["error"]["message"], line
    driver.process.stdin.write(b'\xff\xfe{"image": "\xff"}\n')
    driver.send("")
    assert driver.result()["status"] == "error"
    driver.send(driver.job(0, prompt="x" * (5 << 20)) + "\n")
    told = driver.result()
    assert told["status"] == "error" and "is longer than 4 MiB" in told["error"]["message"]
    driver.send(driver.job(0) + "\n")
    assert driver.result()["status"] == "ok"
    code, _, err = driver.end()
    assert code == 7 and f"1 done, {len(BAD_LINES) + 2} failed" in err
    assert "stdin line 1: it is not valid JSON" in err


@pytest.mark.parametrize("waits, mode", [(True, []), (False, []), (False, ["--overwrite"]), (False, ["--skip-existing"]),
                                         (True, ["--skip-existing", "--overwrite"])])  # fmt: skip
def test_colliding_lines_on_stdin_fail_alone(batch, waits, mode):
    """They fail whether the first result has already been written or not."""
    driver = Driver(batch, *mode)
    jobs = [driver.job(0), driver.job(1, output="./r0.png"), driver.job(2), driver.job(3, output="sub/../r2.png")]
    lines = []
    for job in jobs:
        driver.send(job + "\n")
        if waits:
            lines.append(driver.result())
    code, rest, err = driver.end()
    lines += rest
    assert code == 7 and "2 done, 2 failed" in err
    told = {line["image"]: line for line in lines}
    for k, first in ((1, 0), (3, 2)):
        line = told[f"pictures/{batch.names[k]}"]
        assert line["status"] == "error" and line["error"]["code"] == 3, line
        assert f"stdin line {k + 1} and stdin line {first + 1} would both be written to" in line["error"]["message"]
        assert told[f"pictures/{batch.names[first]}"]["status"] == "ok"
    # The file is the first job's picture.
    alone = batch.run("-i", f"pictures/{batch.names[0]}", "-m", f"masks/{batch.names[0]}", "-p", "a door", "--seed", "7",
                      "--steps", "1", "-o", "alone.png")  # fmt: skip
    assert alone.code == 0 and np.array_equal(load(batch.folder / "alone.png"), load(batch.folder / "r0.png"))


def test_a_failed_job_may_be_sent_again(batch):
    driver = Driver(batch)
    mask = batch.folder / "masks" / batch.names[0]
    mask.rename(batch.folder / "away.png")
    driver.send(driver.job(0) + "\n")
    assert driver.result()["status"] == "error"
    (batch.folder / "away.png").rename(mask)
    driver.send(driver.job(0) + "\n")
    assert driver.result()["status"] == "ok"
    assert driver.end()[0] == 7


def test_a_signal_while_it_waits_for_stdin(batch):
    driver = Driver(batch)
    driver.send(driver.job(0) + "\n")
    assert driver.result()["status"] == "ok"
    driver.process.send_signal(signal.SIGTERM)
    assert driver.process.wait(10) == 130
    assert driver.end()[0] == 130
