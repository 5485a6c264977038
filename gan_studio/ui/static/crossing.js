// Crossing two kept latents inside the generator: a row of children, one for each layer where the parents were mixed.
import { letter } from "./arithmetic.js";
import { askSheet, chosen, current, Newest, packAll, picked, pickedLatents, tray } from "./latents.js";
import { Panel } from "./panel.js";
import { drawCells } from "./pictures.js";
import { element, say, setText } from "./text.js";
import { followWeights } from "./weights.js";

const PATTERNS = ["random", "first", "left", "top"];
const REFRESH_MS = 1000;

class Crossing extends Panel {
  connectedCallback() {
    const options = PATTERNS.map((name) => element("option", { value: name }, say(`crossing.${name}`)));
    this.pattern = element("select", { "data-pattern": "", "aria-label": say("crossing.pattern") }, ...options);
    this.share = element("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5, "data-share": "", "aria-label": say("crossing.share") });
    this.value = element("output", {}, "50 %");
    this.seed = element("input", { type: "number", min: 0, max: 999999, value: 0, "data-seed": "", "aria-label": say("latent.seed") });
    for (const control of [this.pattern, this.share, this.seed]) control.addEventListener("input", () => this.draw());
    const swap = element("button", { type: "button", class: "tool-button", "data-swap": "" }, say("crossing.swap"));
    swap.addEventListener("click", () => this.swap());
    const labelled = (key, ...parts) => element("label", {}, say(key), ...parts);
    this.seedLabel = labelled("latent.seed", this.seed);
    const bar = element("div", { class: "bar" }, labelled("crossing.pattern", this.pattern), labelled("crossing.share", this.share, this.value), this.seedLabel, swap);
    this.note = element("p", { class: "note" }, say("crossing.empty"));
    this.row = element("div", { class: "children" });
    this.replaceChildren(element("h3", {}, say("crossing.title")), element("p", { class: "note" }, say("crossing.info")), bar, this.note, this.row);
    this.sheets = new Newest(
      (request) => askSheet("cross", request),
      (sheet, request) => this.show(sheet, request),
      (text) => this.say(text, true),
    );
    this.ends = [
      ...[chosen, picked, tray].map((shared) => shared.follow(() => this.draw())),
      current.follow(({ size }) => size !== this.size && this.draw()),
      followWeights(() => this.visible, () => this.draw(), REFRESH_MS),
    ];
    this.watch = new IntersectionObserver(() => this.draw());
    this.watch.observe(this);
  }

  swap() {
    const [a, b] = pickedLatents(2).map(({ id }) => id);
    if (b) picked.set(picked.value.map((id) => (id === a ? b : id === b ? a : id)));
  }

  draw() {
    if (!this.visible) return;
    this.size = current.value.size;
    setText(this.value, `${Math.round(100 * this.share.value)} %`);
    this.seedLabel.hidden = this.pattern.value !== "random";
    const parents = pickedLatents(2);
    if (parents.length < 2) {
      this.row.replaceChildren();
      this.shownKey = null;
      this.say(say("crossing.empty"));
      return;
    }
    const seed = Math.min(Math.max(Math.floor(Number(this.seed.value) || 0), 0), 999999);
    const mix = { pattern: this.pattern.value, share: Number(this.share.value), seed };
    this.sheets.ask({ ...chosen.value, ...mix, z: packAll(parents.map(({ z }) => z)) });
  }

  // Children that are the same picture stand together: nothing mixes channels between their layers.
  show({ bitmap, columns, rows, about }, request) {
    if (about.latent_size !== this.size) return; // another generator has just been chosen
    const groups = [];
    about.layers.forEach(([name, kind, same], index) => {
      if (same) groups.at(-1).layers.push([name, kind]);
      else groups.push({ cell: index + 2, layers: [[name, kind]] });
    });
    const key = JSON.stringify(groups);
    if (key !== this.shownKey || !this.canvases) this.build(groups);
    this.shownKey = key;
    this.canvases.forEach(([canvas, cell]) => drawCells(canvas, bitmap, columns, rows, [cell], 1));
    this.row.dataset.drawn = JSON.stringify(request);
    this.say(say("crossing.note"));
  }

  build(groups) {
    this.canvases = [];
    const figure = (cell, title, about, kind = "child") => {
      const canvas = element("canvas", { class: "sheet", width: 28, height: 28 });
      this.canvases.push([canvas, cell]);
      return element("figure", { class: kind }, canvas, element("figcaption", {}, element("b", {}, title), element("small", {}, about)));
    };
    const children = groups.map(({ cell, layers }) => {
      const names = layers.map(([name]) => name);
      const title = names.length > 1 ? `${names[0]}–${names.at(-1)}` : names[0];
      return figure(cell, title === "first" ? say("crossing.layer.first") : say("crossing.layer", { name: title }), layers.map(([, kind]) => kind).join(", "));
    });
    this.row.replaceChildren(figure(0, letter(0), "", "parent"), ...children, figure(1, letter(1), "", "parent"));
  }
}

customElements.define("gan-crossing", Crossing);
