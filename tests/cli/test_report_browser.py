"""Looks at the page of `report` in a headless browser: narrow, wide, dark, printed, without scripts, by keyboard."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from browser import Browser, find_browser
from conftest import Work
from report_page import EDGE, make_runs

RIGHT, END, TAB = ("ArrowRight", 39), ("End", 35), ("Tab", 9)

#: Returns the smallest contrast (WCAG 2) of any text with what is behind it, and the text.
CONTRAST = """(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => parse(color).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if ((parse(color)[3] ?? 1) === 1) return color;
    }
    return "rgb(255, 255, 255)";
  };
  let worst = [99, ""];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (["SCRIPT", "STYLE", "OPTION"].includes(element.tagName)) continue;
    if (!node.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < worst[0]) worst = [contrast, node.data.trim()];
  }
  return worst;
})()"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    work = Work(tmp_path_factory.mktemp("runs"))
    make_runs(work)
    made = work.run("report", "report.jsonl")
    assert made.code == 0, made.err
    work.page = work.folder / "report.html"
    return work


@pytest.fixture(scope="module")
def browser():
    if find_browser() is None:
        assert not os.environ.get("CI"), "there is no browser; scripts/setup --test installs one"
        pytest.skip("there is no browser of Chromium's kind")
    with Browser() as opened:
        yield opened


@pytest.fixture(autouse=True)
def quiet(browser):
    """Nothing is refused by the page's own policy, fails in a script, or leaves the page."""
    yield
    assert browser.complaints() == []


def columns(browser):
    """Returns how many pictures of the job with a golden picture are side by side."""
    return browser.run("""(() => {
      const figures = document.querySelectorAll('[data-status=differs] figure');
      const tops = Array.from(figures, (figure) => figure.getBoundingClientRect().top);
      return tops.filter((top) => top === tops[0]).length;
    })()""")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width, side_by_side", [(1280, 4), (380, 1)])
def test_the_layout(runs, browser, tmp_path, width, side_by_side, dark):
    browser.open(runs.page, width=width, dark=dark)
    assert columns(browser) == side_by_side
    assert browser.run("document.documentElement.scrollWidth") == width
    assert browser.run("Array.from(document.images, (i) => i.naturalWidth > 0).every(Boolean)")
    browser.screenshot(tmp_path / "page.png")
    shown = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int)
    assert shown.shape[1] == width
    assert (np.abs(shown - EDGE).max(axis=2) <= 2).sum() > 1000  # the mask's edge
    assert (shown[0, 0].max() < 64) if dark else (shown[0, 0].min() > 192)
    contrast, text = browser.run(CONTRAST)
    assert contrast >= 4.5, text


def slider(browser):
    return browser.run("""(() => {
      const job = document.querySelector('.job[data-status=differs]');
      const over = job.querySelector('.result .before');
      return [job.querySelector('input[type=range]').getAttribute('aria-valuetext'), getComputedStyle(over).clipPath,
              over.src === job.querySelector('.golden img').src];
    })()""")


def test_the_slider_by_keyboard(runs, browser):
    browser.open(runs.page)
    assert slider(browser) == ["0 % golden picture", "inset(0px 100% 0px 0px)", True]
    for _ in range(40):
        browser.press(*TAB)
        if browser.run("document.activeElement.type") == "range":
            break
    assert browser.run("document.activeElement.closest('article').dataset.status") == "differs"
    assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press(*RIGHT)
    browser.press(*RIGHT)
    assert slider(browser)[:2] == ["2 % golden picture", "inset(0px 98% 0px 0px)"]
    browser.press(*END)
    assert slider(browser)[0] == "100 % golden picture"


def test_the_first_tab_skips_to_the_jobs(runs, browser):
    browser.open(runs.page)
    browser.press(*TAB)
    assert browser.run("document.activeElement.className") == "skip"
    assert browser.run("document.activeElement.getBoundingClientRect().left") >= 0


def test_the_filter(runs, browser):
    browser.open(runs.page)
    shown = "Array.from(document.querySelectorAll('.job:not([hidden]) h3'), (h) => h.textContent)"
    assert len(browser.run(shown)) == 4
    for name, event, value, found in [("status", "change", "failed", ["p0002.png"]), ("status", "change", "", None),
                                      ("text", "input", "P0003 7", ["p0003.png"])]:  # fmt: skip
        browser.run(f"(() => {{ const e = document.getElementById('{name}'); e.value = '{value}';"
                    f"e.dispatchEvent(new Event('{event}')); }})()")  # fmt: skip
        assert found is None or browser.run(shown) == found
    assert browser.run("document.getElementById('shown').value") == "1 of 4 jobs"
    assert browser.run("document.getElementById('failed').hidden")


def test_large_pictures_need_no_script(runs, browser):
    for scripts in (True, False):
        browser.open(runs.page, scripts=scripts)
        browser.send("Emulation.setScriptExecutionDisabled", value=False)  # so that it can be asked
        assert browser.run("document.querySelectorAll('input[type=range]').length") == (3 if scripts else 0)
        assert browser.run("document.querySelector('.filter').checkVisibility()") == scripts
        assert browser.run("document.querySelector('.result img').checkVisibility()")
        before = browser.run("document.querySelector('.result img').getBoundingClientRect().width")
        browser.run("document.getElementById('large').click()")
        assert columns(browser) == 1
        assert browser.run("document.querySelector('.result img').getBoundingClientRect().width") > 2 * before


def test_print_has_no_controls(runs, browser):
    browser.open(runs.page, media="print", dark=True)
    assert not browser.run("document.querySelector('.tools').checkVisibility()")
    assert not browser.run("document.querySelector('.compare').checkVisibility()")
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    contrast, text = browser.run(CONTRAST)
    assert contrast >= 4.5, text


def test_a_prompt_runs_nothing(browser, work):
    nasty = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"
    line = {"status": "error", "prompt": nasty, "image": "picture.png", "mask": "mask.png", "error": {"message": nasty}}
    (work.folder / "nasty.jsonl").write_text(json.dumps(line) + "\n")
    assert work.run("report", "nasty.jsonl").code == 0
    browser.open(work.folder / "nasty.html")
    assert browser.run("document.title") == "nasty.jsonl – inpainting report"
    assert browser.run("document.querySelector('.prompt').textContent") == nasty
