// The Train tab's live board: status line, curves, generated beside real pictures.
import { Chart } from "./chart.js";
import { decode, drawSheet } from "./pictures.js";
import { drawPlane } from "./plane.js";
import { subscribe } from "./stream.js";
import { element, number, say, setText, tell } from "./text.js";

const DISCRIMINATOR = "#e8702a";
const GENERATOR = "#3b82f6";
const { columns: COLUMNS } = window.ganStudioData;
const SMOOTHING_KEY = "gan-studio-smoothing";
const MOST_LABELS = 6;
const CURVES_MS = 600;

const CHARTS = [
  { name: "losses", keys: { d_loss: ["series.discriminator", DISCRIMINATOR], g_loss: ["series.generator", GENERATOR] } },
  {
    name: "probabilities",
    range: [0, 1],
    keys: { d_real: ["series.real", DISCRIMINATOR], d_fake: ["series.fake", GENERATOR] },
  },
  {
    name: "gradients",
    keys: { d_gradient: ["series.discriminator", DISCRIMINATOR], g_gradient: ["series.generator", GENERATOR] },
  },
  { name: "speed", keys: { images_per_second: ["series.speed", "#10a37f"] } },
];

const clock = (seconds) => {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part) => String(part).padStart(2, "0")).join(":");
};

const shortName = (key) => say(`field.${key}`);
const changeText = (key, [, after]) => `${shortName(key)} → ${after}`;

class Board extends HTMLElement {
  connectedCallback() {
    this.drawnAt = 0;
    this.changed = new Set(); // fields whose controls show what the run had before
    this.build();
    this.unsubscribe = subscribe((known, online) => this.receive(known, online));
    // Colours are baked into the canvases: draw again when the page turns dark or light.
    this.themeWatch = new MutationObserver(() => {
      this.charts.forEach((chart) => chart.plot && chart.build());
      this.drawn = undefined;
      this.draw();
    });
    this.themeWatch.observe(document.body, { attributeFilter: ["class"] });
    this.sightWatch = new IntersectionObserver(() => this.draw());
    this.sightWatch.observe(this);
  }

  disconnectedCallback() {
    this.unsubscribe();
    this.themeWatch.disconnect();
    this.sightWatch.disconnect();
  }

  build() {
    this.facts = {};
    const fact = (name) => {
      this.facts[name] = element("b", { "data-fact": name }, "–");
      return element("span", { class: "fact" }, this.facts[name], element("small", {}, say(`status.${name}`)));
    };
    this.badge = element("span", { class: "badge", role: "status", "data-state": "empty" }, say("state.empty"));
    this.fault = element("p", { class: "fault", role: "alert", hidden: "" });
    const facts = ["step", "epoch", "time", "speed", "device", "viewers"].map(fact);
    const status = element("div", { class: "status" }, this.badge, ...facts);
    this.edits = element("p", { class: "edits" });
    this.formulas = element("p", { class: "formulas" });
    const curves = element("section", { class: "curves" }, this.buildTools());
    this.samples = element("canvas", { class: "sheet", "data-sheet": "samples", width: 224, height: 224 });
    const key = (color, name) => element("span", {}, element("i", { style: `background:${color}` }), ` ${say(name)}`);
    const legend = element("p", { class: "plane-key" }, key(DISCRIMINATOR, "plane.real"), key(GENERATOR, "plane.fake"), say("plane.surface"));
    this.real = element("canvas", { class: "sheet", "data-sheet": "real", width: 448, height: 112 });
    const pictures = element(
      "section",
      { class: "pictures" },
      this.captioned(this.samples, say("grid.samples"), say("grid.samples.info")),
      legend,
      this.captioned(this.real, say("grid.real"), ""),
      this.formulas,
    );
    this.replaceChildren(status, this.fault, element("div", { class: "live" }, curves, pictures));
    this.charts = CHARTS.map((chart) => this.buildChart(curves, chart));
    curves.append(this.edits);
  }

  captioned(canvas, title, info) {
    Object.assign(canvas, { role: "img", ariaLabel: title });
    const caption = element("figcaption", {}, element("b", {}, title), " ", element("small", {}, info));
    return element("figure", {}, caption, canvas);
  }

  buildTools() {
    const value = localStorage.getItem(SMOOTHING_KEY) ?? "0.6";
    this.smoothing = element("input", { type: "range", min: 0, max: 0.98, step: 0.02, value, "data-smoothing": "" });
    this.smoothing.addEventListener("input", () => {
      localStorage.setItem(SMOOTHING_KEY, this.smoothing.value);
      this.drawCurves();
    });
    return element("label", { class: "tools" }, say("chart.smoothing"), this.smoothing);
  }

  buildChart(parent, { name, keys, range }) {
    const frame = element("div", { class: "chart", role: "img", "aria-label": say(`chart.${name}`), "data-chart": name });
    const caption = element("figcaption", {}, element("b", {}, say(`chart.${name}`)));
    parent.append(element("figure", {}, caption, frame));
    const series = Object.entries(keys).map(([key, [label, color]]) => ({ key, label: say(label), color }));
    return new Chart(frame, caption, { unit: say(`chart.${name}.unit`), series, range });
  }

  receive(known, online) {
    this.known = known;
    this.refreshControls(known.config);
    this.online = online;
    this.draw();
  }

