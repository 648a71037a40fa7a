"""`doctor` agrees with what a run does."""

import json
import shutil
import subprocess

from conftest import MODEL, environment


def doctor(work, *args, **popen):
    done = work.run("doctor", "--json", *args, **popen)
    (line,) = done.out.decode().splitlines()
    return done, json.loads(line)


def test_a_machine_that_works(work):
    done, report = doctor(work, "--device", "cpu", "--threads", "1")
    assert done.code == 0 and report["status"] == "ok" and report["problems"] == []
    assert report["compute"] == {"device": "cpu", "dtype": "fp32", "threads": 1}
    assert report["device"] is None  # which is of a CUDA device
    assert report["model"]["usable"] and report["model"]["source"] == "environment" and report["model"]["demo"]
    assert report["environment"]["ZIMAGE_MODEL"] == str(MODEL) and report["environment"]["NO_COLOR"] is None
    assert report["machine"]["cpu"]["cores"] >= 1 and report["machine"]["memory_bytes"] > 2**28
    assert report["folder"] == {"path": str(work.folder), "writable": True}
    assert {"png", "jpeg", "webp", "bmp", "tiff"} <= set(report["formats"])
    version = work.run("--version").out.decode().splitlines()
    assert version == [f"zimage-inpaint {report['version']}", f"commit {report['commit']}", f"libtorch {report['libtorch']}"]
    assert work.files() == ["mask.png", "picture.png"]


def test_it_reports_what_a_run_uses(work):
    run = work.job("--dry-run", "--json", "--device", "cpu")
    planned = json.loads(run.out)
    _, report = doctor(work, "--device", "cpu")
    assert planned["model"]["device"] == report["compute"]["device"] and planned["model"]["dtype"] == report["compute"]["dtype"]


def test_the_bundled_model(work):
    done, report = doctor(work, env=environment(ZIMAGE_MODEL=None))
    assert done.code == 0 and report["model"]["source"] == "bundled" and report["model"]["demo"]


def test_a_missing_model_exits_4_like_a_run(work):
    done, report = doctor(work, "--model", "nowhere")
    run = work.job("--model", "nowhere")
    assert done.code == run.code == 4 and report["status"] == "error" and not report["model"]["usable"]
    (problem,) = report["problems"]
    assert problem["code"] == "model" and "nowhere" in problem["message"] and problem["hint"]
    assert problem["message"] in run.err


def test_a_damaged_model_and_an_absent_device_are_both_reported(work, model_copy):
    shutil.rmtree(model_copy / "vae")
    done, report = doctor(work, "--model", model_copy, "--device", "cuda:77")
    assert done.code == 2 and report["compute"] is None  # a run would find the device first
    assert [problem["code"] for problem in report["problems"]] == ["usage", "model"]
    assert work.job("--model", model_copy, "--device", "cuda:77").code == 2
    done, report = doctor(work, "--model", model_copy, "--device", "cpu")
    assert done.code == 4 and "vae" in report["problems"][0]["message"]


def test_a_truncated_weight_file(work, model_copy):
    weights = next((model_copy / "transformer").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1000])
    done, report = doctor(work, "--model", model_copy)
    assert done.code == work.job("--model", model_copy).code == 4
    assert weights.name in report["problems"][0]["message"]


def test_a_controlnet_is_checked(work):
    done, report = doctor(work, "--controlnet", MODEL / "controlnet")
    assert done.code == 0 and report["model"]["controlnet"]
    done, report = doctor(work, "--controlnet", work.folder / "picture.png")
    assert done.code == 4 and "picture.png" in report["problems"][0]["message"]


def test_the_report_for_people(work):
    good = work.run("doctor", "--device", "cpu")
    assert good.code == 0 and good.out.decode().endswith("A run would work.\n") and "own kernels" not in good.out.decode()
    bad = work.run("doctor", "--model", "nowhere\x1b[31m")
    text = bad.out.decode()
    assert bad.code == 4 and text.endswith("A run would fail.\n") and "problem: there is no model nowhere" in text and "\x1b" not in text


def test_a_read_only_folder_gives_a_warning(work):
    """Uses /proc, the only place where even root can't write."""
    done = subprocess.run(work.command("doctor", "--json"), cwd="/proc/self", env=environment(), capture_output=True, timeout=60)
    report = json.loads(done.stdout)
    assert done.returncode == 0 and not report["folder"]["writable"] and "not writable" in report["warnings"][0]
