"""An output never takes the place of a file that the run reads, but of its own picture where that is asked for."""

import os

import pytest

from conftest import load


def contents(work):
    return {name: (work.folder / name).read_bytes() for name in work.files()}


ALIASES = {
    "itself": lambda work, name: name,
    "another spelling": lambda work, name: f"./x/../{name}",
    "a hard link": lambda work, name: os.link(work.folder / name, work.folder / "link.png") or "link.png",
    "a symlink": lambda work, name: os.symlink(name, work.folder / "link.png") or "link.png",
}


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("more", [[], ["--overwrite"], ["--skip-existing"]])
def test_a_result_in_the_place_of_the_mask(work, alias, more):
    (work.folder / "x").mkdir()
    output = ALIASES[alias](work, "mask.png")
    before = contents(work)
    refused = work.job("-o", output, *more)
    assert refused.code == 2 and "would replace the file of --mask" in refused.err
    assert contents(work) == before


@pytest.mark.parametrize("option", ["--save-mask", "--save-crop"])
@pytest.mark.parametrize("name", ["picture.png", "mask.png"])
def test_another_output_in_the_place_of_an_input(work, option, name):
    before = contents(work)
    refused = work.job("-o", "out.png", option, name, "--overwrite")
    assert refused.code == 2 and "would replace the file of --" in refused.err
    assert contents(work) == before


def test_a_result_in_the_place_of_other_inputs(work):
    (work.folder / "p.txt").write_text("a door")
    os.link(work.folder / "p.txt", work.folder / "p.png")
    refused = work.run("-i", "picture.png", "-m", "mask.png", "--prompt-file", "p.txt", "-o", "p.png", "--overwrite")
    assert refused.code == 2 and "--prompt-file" in refused.err
    (work.folder / "c.json").write_text("{}")
    os.link(work.folder / "c.json", work.folder / "c.png")
    refused = work.job("-o", "c.png", "--overwrite", mask="c.json:door")
    assert refused.code == 2 and "--mask" in refused.err


def test_a_picture_is_replaced_where_that_is_asked_for(work):
    assert work.job("-o", "picture.png").code == 2
    assert work.job("-o", "picture.png", "--overwrite", "--feather", "0").code == 0
    after = load(work.folder / "picture.png")
    assert (after[~work.hole] == work.pixels[~work.hole]).all() and (after != work.pixels).any()
    replayed = work.run("--replay", "picture.png", "-o", "picture.png", "--overwrite")
    assert replayed.code == 0, replayed.err


def test_a_batchs_results_in_the_place_of_its_masks(work):
    for folder, name in (("in", "picture.png"), ("masks", "mask.png")):
        (work.folder / folder).mkdir()
        os.rename(work.folder / name, work.folder / folder / "a.png")
    before = contents(work)
    finished = work.job("-o", "masks", "--overwrite", image="in", mask="masks")
    assert finished.code == 7 and "would replace the file of --mask" in finished.err
    assert contents(work) == before