  draw() {
    const { known } = this;
    if (!known || document.hidden || this.clientWidth === 0) return; // drawn when it is looked at again
    this.drawPictures();
    // Numbers and curves change little from one snapshot to the next; drawing them costs the training time.
    // Every third time is enough, in the same frame as the pictures; the timer is for the last one before a pause.
    clearTimeout(this.later);
    const due = known.state !== "running" || performance.now() - this.drawnAt > CURVES_MS;
    if (due) this.drawNumbers();
    else this.later = setTimeout(() => this.drawNumbers(), 2 * CURVES_MS);
  }

  drawNumbers() {
    this.drawnAt = performance.now();
    this.showStatus(this.known, this.online);
    if (this.known.published === this.curvesOf) return;
    this.curvesOf = this.known.published;
    this.drawCurves();
  }

  showStatus(known, online) {
    const state = online ? known.state : "offline";
    this.badge.dataset.state = state;
    document.body.dataset.run = known.state; // the style sheet shows the buttons that make sense
    setText(this.badge, say(`state.${state}`));
    setText(this.facts.step, number.format(known.step));
    setText(this.facts.epoch, known.epoch.toFixed(2));
    setText(this.facts.time, clock(known.seconds));
    setText(this.facts.speed, known.speed ? number.format(known.speed) : "–");
    setText(this.facts.device, known.device ? `${known.device}, ${known.precision}` : "–");
    setText(this.facts.viewers, String(known.viewers));
    if (this.formulas.textContent !== known.losses.join("")) {
      this.formulas.replaceChildren(...known.losses.map((line) => element("code", {}, line)));
    }
    this.fault.hidden = !known.message;
    this.fault.classList.toggle("remark", known.state !== "failed"); // such as files that were skipped
    setText(this.fault, known.message ? tell(known.message) : "");
  }

  drawCurves() {
    const { known } = this;
    if (!known) return;
    const columns = Object.fromEntries(COLUMNS.map((name, index) => [name, known.points.map((point) => point[index])]));
    const edits = known.events.filter(({ kind }) => kind === "edit" || kind === "fault");
    const label = ({ detail, kind }, index) =>
      index < edits.length - MOST_LABELS || kind === "fault" ? "" : Object.entries(detail).map((e) => changeText(...e)).join(", ");
    const weight = Number(this.smoothing.value);
    this.charts.forEach((chart, index) => {
      const markers = edits.map((event, i) => ({ step: event.step, text: index === 0 ? label(event, i) : "" }));
      chart.show(columns, markers, weight);
    });
    this.showEdits(edits);
  }

  showEdits(edits) {
    this.edits.dataset.count = edits.length;
    const lines = edits.slice(-4).map(({ step, kind, detail }) => {
      const what = kind === "fault" ? tell(detail.words ?? { error: detail.reason }) : Object.entries(detail).map((e) => changeText(...e)).join(", ");
      return say("chart.edit", { step: number.format(step), what });
    });
    setText(this.edits, lines.length ? `${say("chart.edits")}: ${lines.join("; ")}` : "");
  }

  async drawPictures() {
    const { grid, real, run, published } = this.known;
    this.classList.toggle("points", Boolean(grid?.points));
    if (grid?.points) {
      this.drawPlane();
      return;
    }
    if (real && this.realOf !== run) {
      this.realOf = run;
      drawSheet(this.real, await decode(real.png));
    }
    if (!grid || this.drawn === published) return;
    this.drawn = published;
    const bitmap = await decode(grid.png);
    if (this.drawn !== published) return; // a newer one is on its way
    drawSheet(this.samples, bitmap);
    this.samples.dataset.step = this.known.step;
    this.samples.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: { published } }));
  }

  // Real and generated points in one picture, over what the discriminator believes.
  drawPlane() {
    const { grid, real, surface, published, step } = this.known;
    if (this.drawn === published) return;
    this.drawn = published;
    this.realOf = undefined;
    drawPlane(this.samples, surface, [
      [real?.points ?? [], DISCRIMINATOR],
      [grid.points, GENERATOR],
    ]);
    this.samples.dataset.step = step;
    this.samples.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: { published } }));
  }

  // Another visitor changed the run: let Gradio fetch the values of what was changed again. All else may be what this
  // visitor prepares for the next start.
  refreshControls(config) {
    const before = this.config;
    this.config = config;
    if (before === undefined || !config) return;
    const differs = (name) => JSON.stringify(config[name]) !== JSON.stringify(before?.[name]);
    const names = Object.keys(config).filter(differs);
    names.forEach((name) => this.changed.add(name));
    if (names.length) this.refreshSoon();
  }

  refreshSoon() {
    clearTimeout(this.refreshing);
    this.refreshing = setTimeout(() => document.querySelector("#refresh-controls")?.click(), 300 * Math.random());
  }

  // The names of what was changed, for Gradio. What is being edited has to wait until its control is left.
  takeChanged() {
    const control = document.activeElement?.closest("[id^=field-]");
    const names = [...this.changed].filter((name) => control?.id !== `field-${name}`);
    names.forEach((name) => this.changed.delete(name));
    if (this.changed.size) control.addEventListener("focusout", () => this.refreshSoon(), { once: true });
    return names.join(" ");
  }
}

customElements.define("gan-board", Board);
