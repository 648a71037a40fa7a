"""A Slurm array of four works on a folder; one of its tasks is killed and requeued.

    python tests/cluster/test_slurm.py    exits 77 if Slurm isn't installed (with CI=true: 1) or this isn't root
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from conftest import BINARY, MODEL, environment  # noqa: E402
from demo_folder import PROMPT, digests, folder_job, json_lines, make_pictures  # noqa: E402
from slurm import Slurm, missing_programs  # noqa: E402

SCRIPT = ROOT / "docs" / "examples" / "inpaint-array.sbatch"
TASKS = 4
PICTURES = 24
STEPS = 12  # enough that a task can be killed in its middle
KILLED = 2


@pytest.fixture
def pictures(tmp_path):
    make_pictures(tmp_path, PICTURES)
    return tmp_path


def task_process(slurm, job, task):
    """Returns the process id of the program that a task runs."""
    for pid in slurm.processes(str(slurm.folder)):
        with contextlib.suppress(OSError):
            if os.path.realpath(f"/proc/{pid}/exe") != os.path.realpath(BINARY):
                continue
            variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if {f"SLURM_ARRAY_JOB_ID={job}".encode(), f"SLURM_ARRAY_TASK_ID={task}".encode()} <= set(variables):
                return pid
    return None


def submit(slurm, folder, output, steps=STEPS):
    variables = environment(ZIMAGE_BIN=str(BINARY.resolve()), ZIMAGE_MODEL=str(MODEL.resolve()))
    arguments = [folder / "pictures", folder / "masks", output, PROMPT, "--seed", "7", "--steps", steps]
    return slurm.run("sbatch", "--parsable", f"--array=0-{TASKS - 1}", SCRIPT, *arguments, env=variables, cwd=folder)


def test_an_array_with_a_killed_task(pictures):
    with Slurm() as slurm:
        output = pictures / "results"
        job = submit(slurm, pictures, output)
        own = {path.name for i, path in enumerate(sorted((pictures / "pictures").iterdir())) if i % TASKS == KILLED}

        slurm.wait_until("the task has made a picture", lambda: own & set(digests(output)), 90)
        os.kill(task_process(slurm, job, KILLED), signal.SIGKILL)
        slurm.wait_until("the task has failed", lambda: slurm.task_state(job, KILLED) == "FAILED", 60)
        left = own - set(digests(output))
        assert left, "the task was killed too late to prove anything"
        before = {name: (output / name).stat().st_mtime_ns for name in own - left}

        slurm.run("scontrol", "requeue", f"{job}_{KILLED}")
        slurm.wait_until("all tasks are done", lambda: all(
            slurm.task_state(job, task) == "COMPLETED" for task in range(TASKS)), 180)  # fmt: skip
        logs = {path.name: path.read_text() for path in pictures.glob("inpaint-*.log")}

    assert sorted(logs) == [f"inpaint-{job}-{task}.log" for task in range(TASKS)]
    for name, time in before.items():
        assert (output / name).stat().st_mtime_ns == time, f"{name} was made twice"
    reports = {task: json_lines((pictures / f"results-task-{task}.jsonl").read_text()) for task in range(TASKS)}
    statuses = [line["status"] for line in reports[KILLED]]
    assert statuses.count("skipped") == len(before) and statuses.count("ok") == len(left), logs
    seen = [pathlib.Path(line["output"]).name for lines in reports.values() for line in lines]
    assert sorted(seen) == sorted(path.name for path in (pictures / "pictures").iterdir())

    whole = pictures / "whole"
    command = [str(BINARY), *map(str, folder_job(pictures, whole, "--steps", STEPS))]
    subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    assert len(digests(whole)) == PICTURES
    assert digests(output) == digests(whole)


def check_cancelled(slurm, folder):
    """Checks that scancel reaches the program, which stops cleanly."""
    output = folder / "cancelled"
    job = submit(slurm, folder, output, "1000")
    slurm.wait_until("a task is at work", lambda: (folder / "cancelled-task-0.jsonl").exists(), 60)
    slurm.run("scancel", job)
    slurm.wait_until("it has ended", lambda: not slurm.run("squeue", "-h"), 60)
    assert "error: interrupted: 0 done in " in (folder / f"inpaint-{job}-0.log").read_text()
    assert digests(output) == {}


def test_nothing_of_a_slurm_is_left(pictures):
    """Nothing is left even if the test fails half-way, while jobs run."""
    with pytest.raises(ZeroDivisionError), Slurm() as slurm:
        folder, daemons = slurm.folder, [daemon for _, daemon in slurm.daemons]
        check_cancelled(slurm, pictures)
        slurm.run("sbatch", "--wrap", "sleep 100", f"--output={folder}/sleep.log")
        slurm.wait_until("the job runs", lambda: slurm.run("squeue", "-h", "-o", "%T") == "RUNNING", 60)
        raise ZeroDivisionError
    assert not folder.exists()
    assert all(daemon.returncode is not None for daemon in daemons)
    assert slurm.processes(str(folder)) == []


def main():
    ci = os.environ.get("CI") == "true"
    command = [sys.executable, __file__, *sys.argv[1:]]
    if ci and os.getuid() != 0 and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        kept = [f"{name}={os.environ[name]}" for name in ("CI", "ZIMAGE_BIN") if name in os.environ]
        os.execvp("sudo", ["sudo", "-n", "env", *kept, "PYTHONDONTWRITEBYTECODE=1", *command])
    if missing := missing_programs():
        print(f"Slurm is not installed ({', '.join(missing)} missing): scripts/setup --test installs it")
        return 1 if ci else 77
    if os.getuid() != 0:
        print("skipped: only root can start slurmctld and slurmd")
        return 77
    return pytest.main(["-q", "-p", "no:cacheprovider", __file__, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
