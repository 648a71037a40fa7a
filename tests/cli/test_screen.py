"""What a person sees on a terminal where stdout and stderr meet, by an emulator of the screen."""

import re
import shlex

import pytest

from demo_folder import PICTURES, batch  # noqa: F401
from screen import run_on_screen

JOB = ["-i", "picture.png", "-m", "mask.png", "-p", "a door", "--seed", "7", "--steps", "2"]


def watch(work, *args, **more):
    return run_on_screen(work.command(*args), work.folder, **more)


def result_lines(screen, ending=".png"):
    return [line for line in screen.everything() if line.endswith(ending)]


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("mode", [[], ["-v"], ["--progress", "plain"], ["--progress", "json"], ["-q"]])
def test_a_results_path_has_its_own_line(work, mode, columns):
    code, screen = watch(work, *JOB, "-o", "out.png", *mode, columns=columns, lines=60)
    assert code == 0
    assert result_lines(screen) == ["out.png"]
    assert screen.everything()[-1] == "out.png" or mode[:1] == ["--progress"]


@pytest.mark.parametrize("more", [["--num-images", "3", "-o", "r"], ["-o", "r", "--num-images", "3", "-v"]])
def test_several_results_of_one_picture(work, more):
    (work.folder / "r").mkdir()
    code, screen = watch(work, *JOB, *more, lines=60)
    assert code == 0
    assert result_lines(screen) == [f"r/picture-inpainted-{k}.png" for k in range(3)]


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("mode", [[], ["-v"], ["--progress", "plain"], ["--json"]])
def test_a_batch_leaves_no_rest_of_its_line(batch, mode, columns):  # noqa: F811
    (batch.folder / "masks" / batch.names[1]).unlink()
    arguments = ["-i", "pictures", "-m", "masks", "-p", "a door", "--seed", "7", "--steps", "2", "-o", "r"]
    code, screen = watch(batch, *arguments, *mode, columns=columns, lines=200)
    assert code == 7
    text = "\n".join(screen.everything())
    if mode != ["--json"]:
        results = sorted(line for line in screen.everything() if re.fullmatch(r"r/p\d+\.png", line))
        assert results == [f"r/{name}" for name in batch.names if name != batch.names[1]]
        assert len(re.findall(r"r/p\d+\.png", text)) == PICTURES - 1  # none of them on another line
    # Nothing of the progress line stays.
    assert "denoise [" not in text.replace("\n", "") or mode == ["--json"]
    if mode != ["--progress", "plain"]:
        assert not [line for line in screen.everything() if re.search(r"\[\d+/\d+", line)]
    assert "1 failed in" in text.replace("\n", " ") or columns == 40


@pytest.mark.parametrize("columns", [40, 80])
def test_a_batchs_line_shows_a_bar_and_fits(batch, columns):  # noqa: F811
    code, screen = watch(batch, *batch.arguments, columns=columns, lines=60)
    assert code == 0
    drawn = [lines[-1] for lines in screen.seen if lines and re.match(r"\[\d+/\d+", lines[-1])]
    denoising = [line for line in drawn if "denoise" in line]
    assert denoising and all(len(line) < columns for line in drawn)
    for line in denoising:
        if "/2" in line.split("denoise")[1]:  # before the first step there is nothing to draw
            assert re.search(r"denoise \[[#.]+\] [12]/2", line), line
    late = [line for line in denoising if not line.startswith("[0/")]
    assert any(re.search(r"\d:\d\d left", line) for line in late)
    if columns == 80:
        assert any("/min" in line for line in late)
    # Each line has its own row: one that wrapped could not be cleared.
    assert sum(line.startswith("[") for line in screen.everything()) == 0


def test_wide_and_long_names_keep_the_line_in_its_row(work):
    name = "門扇" * 15 + ".png"
    (work.folder / "in").mkdir()
    (work.folder / "picture.png").rename(work.folder / "in" / name)
    arguments = ["-i", "in", "-m", "mask.png", "-p", "a door", "--seed", "7", "--steps", "2", "-o", "r", "-q"]
    for columns in (40, 80):
        code, screen = watch(work, *arguments, "--overwrite", "--progress", "auto", columns=columns, lines=30)
        assert code == 0
        assert not [line for line in screen.everything() if "denoise" in line]


def test_a_result_through_a_pipe_to_the_same_terminal(work):
    command = " ".join(shlex.quote(part) for part in work.command(*JOB, "-o", "out.png"))
    code, screen = run_on_screen(command + " | cat", work.folder, shell=True)
    assert code == 0
    assert result_lines(screen) == ["out.png"]


def test_a_dry_run_and_an_error(work):
    code, screen = watch(work, *JOB, "--dry-run", columns=120, lines=60)
    assert code == 0 and any(line.startswith("strategy  ") for line in screen.everything())
    code, screen = watch(work, *JOB, "-o", "no/such/x.png", columns=120)
    assert code == 2 and len(screen.everything()) == 1 and screen.everything()[0].startswith("error: ")
