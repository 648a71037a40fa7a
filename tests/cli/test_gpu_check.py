"""scripts/gpu_check from end to end, with the CPU in the card's place and tiny models; times are never judged."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import pytest
from conftest import BINARY, ROOT, environment

sys.path.insert(0, str(ROOT / "scripts"))

from gpu_check_parts import checks, commands, packages, table  # noqa: E402
from gpu_check_parts.job import Job  # noqa: E402
from gpu_check_parts.main import RESERVE, Part, plan, run_part  # noqa: E402
from gpu_check_parts.record import Budget, Failure, LeftOut, Record  # noqa: E402

BUILD = BINARY.parent
SCRIPT = ROOT / "scripts" / "gpu_check"
PARTS = ["wheels", "packages", "build", "doctor", "gpu tests", "bench bf16 64x64", "diffusers", "diffusers compiled", "model files",
         "first picture", "bench controlnet 64x64", "bench fp8 64x64"]  # fmt: skip

# Answers as the program does where a card is, by asking it for the same on the CPU.
STAND_IN = f"""#!{sys.executable}
import json, subprocess, sys
words = ["cpu" if word == "cuda" else word for word in sys.argv[1:]]
done = subprocess.run([{str(BINARY)!r}, *words], stdout=subprocess.PIPE, text=True)
report = json.loads(done.stdout) if done.stdout else None
if words[0] == "doctor":
    kernels = {{"checked": 3, "agree": 3, "absent": None, "nvrtc": "13.0", "failures": FAILURES}}
    report["machine"]["cuda_build"] = True
    report["compute"]["device"] = "cuda:0"
    report["device"] = {{"name": "NVIDIA Stand-in", "driver": "580.1", "kernels": kernels}}
if words[0] == "bench" and report["status"] == "ok":
    report["sizes"][0]["device_peak_bytes"] = 5 * 10**9
if report is not None:
    print(json.dumps(report))
