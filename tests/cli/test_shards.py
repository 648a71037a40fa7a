"""Machines that share a folder: the pods of a Kubernetes indexed Job, and the example of one."""

import pathlib
import re
import subprocess

from conftest import ROOT, TIMEOUT, environment
from demo_folder import digests, folder_job, json_lines, make_pictures

EXAMPLE = ROOT / "docs" / "examples" / "indexed-job.yaml"
PICTURES = 8
POD = ["--shard", "auto", "--skip-existing", "--steps", "2", "--json"]


def run_pod(work, index, completions, output="results"):
    """Starts a pod as Kubernetes does, which sets the index; the count is in the Job's `env`."""
    return subprocess.Popen(
        work.command(*folder_job(work.folder, work.folder / output, *POD)), cwd=work.folder,
        env=environment(JOB_COMPLETION_INDEX=str(index), JOB_COMPLETIONS=completions),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_pods_cover_a_folder_once(work):
    names = make_pictures(work.folder, PICTURES)
    pods = [run_pod(work, index, "3") for index in range(3)]
    made = []
    for index, pod in enumerate(pods):
        out, err = pod.communicate(timeout=TIMEOUT)
        assert pod.returncode == 0, err
        lines = json_lines(out)
        assert [line["status"] for line in lines] == ["ok"] * len(lines)
        own = sorted(pathlib.Path(line["output"]).name for line in lines)
        assert own == names[index::3]
        made += own
    assert sorted(made) == names
    assert work.run(*folder_job(work.folder, work.folder / "whole", "--steps", "2")).code == 0
    assert digests(work.folder / "results") == digests(work.folder / "whole")
    # A pod that is started again finds its share finished.
    out, _ = run_pod(work, 1, "3").communicate(timeout=TIMEOUT)
    assert {line["status"] for line in json_lines(out)} == {"skipped"}


def test_a_pod_must_know_how_many_there_are(work):
    make_pictures(work.folder, 2)
    pod = run_pod(work, 0, None)
    err = pod.communicate(timeout=TIMEOUT)[1]
    assert pod.returncode == 2 and "JOB_COMPLETIONS" in err
    pod = run_pod(work, 3, "3")
    err = pod.communicate(timeout=TIMEOUT)[1]
    assert pod.returncode == 2 and "shard 4 of 3" in err


def test_the_program_accepts_the_examples_arguments(work):
    """Runs the example's arguments on a folder of the test's, in as many pods as it asks for."""
    text = EXAMPLE.read_text()
    arguments = re.findall(r"^ +- (--[a-z-]+(?:=.*)?)$", text, re.MULTILINE)
    completions = re.search(r"^ +completions: (\d+)$", text, re.MULTILINE)[1]
    assert re.search(r"- name: JOB_COMPLETIONS .*\n +value: \"(\d+)\"", text)[1] == completions
    assert "completionMode: Indexed" in text
    names = make_pictures(work.folder, int(completions))
    arguments = [argument.replace("/data", str(work.folder)) for argument in arguments]
    for index in range(int(completions)):
        variables = environment(JOB_COMPLETION_INDEX=str(index), JOB_COMPLETIONS=completions)
        result = work.run(*arguments, env=variables)
        assert result.code == 0, result.err
    assert sorted(digests(work.folder / "results")) == names
