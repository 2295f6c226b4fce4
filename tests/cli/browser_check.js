// Looks at a page from within, in a frame: tests/cli/report_page_test.cpp puts it at the end of a
// copy of the page, and the frame's parent gathers what it tells.
(async () => {
  const seen = window.seenErrors;
  const saved = [];
  HTMLAnchorElement.prototype.click = function () { saved.push([this.download, this.href.length]); };
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  await wait(300);
  const figures = [...document.querySelectorAll("figure")];
  const outcome = { figures: figures.length, drawn: 0, toggled: 0, legends: 0, wide: 0 };
  for (const figure of figures) {
    const svg = figure.querySelector(".plot svg");
    if (svg && svg.querySelectorAll(".mark-symbol path, .mark-rect path").length > 0) outcome.drawn++;
    if (svg && svg.getBoundingClientRect().width > figure.getBoundingClientRect().width + 1) outcome.wide++;
    const button = figure.querySelector(".legend button");
    if (!button) continue;
    outcome.legends++;
    const chart = window.esscherReport.charts.find((each) => each.id === figure.id);
    button.click();
    if (button.getAttribute("aria-pressed") === "false" && chart.view.signal("shown")[0] === false) outcome.toggled++;
    button.click();
  }
  const theme = document.getElementById("theme");
  const before = window.esscherReport.theme();
  theme.click();
  await wait(100);
  outcome.repainted = window.esscherReport.theme() !== before &&
    figures.every((figure) => figure.querySelector(".plot").dataset.drawn === window.esscherReport.theme());
  for (const button of document.querySelectorAll(".tools button")) button.click();
  await wait(1500);
  outcome.saved = saved.filter(([, length]) => length > 20).map(([name]) => name).sort();
  outcome.svg = (await window.esscherReport.svg(window.esscherReport.charts[0])).slice(0, 4);
  outcome.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  outcome.loaded = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !/^(blob|data):/.test(name));
  outcome.headings = document.querySelectorAll("h1").length;
  outcome.unnamed = [...document.querySelectorAll("button")].filter((button) => !button.textContent && !button.ariaLabel).length +
    [...document.querySelectorAll("[role=img]")].filter((image) => !image.getAttribute("aria-label")).length;
  outcome.errors = seen;
  parent.postMessage({ frame: location.hash.slice(1), outcome }, "*");
})();
