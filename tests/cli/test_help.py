"""The ways in: no arguments, help and version as words."""

import pytest


def test_no_arguments_show_the_short_usage(work):
    result = work.run()
    assert result.code == 2 and result.out == b""
    assert "Usage: zimage-inpaint --image PATH --mask PATH --prompt TEXT" in result.err
    assert "zimage-inpaint -i photo.png -m mask.png" in result.err and "--help lists the options." in result.err
    assert result.lines[-1].startswith("error: no picture is given")
    assert len(result.lines) < 20


def test_help_and_version_as_words(work):
    assert work.run("help").out == work.run("--help").out
    assert work.run("help", "run").out == work.run("--help").out
    assert work.run("help", "all").out == work.run("--help-all").out
    assert work.run("version").out == work.run("--version").out
    for command in ("inspect", "compare", "convert", "get", "bench", "report", "doctor", "completion", "man"):
        shown = work.run("help", command)
        assert shown.code == 0 and shown.out == work.run(command, "--help").out and shown.out


@pytest.mark.parametrize("args", [["help", "nonsense"], ["help", "inspect", "compare"], ["version", "x"]])
def test_help_of_what_is_not_there(work, args):
    result = work.run(*args)
    assert result.code == 2 and result.out == b"" and result.lines[-1].startswith("error: ")


def test_help_lists_the_words(work):
    text = work.run("--help").out.decode()
    commands = next(line for line in text.splitlines() if line.startswith("Other commands"))
    assert "help" in commands and "version" in commands
