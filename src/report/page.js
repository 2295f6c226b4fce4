// Draws the charts of a page, whose specifications are data, and lets readers look into them.
"use strict";
(() => {
  const root = document.documentElement;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const font = getComputedStyle(document.body).fontFamily;
  const themes = {
    light: { ink: "#1b1f24", muted: "#5b6470", grid: "#e3e6ea", surface: "#ffffff",
      hues: ["#0072B2", "#D55E00", "#009E73", "#AA4499", "#56B4E9", "#B8860B"] },
    dark: { ink: "#e6e9ed", muted: "#a3adb9", grid: "#343a42", surface: "#15181c",
      hues: ["#56B4E9", "#F0803C", "#2FC49A", "#DD7FC8", "#9AD0F5", "#E6B422"] },
  };
  const symbols = ["M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0", "M-3.5,-3.5h7v7h-7Z", "M0,-4.5L4.2,3.2H-4.2Z",
    "M0,-5L4,0L0,5L-4,0Z", "M-4,-1.5h2.5v-2.5h3v2.5h2.5v3h-2.5v2.5h-3v-2.5h-2.5Z", "M0,4.5L4.2,-3.2H-4.2Z"];

  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  const theme = () => chosen || (prefersDark.matches ? "dark" : "light");

  function config(colours, size) {
    const axis = { labelColor: colours.muted, titleColor: colours.muted, gridColor: colours.grid,
      domainColor: colours.muted, tickColor: colours.muted, labelFont: font, titleFont: font, labelFontSize: size,
      titleFontSize: size, titleFontWeight: "normal", titlePadding: 8, labelPadding: 4, tickSize: 4, gridOpacity: 1 };
    return { axis, axisLeft: { domain: false, ticks: false }, group: { stroke: null }, text: { font },
      legend: { labelColor: colours.ink, labelFont: font, labelFontSize: size, titleColor: colours.muted },
      title: { color: colours.ink, font, subtitleFont: font, subtitleColor: colours.muted }, background: null };
  }

  // A title that is too long for one line, on several.
  function lines(text, width) {
    const result = [""];
    for (const word of text.split(" ")) {
      const last = result.length - 1;
      if ((result[last] + " " + word).length * 7.4 > width && result[last]) result.push(word);
      else result[last] += (result[last] ? " " : "") + word;
    }
    return result;
  }

  function view(chart, options) {
    const spec = JSON.parse(JSON.stringify(chart.spec));
    const colours = themes[options.theme];
    for (const signal of spec.signals) {
      if (signal.name in colours) signal.value = colours[signal.name];
      if (signal.name === "shown") signal.value = chart.shown;
    }
    spec.width = options.width;
    if (options.alone) {
      spec.title.text = lines(spec.title.text, options.width);
      spec.background = colours.surface;
      spec.padding = 14;
      const above = 17 * spec.title.text.length + 12 + (spec.legends ? 22 * Math.ceil(chart.series.length * 230 / options.width) : 0);
      spec.height += above;
    } else {
      delete spec.title;
      if (chart.series.length) delete spec.legends;
    }
    const runtime = vega.parse(spec, config(colours, options.width < 420 ? 11 : 12));
    return new vega.View(runtime, { renderer: options.renderer || "svg", logLevel: vega.Warn });
  }

  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);

  const number = (value) => {
    if (typeof value !== "number") return String(value);
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(2);
    return String(Number(value.toPrecision(4)));
  };

  function tipLines(chart, datum) {
    const rows = [];
    if (datum.series) rows.push([datum.series, ""]);
    if ("x" in datum) {
      rows.push([chart.x, number(datum.x)]);
      const interval = "low" in datum ? ` [${number(datum.low)}, ${number(datum.high)}]` : "";
      rows.push([chart.y, number(datum.y) + interval]);
    } else if ("value" in datum) {
      rows.push([[datum.row, datum.column].filter((part) => part).join(" at "), number(datum.value)]);
    } else {
      rows.push([datum.row, `${number(datum.low)} to ${number(datum.high)}`]);
    }
    if (datum.note) rows.push([datum.note, ""]);
    return rows;
  }

  function showTip(chart, event, datum) {
    if (!datum) { tip.hidden = true; return; }
    tip.replaceChildren();
    for (const [name, value] of tipLines(chart, datum)) {
      const line = document.createElement("div");
      line.textContent = value === "" ? name : name + ": ";
      if (value !== "") {
        const strong = document.createElement("b");
        strong.textContent = value;
        line.append(strong);
      }
      tip.append(line);
    }
    tip.hidden = false;
    const x = Math.min(event.pageX + 14, root.clientWidth + scrollX - tip.offsetWidth - 8);
    tip.style.left = Math.max(8, x) + "px";
    tip.style.top = event.pageY + 16 + "px";
  }

  // On paper the page's width is not yet known: figures are drawn for half and whole columns of it.
  let printing = false;
  function widthOf(chart) {
    if (printing) return chart.figure.closest(".figures") ? 340 : 700;
    return Math.max(240, Math.floor(chart.figure.querySelector(".plot").clientWidth));
  }

  function draw(chart, name) {
    const plot = chart.figure.querySelector(".plot");
    if (chart.view) chart.view.finalize();
    chart.width = widthOf(chart);
    chart.view = view(chart, { theme: name, width: chart.width });
    chart.view.initialize(plot).hover();
    chart.view.tooltip((handler, event, item, value) => showTip(chart, event, value));
    chart.view.run();
    plot.dataset.drawn = name;
  }

  function legend(chart, name) {
    const place = chart.figure.querySelector(".legend");
    if (chart.series.length < 2) return;
    place.replaceChildren();
    chart.series.forEach((series, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.setAttribute("aria-pressed", String(chart.shown[i]));
      const colour = themes[name].hues[i % 6];
      button.innerHTML = `<svg width="26" height="12" viewBox="-13 -6 26 12" aria-hidden="true"><path d="M-12,0H12" stroke="${colour}" stroke-width="2" ${series.dashed ? 'stroke-dasharray="5 4"' : ""}/><path d="${symbols[i % 6]}" fill="${colour}"/></svg>`;
      button.append(series.name);
      button.addEventListener("click", () => {
        chart.shown = chart.shown.map((shown, k) => (k === i ? !shown : shown));
        button.setAttribute("aria-pressed", String(chart.shown[i]));
        chart.view.signal("shown", chart.shown).run();
      });
      place.append(button);
    });
  }

  function save(name, type, content) {
    const link = document.createElement("a");
    link.download = name;
    link.href = typeof content === "string" && content.startsWith("data:")
      ? content : URL.createObjectURL(new Blob([content], { type }));
    document.body.append(link);
    link.click();
    link.remove();
    if (link.href.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  const cell = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const csv = (chart) => chart.table.map((row) => row.map(cell).join(",") + "\n").join("");
  const alone = (chart, renderer) => view(chart, { theme: theme(), width: 760, alone: true, renderer });
  const svg = (chart) => alone(chart, "none").toSVG();

  function tools(chart) {
    const place = chart.figure.querySelector(".tools");
    const add = (label, action) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.setAttribute("aria-label", `Save as ${label}: ${chart.figure.querySelector("h3").textContent}`);
      button.addEventListener("click", action);
      place.append(button);
    };
    add("SVG", async () => save(chart.id + ".svg", "image/svg+xml", await svg(chart)));
    add("PNG", async () => save(chart.id + ".png", "image/png", await alone(chart, "none").toImageURL("png", 2)));
    add("CSV", () => save(chart.id + ".csv", "text/csv", csv(chart)));
  }

  function paint(name) {
    tip.hidden = true;
    for (const chart of charts) {
      legend(chart, name);
      draw(chart, name);
    }
  }

  const toggle = document.getElementById("theme");
  function label() { toggle.textContent = theme() === "dark" ? "Light page" : "Dark page"; }
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    chosen = theme() === "dark" ? "light" : "dark";
    root.dataset.theme = chosen;
    label();
    paint(theme());
  });
  prefersDark.addEventListener("change", () => { if (!chosen) { label(); paint(theme()); } });

  for (const chart of charts) {
    chart.figure = document.getElementById(chart.id);
    chart.shown = chart.spec.signals.find((signal) => signal.name === "shown").value;
    tools(chart);
  }
  label();
  paint(theme());
  const resized = new ResizeObserver(() => {
    for (const chart of charts) {
      if (Math.abs(widthOf(chart) - chart.width) > 1) draw(chart, printing ? "light" : theme());
    }
  });
  resized.observe(document.querySelector("main"));
  addEventListener("beforeprint", () => { printing = true; paint("light"); });
  addEventListener("afterprint", () => { printing = false; paint(theme()); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  // For the tests, and for whoever wants more of the data.
  window.esscherReport = { charts, svg, csv, theme };
})();
