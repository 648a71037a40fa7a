"""`-i -` reads the picture from stdin."""

import json
import os
import pty
import signal
import subprocess

import numpy as np
import pytest
from PIL import Image

from conftest import PLAIN, TIMEOUT, Finished, environment, load
from pictures import save_png16

JOB = ["-i", "-", "-m", "mask.png", "-p", "a door", "--seed", "7", "--steps", "2"]


def run(work, *args, data=b"", job=JOB):
    process = subprocess.run(work.command(*job, *args), cwd=work.folder, env=environment(), input=data,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT)  # fmt: skip
    return Finished(process)


def bytes_of(work, name="picture.png"):
    return (work.folder / name).read_bytes()


def test_a_picture_on_stdin_gives_the_result_of_its_file(work):
    assert work.job("-o", "file.png").code == 0
    piped = run(work, "-o", "-", data=bytes_of(work))
    assert piped.code == 0, piped.err
    (work.folder / "piped.png").write_bytes(piped.out)
    assert np.array_equal(load(work.folder / "piped.png"), load(work.folder / "file.png"))
    written = run(work, "-o", "out.png", "--json", data=bytes_of(work))
    assert json.loads(written.out)["image"] == "-" and json.loads(written.out)["output"] == "out.png"
    assert (work.folder / "out.png").read_bytes() == piped.out


@pytest.mark.parametrize("ending", ["jpg", "webp", "tif", "bmp", "gif"])
def test_every_format_that_its_bytes_tell(work, ending):
    Image.fromarray(work.pixels).save(work.folder / f"p.{ending}")
    piped = run(work, "-o", ".", data=bytes_of(work, f"p.{ending}"))
    assert piped.code == 0, piped.err
    name = f"stdin-inpainted.{'png' if ending == 'gif' else ending}"
    assert piped.out.decode().strip() == f"./{name}"
    filed = work.job("-o", f"filed{name[15:]}", image=f"p.{ending}")
    assert filed.code == 0
    assert np.array_equal(load(work.folder / name), load(work.folder / f"filed{name[15:]}"))


def test_a_jpeg_keeps_its_coefficients(work):
    Image.fromarray(work.pixels).save(work.folder / "p.jpg", quality=90)
    piped = run(work, "-o", "out.jpg", "-v", *PLAIN, data=bytes_of(work, "p.jpg"))
    assert piped.code == 0 and "anew" not in piped.err
    before, after = load(work.folder / "p.jpg"), load(work.folder / "out.jpg")
    assert np.array_equal(before[40:], after[40:])  # rows of blocks below the hole


def test_transparency_and_depth_come_along(work):
    Image.fromarray(np.dstack([work.pixels, np.where(work.hole, 0, 255).astype(np.uint8)])).save(work.folder / "a.png")
    cut = run(work, "-o", "out.png", "-m", "alpha", data=bytes_of(work, "a.png"))
    assert cut.code == 0, cut.err
    save_png16(work.folder / "deep.png", work.pixels.astype(np.uint16) * 257)
    deep = run(work, "-o", "-", data=bytes_of(work, "deep.png"))
    assert deep.code == 0 and deep.out[24] == 16


def test_the_same_command_again_keeps_the_result(work):
    assert run(work, "-o", "out.png", "--skip-existing", data=bytes_of(work)).code == 0
    again = run(work, "-o", "out.png", "--skip-existing", "--json", data=bytes_of(work))
    assert json.loads(again.out)["status"] == "skipped"
    Image.fromarray(work.pixels[::-1]).save(work.folder / "other.png")
    other = run(work, "-o", "out.png", "--skip-existing", data=bytes_of(work, "other.png"))
    assert other.code == 2 and "other parameters" in other.err


def test_a_replay_needs_the_picture_again(work):
    assert run(work, "-o", "made.png", data=bytes_of(work)).code == 0
    refused = work.run("--replay", "made.png", "-o", "again.png")
    assert refused.code == 2 and "came from stdin" in refused.err and "--image" in refused.err
    again = work.run("--replay", "made.png", "-o", "again.png", "--image", "picture.png")
    assert again.code == 0 and "not the one" not in again.err
    assert np.array_equal(load(work.folder / "made.png"), load(work.folder / "again.png"))
    piped = run(work, "-i", "-", "-o", "-", job=["--replay", "made.png"], data=bytes_of(work))
    assert piped.out == bytes_of(work, "made.png")


@pytest.mark.parametrize("data, says", [(b"", "stdin is empty"), (b"hello, this is text", "stdin is not a picture"),
                                        (b"\x89PNG\r\n\x1a\nbroken", "stdin")])  # fmt: skip
def test_a_stdin_that_is_no_picture(work, data, says):
    result = run(work, "-o", "out.png", data=data)
    assert result.code == 3 and says in result.err and len(result.lines) == 1
    assert work.files() == ["mask.png", "picture.png"]


def test_what_makes_no_sense_with_stdin(work):
    assert "no name for the result" in run(work, data=bytes_of(work)).err
    assert run(work, data=bytes_of(work)).code == 2
    assert run(work, "-m", "-", "-o", "out.png", data=bytes_of(work)).code == 2
    assert run(work, "--manifest", "jobs.jsonl", "-o", "out").code == 2
    line = json.dumps({"image": "-", "mask": "mask.png", "prompt": "x"}).encode()
    assert "can't be -" in run(work, job=["--manifest", "-"], data=line).err
    # Other mistakes are found before anything is read.
    assert run(work, "-o", "no/such/out.png", data=bytes_of(work)).code == 2


def test_a_file_of_that_name_has_a_path(work):
    (work.folder / "picture.png").rename(work.folder / "-")
    assert work.job("-o", "out.png", image="./-").code == 0


def test_a_terminal_is_no_picture(work):
    master, slave = pty.openpty()
    process = subprocess.run(work.command(*JOB, "-o", "out.png"), cwd=work.folder, env=environment(), stdin=slave,
                             capture_output=True, timeout=TIMEOUT)  # fmt: skip
    os.close(slave)
    os.close(master)
    assert process.returncode == 2 and b"stdin is a terminal" in process.stderr


def test_an_interrupt_while_it_waits(work):
    process = subprocess.Popen(work.command(*JOB, "-o", "out.png"), cwd=work.folder, env=environment(),
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    process.stdin.write(b"\x89PNG")
    process.stdin.flush()
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(TIMEOUT) == 130
    process.stdin.close()
