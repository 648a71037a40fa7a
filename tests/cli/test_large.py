"""How much more memory 24-megapixel pictures take than a small picture. bench/large_pictures.py measures the time."""

import json

import pytest

from large_pictures import CASES, SMALL, write_all

MOST_MEMORY_MB = 1500


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    write_all(folder)
    return folder


def report_of(work, folder, name, mask):
    """Runs a job with --json, so that the result is decoded and compared too."""
    result = work.job("--json", "--overwrite", "-o", f"out-{name}", image=folder / name, mask=folder / mask)
    assert result.code == 0, result.err
    return json.loads(result.out)


@pytest.mark.parametrize("case", CASES)
def test_a_large_picture_takes_little_more_memory_than_its_samples(work, pictures, case):
    small = report_of(work, pictures, *SMALL)
    large = report_of(work, pictures, *CASES[case])
    above = large["peak_memory_mb"] - small["peak_memory_mb"]
    print(f"{case}: {above:.0f} MB above a small picture's run")
    # Anything below the samples' own size would mean a wrong measurement.
    assert 70 < above < MOST_MEMORY_MB
    assert large["max_change_outside_mask"] == 0 or CASES[case][0].endswith("jpg")