sys.exit(done.returncode)
"""


def check(folder, *options, build=BUILD):
    """Runs the script, and returns its exit code, its parts by name, and its table."""
    command = [sys.executable, SCRIPT, "--tiny", "--threads", "1", "--build", build, "--out", folder, *options]
    done = subprocess.run(list(map(str, command)), env=environment(), capture_output=True, text=True, timeout=300)
    assert (folder / "results.json").is_file(), done.stderr
    results = json.loads((folder / "results.json").read_text())
    assert (folder / "log.txt").stat().st_size > 0
    return done.returncode, {part["name"]: part for part in results["parts"]}, (folder / "table.md").read_text()


def put_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def stand_in(tmp_path):
    """A build folder whose programs behave as if there was a card."""
    put_program(tmp_path / "build" / "zimage-inpaint", STAND_IN.replace("FAILURES", "[]"))
    put_program(tmp_path / "build" / "tests" / "gpu", "#!/bin/sh\necho 'All tests passed (5 assertions in 2 test cases)'\n")
    return tmp_path / "build"


def test_it_runs_on_the_cpu_from_end_to_end(tmp_path):
    code, parts, text = check(tmp_path, "--device", "cpu", "--without", "diffusers")
    assert code == 0, text
    assert list(parts) == PARTS
    left_out = {name for name, part in parts.items() if part["status"] == "left out"}
    assert left_out - {"bench fp8 64x64"} == {"wheels", "packages", "gpu tests", "diffusers", "diffusers compiled"}
    assert {part["status"] for name, part in parts.items() if name not in left_out} == {"ok"}
    figures = parts["bench bf16 64x64"]["figures"]
    assert figures["dtype"] == "bf16" and figures["forward_ms"] > 0 and figures["load_gb_per_s"] > 0
    assert parts["bench controlnet 64x64"]["figures"]["report"]["model"]["controlnet"]
    run = parts["first picture"]["figures"]["runs"][0]
    assert run["report"]["model"]["random_weights"] is False and run["whole_ms"] > run["load_ms"] > 0
    assert "| what | 64×64 |" in text and re.search(r"^\| forward, bf16 \| [\d.]+ ms \|$", text, re.M)
    assert re.search(r"^\| rate of loading \| [\d.]+ GB/s", text, re.M) and "say nothing about speed" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.txt", "results.json", "table.md"]


def test_with_a_card_the_device_counts(tmp_path, stand_in):
    code, parts, text = check(tmp_path, "--without", "diffusers", build=stand_in)
    assert code == 0, text
    assert parts["gpu tests"]["status"] == "ok" and "5 assertions" in parts["gpu tests"]["message"]
    assert "3 kernels agree" in parts["doctor"]["message"]
    assert "on NVIDIA Stand-in, driver 580.1" in text and "| peak on the device, bf16 | 5.00 GB |" in text


def test_a_part_that_fails_stops_no_other(tmp_path, stand_in):
    put_program(stand_in / "zimage-inpaint", STAND_IN.replace("FAILURES", "['norm differs']"))
    put_program(stand_in / "tests" / "gpu", "#!/bin/sh\necho 'no device'\nexit 77\n")
    code, parts, text = check(tmp_path, "--without", "diffusers", "--without", "picture", build=stand_in)
    assert code == 1
    failed = {name: part["message"] for name, part in parts.items() if part["status"] == "failed"}
    assert failed == {"doctor": "own kernels: norm differs", "gpu tests": "no device"}
    assert parts["bench bf16 64x64"]["status"] == "ok" and "norm differs" in text


def test_a_card_that_the_program_cannot_use_is_a_failure(tmp_path):
    code, parts, _ = check(tmp_path, "--device", "cuda:77", "--without", "diffusers", "--without", "model files")
    assert code == 1 and len(parts) == len(PARTS)
    assert {parts[name]["status"] for name in ("doctor", "gpu tests", "bench bf16 64x64")} == {"failed"}


def test_without_time_nothing_is_begun(tmp_path):
    code, parts, _ = check(tmp_path, "--device", "cpu", "--minutes", "0.05")
    assert code == 0 and {part["status"] for part in parts.values()} == {"no time"}


def test_a_part_gets_its_limit_or_what_is_left():
    clock = SimpleNamespace(now=100.0)
    budget = Budget(480, lambda: clock.now)
    assert budget.limit(75, 20) == 75
    clock.now += 440
    assert budget.limit(75, 20) == 40
    clock.now += 25
    assert budget.limit(75, 20) is None


def test_the_parts_fit_into_their_time():
    sizes = ["1024x1024", "512x512", "2048x2048"]
    parts = plan(sizes, 8)
    assert len({part.name for part in parts}) == len(parts) == len(PARTS) + 3 * 2
    assert all(0 < part.least + RESERVE < part.most <= 240 for part in parts)
    assert [part.name for part in parts].index("build") < [part.name for part in parts].index("doctor")


def job_of(folder, **arguments):
    options = SimpleNamespace(**{"device": "cpu", "tiny": True, "build": None, "python": sys.executable, **arguments})
    log = commands.Log(folder / "log.txt")
    record = Record(folder, {"device": options.device, "tiny": True, "sizes": ["64x64"], "dtype": "bf16", "steps": 2})
    return Job(options, log, record, folder, folder / "build")


def test_a_command_is_stopped_with_what_it_started_and_its_output_stays(tmp_path):
    begin = time.monotonic()
    child = "sleep 60 & echo $! && echo begun >&2 && wait"
    done = commands.run(["sh", "-c", child], 0.5, commands.Log(tmp_path / "log.txt"))
    assert done.late and done.err == "begun\n" and time.monotonic() - begin < 30
    with pytest.raises(ProcessLookupError):
        for _ in range(100):  # until the system has forgotten it
            os.kill(int(done.out), 0)
            time.sleep(0.05)
    assert "stopped at its limit" in (tmp_path / "log.txt").read_text()


def test_what_nobody_expected_costs_one_part(tmp_path):
    def surprise(job, limit):
        return {}["no such key"]

    result = run_part(Part("surprise", surprise, 10, 1), job_of(tmp_path), Budget(60))
    assert result.status == "failed" and "KeyError" in result.message


def test_it_builds_with_the_torch_of_the_python(tmp_path, monkeypatch):
    put_program(tmp_path / "scripts" / "build", '#!/bin/sh\necho "$CMAKE_PREFIX_PATH $*" >>"$0.calls"\n'
                                                'case "$*" in *--tests*) echo "no Catch2" >&2; exit 1;; esac\n')  # fmt: skip
    put_program(tmp_path / "python", "#!/bin/sh\necho /some/torch\n")
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    figures = checks.build(job_of(tmp_path, python=str(tmp_path / "python")), 60)
    assert figures["built"] and "not the gpu tests (no Catch2)" in figures["message"]
    first, second = (tmp_path / "scripts" / "build.calls").read_text().splitlines()
    assert first.startswith("/some/torch") and first.endswith("--tests --target zimage-inpaint --target gpu")
    assert second.endswith("-D ZIMAGE_TESTS=OFF --target zimage-inpaint")
    with pytest.raises(Failure, match="there is none"):
        checks.build(job_of(tmp_path, build=tmp_path / "build"), 60)


def test_carried_wheels_are_seen_by_this_run_alone(tmp_path):
    info = "carried-1.0.dist-info"
    with zipfile.ZipFile(tmp_path / "carried-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("carried.py", "value = 7\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: carried\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    job = job_of(tmp_path, wheels=tmp_path)
    job.see_scripts()
    checks.wheels(job, 60)
    seen = job.run([sys.executable, "-c", "import carried; print(carried.__file__)"], 30)
    assert seen.out.strip() == str(tmp_path / "site" / "carried.py")


def test_carried_packages_are_unpacked_beside_the_build(tmp_path, monkeypatch):
    system = tmp_path / "package" / "usr" / "lib" / "x86_64-linux-gnu"
    put_program(tmp_path / "package" / "DEBIAN" / "control", "Package: a\nVersion: 1\nArchitecture: all\n"
                                                             "Maintainer: a <a@example.org>\nDescription: a\n")  # fmt: skip
    put_program(tmp_path / "package" / "usr" / "bin" / "pkgconf", '#!/bin/sh\necho "$LD_LIBRARY_PATH $1"\n')
    put_program(system / "liba.so.1", "")
    put_program(system / "pkgconfig" / "a.pc", "prefix=/usr\nlibdir=${prefix}/lib\nincludedir=/usr/include\n")
    subprocess.run(["dpkg-deb", "--build", tmp_path / "package", tmp_path / "a.deb"], check=True, stdout=subprocess.DEVNULL)
    job = job_of(tmp_path, debs=tmp_path)
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    assert packages.unpack(job, 60)["packages"] == ["a.deb"]
    root = tmp_path / "build" / "packages"
    place = root / "usr" / "lib" / "x86_64-linux-gnu"
    pc = (place / "pkgconfig" / "a.pc").read_text()
    assert pc == f"prefix={root}/usr\nlibdir=${{prefix}}/lib\nincludedir={root}/usr/include\n"
    assert job.environment["CMAKE_PREFIX_PATH"].split(":")[0] == str(root / "usr")
    assert f",-rpath,{place}" in job.environment["LDFLAGS"]
    assert job.run([job.environment["PKG_CONFIG"], "--libs"], 10).out == f"{place} --libs\n"


def test_ended_from_outside_it_ends_what_it_started(tmp_path, stand_in):
    put_program(stand_in / "zimage-inpaint", f"#!/bin/sh\necho $$ >{tmp_path}/child\nexec sleep 60\n")
    command = [SCRIPT, "--tiny", "--build", stand_in, "--out", tmp_path]
    process = subprocess.Popen([sys.executable, *map(str, command)], stderr=subprocess.DEVNULL)
    child = tmp_path / "child"
    while not (child.exists() and child.read_text().endswith("\n")):
        assert process.poll() is None
        time.sleep(0.02)
    process.terminate()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(child.read_text()), 0)
    assert [part["name"] for part in json.loads((tmp_path / "results.json").read_text())["parts"]] == ["wheels", "packages"]


def test_diffusers_is_left_out_where_it_is_missing(tmp_path):
    put_program(tmp_path / "python", "#!/bin/sh\necho 'No module named diffusers' >&2\nexit 1\n")
    with pytest.raises(LeftOut, match="No module named diffusers"):
        checks.python_facts(job_of(tmp_path, python=str(tmp_path / "python")))


def test_the_table_compares_with_diffusers_at_each_size():
    about = {"device": "cuda", "device_name": "Card", "tiny": False, "sizes": ["1024x1024", "512x512"], "dtype": "bf16",
             "steps": 8, "date": "today"}  # fmt: skip
    ours = [{"kind": "bf16", "size": size, "forward_ms": ms} for size, ms in (("1024x1024", 80.0), ("512x512", 25.0))]
    theirs = [{"kind": "diffusers", "forward_ms": {"1024x1024": 160.0, "512x512": 75.0}},
              {"kind": "compiled", "forward_ms": {"1024x1024": 120.0}}]  # fmt: skip
    text = table.sizes_table(about, [{"figures": figures} for figures in (*ours, *theirs)])
    assert text.splitlines()[0] == "| what | 512×512 | 1024×1024 |"
    assert "| forward, bf16 | 25.0 ms | 80.0 ms |" in text and "with a ControlNet" not in text
    assert "| forward, diffusers, over ours | 3.00 | 2.00 |" in text
    assert "| forward, diffusers, its blocks compiled, over ours | — | 1.50 |" in text
