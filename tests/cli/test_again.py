"""Running the same command again: the same bytes, metadata, --replay and --skip-existing."""

import json
import shutil
import socket

import numpy as np
from PIL import Image

from conftest import environment, load


def text_of(path):
    with Image.open(path) as picture:
        picture.load()
        return dict(picture.text)


def test_the_same_command_gives_the_same_bytes_wherever_they_go(work):
    (work.folder / "other place").mkdir()
    work.job("-o", "a.png")
    work.job("-o", "other place/b.png")
    work.job("-o", "c.png", "--progress", "json", "-v", "--json")
    first = (work.folder / "a.png").read_bytes()
    assert first == (work.folder / "other place" / "b.png").read_bytes()
    assert first == (work.folder / "c.png").read_bytes()


def test_another_seed_gives_another_picture(work):
    work.job("-o", "a.png")
    work.job("-o", "b.png", "--seed", "8")
    assert not np.array_equal(load(work.folder / "a.png"), load(work.folder / "b.png"))


def test_metadata(work):
    work.job("-o", "secret-name.png", prompt='a "door"\nin 門')
    text = text_of(work.folder / "secret-name.png")
    assert text["parameters"].startswith('a "door"\nin 門\nSteps: 2, Sampler: res_multistep')
    making = json.loads(text["zimage-inpaint"])
    assert making["options"]["seed"] == 7 and making["options"]["prompt"] == 'a "door"\nin 門'
    assert len(making["hashes"]["image"]["sha256"]) == 64 and making["hashes"]["model"]
    everything = json.dumps(text)
    assert "secret-name" not in everything and socket.gethostname() not in everything.split('"')


def test_no_metadata(work):
    work.job("--no-metadata")
    assert text_of(work.folder / "picture-inpainted.png") == {}


def test_replay(work):
    work.job("-o", "first.png", "--strength", "0.9", "--sampler", "euler", "--guidance-scale", "1.5",
             "--negative-prompt", "blur", prompt="ein Haus, 門")
    result = work.run("--replay", "first.png", "-o", "second.png")
    assert result.code == 0, result.err
    assert "warning: the" not in result.err
    assert (work.folder / "first.png").read_bytes() == (work.folder / "second.png").read_bytes()


def test_options_win_over_a_replay(work):
    work.job("-o", "first.png")
    result = work.run("--replay", "first.png", "-o", "second.png", "--seed", "11", "--json")
    report = json.loads(result.out)
    assert report["seed"] == 11 and report["steps"] == 2 and report["prompt"] == "a door"


def test_a_replay_warns_about_changed_inputs(work):
    work.job("-o", "first.png")
    work.save_mask(work.hole[::-1], "mask.png")
    result = work.run("--replay", "first.png", "-o", "second.png")
    assert result.code == 0 and "warning: the mask is not the one that was used" in result.err


def test_a_replay_from_another_folder_finds_the_inputs_beside_it(work):
    work.job("-o", "first.png")
    moved = work.folder / "moved"
    moved.mkdir()
    for name in ("picture.png", "mask.png", "first.png"):
        shutil.move(work.folder / name, moved / name)
    result = work.run("--replay", "moved/first.png", "-o", "second.png")
    assert result.code == 0, result.err
    assert np.array_equal(load(work.folder / "second.png"), load(moved / "first.png"))


def test_skip_existing(work):
    assert work.job("--skip-existing").code == 0
    output = work.folder / "picture-inpainted.png"
    before = output.stat().st_mtime_ns
    again = work.job("--skip-existing", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["status"] == "skipped"
    assert json.loads(again.out)["output"] == "picture-inpainted.png"
    assert work.job("--skip-existing").out == b"picture-inpainted.png\n"
    assert output.stat().st_mtime_ns == before


def test_skip_existing_without_a_seed_accepts_any(work):
    args = ["-i", "picture.png", "-m", "mask.png", "-p", "a door", "--steps", "2", "--skip-existing", "--json"]
    assert json.loads(work.run(*args).out)["status"] == "ok"
    assert json.loads(work.run(*args).out)["status"] == "skipped"


def test_skip_existing_refuses_results_of_other_options(work):
    work.job()
    other = work.job("--skip-existing", "--steps", "3")
    assert other.code == 2 and "other parameters" in other.err
    redone = work.job("--skip-existing", "--steps", "3", "--overwrite", "--json")
    assert redone.code == 0 and json.loads(redone.out)["status"] == "ok"
    (work.folder / "picture-inpainted.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    damaged = work.job("--skip-existing")
    assert damaged.code == 2 and "not a whole picture" in damaged.err


def test_skip_existing_does_not_compare_how_a_path_is_spelt(work):
    assert work.job("-o", "a.png").code == 0
    (work.folder / "elsewhere").mkdir()
    again = ["-o", work.folder / "a.png", "--skip-existing", "--json"]
    for image, mask in (("./picture.png", "mask.png"), (work.folder / "picture.png", "elsewhere/../mask.png")):
        same = work.job(*again, image=image, mask=mask)
        assert same.code == 0, same.err
        assert json.loads(same.out)["status"] == "skipped"
    elsewhere = work.job(*again, image="../picture.png", mask="../mask.png", cwd=work.folder / "elsewhere")
    assert elsewhere.code == 0, elsewhere.err
    shutil.copy(work.folder / "picture.png", work.folder / "renamed.png")
    assert json.loads(work.job(*again, image="renamed.png").out)["status"] == "skipped"
    work.save_mask(work.hole[::-1], "other.png")
    other = work.job(*again, mask="other.png")
    assert other.code == 2 and "made with other parameters (--mask)" in other.err


def test_skip_existing_compares_the_numbers_of_shapes(work):
    assert work.job("-o", "a.png", mask="rect:1,1,20,20").code == 0
    again = ["-o", "a.png", "--skip-existing"]
    assert "skipped" in work.job(*again, mask="rect:1.0, 1,20,20").err
    other = work.job(*again, mask="rect:1,1,20,21")
    assert other.code == 2 and "made with other parameters (--mask)" in other.err


def test_skip_existing_names_at_most_three_options_that_differ(work):
    work.job("-o", "a.png")
    seed = work.job("-o", "a.png", "--skip-existing", "--seed", "8")
    assert seed.code == 2 and "made with other parameters (--seed)" in seed.err
    others = ["--seed", "8", "--steps", "3", "--feather", "9", "--mask-grow", "1"]
    many = work.job("-o", "a.png", "--skip-existing", *others)
    assert many.code == 2 and "(--feather, --mask-grow, --seed and 1 more)" in many.err


def test_skip_existing_makes_what_is_missing(work):
    assert work.job("--num-images", "2").code == 0
    (work.folder / "picture-inpainted-0.png").unlink()
    lines = work.job("--num-images", "3", "--skip-existing", "--json").out.splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["ok", "skipped", "ok"]


def test_stale_temporaries_are_removed(work):
    host = socket.gethostname()
    stale = work.folder / f".picture-inpainted.png.{host}-999999999.part"
    stale.write_bytes(b"left by a dead process")
    foreign = work.folder / ".picture-inpainted.png.another-host-1.part"
    foreign.write_bytes(b"perhaps still being written")
    assert work.job(env=environment()).code == 0
    assert not stale.exists() and foreign.exists()
