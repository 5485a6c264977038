// What a search for a latent has found so far: pictures, errors and their curve.
import { button } from "./controls.js";
import { Chart } from "./chart.js";
import { goTo, keep } from "./latents.js";
import { decode, drawCells, drawSheet } from "./pictures.js";
import { element, number, say, setText } from "./text.js";

const short = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));

export class Found {
  constructor() {
    this.size = 0;
    this.step = -1;
    this.chosen = 0;
    this.status = element("p", { class: "find-status" }, say("find.not_yet"));
    this.bar = element("div", { class: "track" }, element("i"));
    this.seen = element("canvas", { class: "sheet", width: 28, height: 28, "data-sheet": "seen" });
    this.best = element("canvas", { class: "sheet", width: 28, height: 28, "data-sheet": "best" });
    this.whole = element("canvas", { class: "sheet", width: 28, height: 28, "data-sheet": "composite" });
    const figure = (title, canvas) => {
      const note = element("small", {});
      return Object.assign(element("figure", {}, element("figcaption", {}, element("b", {}, title)), canvas, note), { note });
    };
    this.figures = { seen: figure(say("find.seen"), this.seen), best: figure(say("find.best"), this.best), whole: figure(say("find.composite"), this.whole) };
    this.figures.whole.hidden = true;
    this.keepButton = button("keep", say("find.keep"), () => keep(this.z[this.chosen], this.name(), this.label() ?? undefined));
    this.goButton = button("go", say("find.go"), () => goTo(this.z[this.chosen], this.label()));
    this.actions = element("div", { class: "tools", hidden: "" }, this.keepButton, this.goButton);
    const caption = element("figcaption", {}, element("b", {}, say("find.curve")));
    const plot = element("div", { class: "chart" });
    const series = [
      { key: "best", label: say("find.curve.best"), color: "#3b82f6" },
      { key: "median", label: say("find.curve.median"), color: "#e8702a" },
    ];
    this.chart = new Chart(plot, caption, { unit: say("find.curve.unit"), series, dots: true });
    this.all = element("div", { class: "find-all" });
    const curve = element("figure", { class: "find-curve" }, caption, plot);
    const top = element("div", { class: "find-pictures" }, ...Object.values(this.figures));
    const rest = element("section", {}, element("b", {}, say("find.all")), this.all);
    this.body = element("div", { class: "find-right curves" }, this.status, this.bar, top, this.actions, rest, curve);
  }

  clear([, height, width]) {
    this.all.replaceChildren();
    this.actions.hidden = true;
    this.last = null;
    for (const canvas of [this.seen, this.best, this.whole]) Object.assign(canvas, { width, height });
    for (const { note } of Object.values(this.figures)) setText(note, "");
    setText(this.status, say("find.not_yet"));
  }

  begin(about, typical, task, easel) {
    Object.assign(this, { about, typical, task, easel, step: -1, chosen: 0 });
    this.clear(about.shape);
    this.figures.whole.hidden = task !== "fill";
  }

  label() {
    return this.last?.labels ? this.last.labels[this.chosen] : null;
  }

  name() {
    const label = this.label();
    const about = label === null ? (this.typical?.name ?? "") : this.about.classes[label];
    return about ? `≈ ${about}` : "";
  }

  async show(progress) {
    this.bar.firstChild.style.width = `${(100 * Math.max(progress.step, 0)) / progress.steps}%`;
    if (progress.pictures) await this.take(progress);
    this.actions.hidden = !this.last || progress.state === "running" || progress.state === "waiting";
    setText(this.status, this.describe(progress));
    const [step, best, median] = [0, 1, 2].map((column) => progress.curve.map((point) => point[column]));
    const level = this.task === "find" && this.typical && { value: this.typical.value, text: this.sayTypical("find.typical") };
    this.chart.show({ step, best, median }, [], 0, level);
  }

  // How far apart two real pictures are: of one class where there are classes.
  sayTypical(key) {
    const { name, value } = this.typical;
    return say(name ? key : `${key}.any`, { class: name, typical: short(value) });
  }

  describe({ state, step, steps, seconds, weights }) {
    if (state === "waiting" || (state === "running" && !this.last)) return say("find.waiting");
    const about = { step: number.format(step), steps: number.format(steps), seconds: seconds.toFixed(1), weights: number.format(weights) };
    if (state === "running") return say("find.running", about);
    if (state === "failed" || !this.last) return say("find.not_yet");
    const text = say(state === "done" ? "find.done" : "find.stopped", { ...about, error: short(this.last.errors[0]) });
    if (this.task !== "find") return `${text} ${say("find.whole", { error: short(this.last.off[0]) })}`;
    if (!this.typical) return text;
    return `${text} ${this.sayTypical("find.compared")}`;
  }

  async take(progress) {
    this.step = progress.step;
    this.last = progress;
    this.z = progress.z;
    this.sheet = await decode(progress.pictures);
    this.composites = progress.composites && (await decode(progress.composites));
    drawSheet(this.seen, this.task === "fill" ? this.easel.canvas : await decode(progress.seen));
    setText(this.figures.seen.note, progress.seen_off > 0 ? say("find.off", { error: short(progress.seen_off) }) : "");
    this.showAll(progress);
    this.pick(Math.min(this.chosen, progress.z.length - 1));
  }

  showAll({ errors, restarts, labels }) {
    const figures = errors.map((error, index) => {
      const canvas = element("canvas", { class: "sheet", title: say("find.restart", { number: restarts[index] + 1 }) });
      drawCells(canvas, this.composites ?? this.sheet, errors.length, 1, [index], 1);
      canvas.addEventListener("click", () => this.pick(index));
      const name = labels ? `${this.about.classes[labels[index]]}: ` : "";
      return element("figure", { "data-restart": restarts[index] }, canvas, element("small", {}, `${name}${short(error)}`));
    });
    this.all.replaceChildren(...figures);
  }

  // Show one of the restarts large; the best is number 0.
  pick(index) {
    this.chosen = index;
    const { errors, off } = this.last;
    drawCells(this.best, this.sheet, errors.length, 1, [index], 1);
    if (this.composites) drawCells(this.whole, this.composites, errors.length, 1, [index], 1);
    const far = this.task === "find" ? "" : ` · ${say("find.off", { error: short(off[index]) })}`;
    setText(this.figures.best.note, `${say("find.error", { error: short(errors[index]) })}${this.task === "fill" ? "" : far}`);
    setText(this.figures.whole.note, say("find.off", { error: short(off[index]) }));
    [...this.all.children].forEach((figure, place) => figure.classList.toggle("chosen", place === index));
  }
}
