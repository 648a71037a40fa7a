"""The parts that say whether the program is right here: wheels, build, doctor, the gpu tests."""

import json
from pathlib import Path

from .job import ROOT, Job
from .record import Failure, LeftOut

TORCH_PREFIX = "import torch; print(torch.utils.cmake_prefix_path)"
FACTS = """
import json, torch, diffusers
cuda = torch.cuda.is_available()
print(json.dumps({"torch": torch.__version__, "diffusers": diffusers.__version__, "cuda": cuda}))
"""


def wheels(job: Job, limit: float) -> dict:
    """Installs carried wheels into a folder of this run, which the measurements' Python sees first."""
    folder = job.arguments.wheels
    if folder is None:
        raise LeftOut("no --wheels were given")
    found = sorted(folder.glob("*.whl"))
    if not found:
        raise Failure(f"{folder} has no *.whl in it")
    site = job.work / "site"
    command = [job.arguments.python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile",
               "--no-cache-dir", "--disable-pip-version-check", "--target", site, *found]  # fmt: skip
    done = job.run(command, limit)
    if done.code != 0:
        raise Failure(f"pip: {done.last_words}")
    job.environment["PYTHONPATH"] = f"{site}:{job.environment['PYTHONPATH']}"
    return {"kind": "wheels", "wheels": [path.name for path in found]}


def usable(job: Job) -> str:
    """Returns why the program in the build folder can't be used here, or an empty text."""
    if not job.binary.is_file():
        return "there is none"
    done = job.program(["doctor", "--json"], 60)
    try:
        machine = json.loads(done.out)["machine"]
    except (ValueError, KeyError):
        return f"it doesn't run here: {done.last_words}"
    return "it is built without CUDA" if job.on_card and not machine["cuda_build"] else ""


def build(job: Job, limit: float) -> dict:
    """Builds with the torch of the measurements' Python if there is no program that runs here. The limit stops ninja;
    what it compiled stays, so that another run goes on from there."""
    reason = usable(job)
    if not reason:
        return {"kind": "build", "built": False, "message": f"{job.binary} is used as it is"}
    if job.arguments.build is not None:
        raise Failure(f"{job.binary}: {reason}")
    done = job.run([job.arguments.python, "-c", TORCH_PREFIX], 60)
    if done.code != 0:
        raise Failure(f"{job.arguments.python} has no torch to build with: {done.last_words}")
    others = job.environment.get("CMAKE_PREFIX_PATH", "")
    job.environment["CMAKE_PREFIX_PATH"] = done.out.strip() + (f":{others}" if others else "")
    script, program = ROOT / "scripts" / "build", ["--target", "zimage-inpaint"]
    done = job.run([script, "--tests", *program, "--target", "gpu"], limit)
    words = "it was built"
    if done.code != 0:  # the program alone is worth much: Catch2 may be missing, or a test doesn't compile
        words += f", but not the gpu tests ({done.last_words})"
        tests_off = [] if (job.build / "build.ninja").is_file() else ["-D", "ZIMAGE_TESTS=OFF"]
        done = job.run([script, *tests_off, *program], limit - done.seconds)
    if done.code != 0:
        raise Failure(f"scripts/build: {done.last_words}")
    return {"kind": "build", "built": True, "message": f"{words}; before, {reason}"}


def doctor(job: Job, limit: float) -> dict:
    """Asks the program what the device is, and whether each of its kernels agrees with libtorch there."""
    done = job.program(["doctor", "--json", "--device", job.arguments.device], limit)
    try:
        report = json.loads(done.out)
    except ValueError:
        raise Failure(f"doctor ended with {done.code}: {done.last_words}") from None
    device = report.get("device") or {}
    about = job.record.about
    about["program"] = f"{report['version']} ({(report['commit'] or 'unknown')[:8]})"
    about["libtorch"], about["cpu"] = report["libtorch"], report["machine"]["cpu"]["name"]
    about["device_name"], about["driver"] = device.get("name") or about.get("device_name"), device.get("driver")
    if done.code != 0:
        problems = [problem["message"] for problem in report.get("problems", [])]
        raise Failure("; ".join(problems) or f"doctor ended with {done.code}")
    figures = {"kind": "doctor", "report": report}
    if not job.on_card:
        return {**figures, "message": f"a run would work on {report['compute']['device']}"}
    if not report["compute"]["device"].startswith("cuda"):
        raise Failure(f"a run would use {report['compute']['device']}")
    kernels = device["kernels"]
    if kernels["absent"] or kernels["failures"] or not 0 < kernels["agree"] == kernels["checked"]:
        raise Failure("own kernels: " + (kernels["absent"] or "; ".join(kernels["failures"]) or "none was checked"))
    return {**figures, "message": f"{kernels['agree']} kernels agree with libtorch"}


def gpu_tests(job: Job, limit: float) -> dict:
    program: Path = job.build / "tests" / "gpu"
    if not program.is_file():
        raise Failure(f"there is no {program}")
    done = job.run([program, *(["-d", "yes"] if job.on_card else [])], limit)
    said = done.out.strip().splitlines()[-1] if done.out.strip() else done.last_words
    if done.code == 77:
        raise (Failure if job.on_card else LeftOut)(said)
    if done.code != 0:
        raise Failure(f"exit {done.code}: {said}")
    return {"kind": "gpu tests", "message": said}


def python_facts(job: Job) -> dict:
    """Returns the versions of the measurements' Python, which needs diffusers."""
    if job.python_facts is None:
        done = job.run([job.arguments.python, "-c", FACTS], 60)
        if done.code != 0:
            raise LeftOut(f"{job.arguments.python} can't import diffusers: {done.last_words}")
        job.python_facts = json.loads(done.out.splitlines()[-1])
        job.record.about["diffusers"] = job.python_facts["diffusers"]
        job.record.about["python_torch"] = job.python_facts["torch"]
    if job.on_card and not job.python_facts["cuda"]:
        raise Failure(f"the torch of {job.arguments.python} sees no card")
    return job.python_facts
