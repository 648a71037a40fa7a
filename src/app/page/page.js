
"use strict";
// Everything can be read without this: it adds the sliders and the filter.

// Lays the picture before over the result, as far as the slider says. A range input has the keyboard's arrows already.
function addSlider(pictures) {
  const before = pictures.querySelector("figure." + pictures.dataset.before + " img");
  const figure = pictures.querySelector("figure.result");
  const frame = figure && figure.querySelector(".frame");
  if (!before || !frame || !frame.querySelector("img")) return;
  const name = pictures.dataset.before === "golden" ? "golden picture" : "picture";
  const over = before.cloneNode();
  over.className = "before";
  over.alt = "";
  over.setAttribute("aria-hidden", "true");
  const edge = document.createElement("div");
  edge.className = "edge";
  edge.hidden = true;
  frame.append(over, edge);

  const label = document.createElement("label");
  label.className = "compare";
  label.textContent = "Slide the " + name + " over it";
  const range = document.createElement("input");
  range.type = "range";
  range.min = 0;
  range.max = 100;
  range.value = 0;
  const show = () => {
    frame.style.setProperty("--at", range.value + "%");
    edge.hidden = range.value === "0" || range.value === "100";
    range.setAttribute("aria-valuetext", range.value + " % " + name);
  };
  range.addEventListener("input", show);
  // A pressed mouse button may also move on the result itself. A finger there scrolls the page.
  frame.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || event.buttons !== 1) return;
    const box = frame.getBoundingClientRect();
    range.value = Math.round(((event.clientX - box.left) / box.width) * 100);
    show();
  });
  over.draggable = false;
  frame.querySelector("img").draggable = false;
  show();
  label.append(range);
  figure.append(label);
}

function addFilter() {
  const status = document.getElementById("status");
  const text = document.getElementById("text");
  const shown = document.getElementById("shown");
  const jobs = Array.from(document.querySelectorAll(".job"), (job) => ({
    job,
    text: job.textContent.toLowerCase(),
  }));
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of jobs) {
      const chosen = !status.value || entry.job.dataset.status === status.value;
      const fits = chosen && words.every((word) => entry.text.includes(word));
      entry.job.hidden = !fits;
      if (fits) count += 1;
    }
    for (const section of document.querySelectorAll("main section")) {
      section.hidden = !section.querySelector(".job:not([hidden])");
    }
    shown.value = count === jobs.length ? "" : count + " of " + jobs.length + " jobs";
  };
  status.addEventListener("change", apply);
  text.addEventListener("input", apply);
  document.querySelector(".filter").hidden = false;
}

addFilter();
document.querySelectorAll(".pictures[data-before]").forEach(addSlider);
