"""The harness of the memory limits itself: what it reads of control groups, and what it calls wrong."""

import subprocess
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

from memory_limits import control_group  # noqa: E402
from memory_limits.__main__ import Row, parse_row, problems_of  # noqa: E402
from memory_limits.run import Measured, run_limited  # noqa: E402

GB = 10**9


@pytest.fixture
def groups(tmp_path, monkeypatch):
    """A folder in the place of /sys/fs/cgroup, and the groups that this process is in."""
    monkeypatch.setattr(control_group, "MOUNT", tmp_path)
    monkeypatch.setattr(control_group, "memberships", lambda: {"": "/user/job", "memory": "/user/job"})
    return tmp_path


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_version_2_makes_a_group_where_groups_have_a_limit(groups):
    write(groups / "user/job/cgroup.subtree_control", "\n")
    write(groups / "user/cgroup.subtree_control", "cpu memory\n")
    group = control_group.ControlGroup(6 * GB)
    assert group.folder.parent == groups / "user"
    write(group.folder / "memory.stat", "anon 5\nfile 100\nfile_mapped 7\n")
    write(group.folder / "memory.events", "low 0\noom 1\noom_kill 2\n")
    assert group.used() == (5, 7)
    assert group.kills() == 2


def test_without_a_group_that_can_limit_memory_the_harness_says_so(groups):
    write(groups / "cgroup.subtree_control", "cpu\n")
    with pytest.raises(SystemExit, match="no control group"):
        control_group.ControlGroup(6 * GB)


def test_version_1_stays_below_a_group_that_has_a_limit(groups):
    unlimited = "9223372036854771712"
    write(groups / "memory/memory.limit_in_bytes", unlimited)
    write(groups / "memory/user/job/memory.limit_in_bytes", unlimited)
    assert control_group.ControlGroup(6 * GB).folder.parent == groups / "memory"
    write(groups / "memory/user/memory.limit_in_bytes", "1000")
    group = control_group.ControlGroup(6 * GB)
    assert group.folder.parent == groups / "memory/user"
    write(group.folder / "memory.stat", "rss 1\ntotal_rss 5\ntotal_mapped_file 7\ntotal_cache 100\n")
    write(group.folder / "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")
    assert group.used() == (5, 7)
    assert group.kills() == 2


def test_a_program_that_takes_more_than_its_limit_is_found_out(tmp_path):
    grow = "b'a' * 300_000_000; import time; time.sleep(0.3)"
    try:
        killed = run_limited([sys.executable, "-c", grow], 10**8, 20, tmp_path)
    except (SystemExit, OSError, subprocess.SubprocessError):
        pytest.skip("no control group can be made here")
    assert killed.kills == 1 and killed.code == -9
    assert "the kernel killed it" in problems_of(Row("bf16", 0.1), killed)
    fine = run_limited([sys.executable, "-c", grow], 6 * 10**8, 20, tmp_path)
    assert fine.kills == 0 and fine.code == 0


def measured(estimate=None, used=5 * GB, **more):
    out = None if estimate is None else {"memory": {"peak_bytes": estimate}}
    return Measured(used=used, out=out, **more)


def test_a_run_is_right_if_it_takes_what_its_plan_says():
    row = Row("Q8_0", 9)
    assert problems_of(row, measured(int(5.4 * GB))) == []
    assert problems_of(row, measured(int(4.6 * GB))) == []
    for wrong in (measured(int(5.6 * GB)), measured(int(4.4 * GB)), measured(), measured(5 * GB, code=1),
                  measured(5 * GB, late=True, code=-9), measured(5 * GB, kills=1, code=-9)):  # fmt: skip
        assert len(problems_of(row, wrong)) == 1


def test_a_refusal_comes_before_the_weights_and_says_what_fits():
    row = parse_row("bf16:1:refused")
    refusal = {"error": {"message": "too little", "hint": "use a smaller file"}}
    assert problems_of(row, Measured(code=5, out=refusal)) == []
    assert problems_of(row, Measured(code=0, out={})) != []
    assert problems_of(row, Measured(code=5, out={"error": {"hint": ""}})) != []
    assert problems_of(row, Measured(code=5, out=refusal, read=3 * GB)) != []
    assert problems_of(row, Measured(code=-9, kills=1, out=refusal)) != []
