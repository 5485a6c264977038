// The Arithmetic tab: a sum of kept latents, each with a sign and a weight, drawn as the weights are dragged.
import { chosen, current, drawLatents, keep, Newest, pack, picked, pickedLatents, pick, tray, unpack } from "./latents.js";
import { Panel } from "./panel.js";
import { drawCells } from "./pictures.js";
import { element, say, sayWeights, setText } from "./text.js";
import { addScaled, lengthOf, scaled } from "./vectors.js";
import { followWeights } from "./weights.js";

const MOST_TERMS = 8;
const MOST_WEIGHT = 2;

export const letter = (place) => String.fromCharCode(65 + place);

// Let a picture of the tray be dropped here: in place of number `place`, or behind the last one.
export function takeDrops(node, place) {
  node.addEventListener("dragover", (event) => {
    event.preventDefault();
    node.classList.add("over");
  });
  node.addEventListener("dragleave", () => node.classList.remove("over"));
  node.addEventListener("drop", (event) => {
    event.preventDefault();
    node.classList.remove("over");
    const id = event.dataTransfer.getData("text/plain");
    if (tray.value.some((item) => item.id === id)) put(id, place());
  });
}

function put(id, place) {
  const order = picked.value.filter((other) => other !== id);
  const old = pickedLatents(MOST_TERMS)[place]?.id;
  if (old && old !== id) order.splice(order.indexOf(old), 1, id);
  else order.push(id);
  picked.set(order);
}

class Arithmetic extends Panel {
  connectedCallback() {
    Object.assign(this, { weights: new Map(), own: "", shown: [] });
    this.note = element("p", { class: "note" });
    this.slots = element("div", { class: "slots" });
    this.sphere = element("input", { type: "checkbox", checked: "", "data-sphere": "" });
    this.sphere.addEventListener("change", () => this.draw());
    const average = this.button("average", () => this.setAll((count) => 1 / count));
    const plain = this.button("plain", () => this.setAll(() => 1));
    const bar = element("div", { class: "bar" }, average, plain, element("label", {}, this.sphere, say("arithmetic.sphere")));
    this.formula = element("div", { class: "formula" });
    this.words = element("p", { class: "words" });
    this.picture = element("canvas", { class: "sheet", "data-sum": "", width: 28, height: 28 });
    const keepIt = this.button("keep", () => this.result && keep(this.result, this.title));
    const result = element("figure", { class: "result" }, element("figcaption", {}, element("b", {}, say("arithmetic.result"))), this.picture, keepIt);
    const left = element("div", { class: "controls" }, this.slots, bar, this.formula, this.words);
    this.replaceChildren(element("h3", {}, say("arithmetic.title")), this.note, element("div", { class: "sum" }, left, result));
    this.pictures = new Newest(
      ({ z, source }) => drawLatents(z, source),
      (sheet, request) => this.show(sheet, request),
      (text) => this.say(text, true),
    );
    this.ends = [
      picked.follow(() => this.build()),
      tray.follow(() => this.build()),
      chosen.follow(() => this.draw()),
      current.follow(({ size }) => size !== this.size && this.build()),
      followWeights(() => this.visible, () => this.draw()),
    ];
    this.watch = new IntersectionObserver(() => this.draw());
    this.watch.observe(this);
  }

  button(name, act) {
    const made = element("button", { type: "button", class: "tool-button", "data-act": name }, say(`arithmetic.${name}`));
    made.addEventListener("click", act);
    return made;
  }

  // -- terms -----------------------------------------------------------------------------------------------

  build() {
    this.size = current.value.size;
    this.terms = pickedLatents(MOST_TERMS);
    for (const { id } of this.terms) if (!this.weights.has(id)) this.weights.set(id, 1);
    const free = element("div", { class: "slot free" }, say("arithmetic.drop"));
    takeDrops(free, () => this.terms.length);
    const slots = this.terms.map((term, place) => this.buildSlot(term, place));
    this.slots.replaceChildren(...slots, ...(slots.length < MOST_TERMS ? [free] : []));
    this.buildFormula();
    this.draw();
  }

  // As the tray shows it.
  letterOf(id) {
    return letter(picked.value.indexOf(id) % 26);
  }

  buildSlot({ id, name }, place) {
    const canvas = element("canvas", { class: "sheet", width: 28, height: 28 });
    const sign = element("button", { type: "button", class: "sign", "data-sign": "", title: say("arithmetic.sign") });
    const range = element("input", { type: "range", min: 0, max: MOST_WEIGHT, step: 0.01, "data-weight": "", "aria-label": say("arithmetic.weight") });
    const value = element("output");
    const paint = () => {
      const weight = this.weights.get(id);
      const minus = weight < 0 || Object.is(weight, -0);
      setText(sign, minus ? "−" : "+");
      sign.classList.toggle("minus", minus);
      range.value = Math.abs(weight);
      setText(value, Math.abs(weight).toFixed(2));
    };
    const change = (weight) => {
      this.weights.set(id, weight);
      paint();
      this.paintFormula();
      this.draw();
    };
    sign.addEventListener("click", () => change(-this.weights.get(id)));
    range.addEventListener("input", () => change((sign.textContent === "−" ? -1 : 1) * Number(range.value)));
    const remove = element("button", { type: "button", class: "icon", title: say("arithmetic.remove"), "aria-label": say("arithmetic.remove") }, "×");
    remove.addEventListener("click", () => pick(id));
    paint();
    const title = element("b", {}, `${this.letterOf(id)} · ${name}`);
    const slot = element("div", { class: "slot", "data-term": place }, sign, canvas, title, range, value, remove);
    takeDrops(slot, () => place);
    return slot;
  }

  setAll(weight) {
    for (const { id } of this.terms) this.weights.set(id, weight(this.terms.length));
    this.build();
  }

  // -- the formula -----------------------------------------------------------------------------------------

  buildFormula() {
    const canvas = () => element("canvas", { class: "sheet", width: 28, height: 28 });
    const parts = this.terms.flatMap(({ id }) => [element("span", { class: "sign" }), element("figure", {}, canvas(), element("figcaption", {}, this.letterOf(id)))]);
    this.formula.replaceChildren(...parts, element("span", { class: "sign" }, "="), element("figure", {}, canvas(), element("figcaption", {}, say("arithmetic.result"))));
    this.formula.hidden = !this.terms.length;
    this.paintFormula();
  }

  paintFormula() {
    const signs = this.formula.querySelectorAll("span.sign");
    const words = this.terms.map(({ id, name }, place) => {
      const weight = this.weights.get(id);
      const minus = weight < 0 || Object.is(weight, -0);
      const size = Math.abs(weight) === 1 ? "" : `${Math.abs(weight).toFixed(2)} · `;
      setText(signs[place], `${minus ? "−" : place ? "+" : ""} ${size}`);
      const sign = minus ? say("arithmetic.minus") : place ? say("arithmetic.plus") : "";
      return `${sign} ${size}“${name}”`.trim();
    });
    this.title = words.join(" ").replace(/[“”]/g, "").slice(0, 30);
    setText(this.words, words.join(" "));
    if (!this.terms.length) this.say(say("arithmetic.empty"));
  }

  // -- pictures --------------------------------------------------------------------------------------------

  sum() {
    const sum = new Float32Array(this.size);
    for (const { id, z } of this.terms) addScaled(sum, this.weights.get(id), unpack(z));
    const length = lengthOf(sum);
    return this.sphere.checked && length > 1e-6 ? scaled(sum, Math.sqrt(this.size) / length) : sum;
  }

  draw() {
    if (!this.visible || !this.size || !this.terms.length) return;
    const result = pack(this.sum());
    const list = [result, ...this.terms.map(({ z }) => z)]; // the class that is said is that of the first
    const labels = [chosen.value.label, ...this.terms.map(({ label }) => label ?? 0)];
    this.pictures.ask({ z: list, result, source: { ...chosen.value, labels } });
  }

  show({ bitmap, columns, rows, about }, { z, result }) {
    if (about.latent_size !== this.size) return; // another generator has just been chosen
    this.result = result;
    drawCells(this.picture, bitmap, columns, rows, [0], 1);
    this.picture.dataset.drawn = result;
    if (z.length === this.terms.length + 1) {
      const cells = [...this.formula.querySelectorAll("canvas")];
      cells.forEach((canvas, cell) => drawCells(canvas, bitmap, columns, rows, [(cell + 1) % cells.length], 1));
      [...this.slots.querySelectorAll("canvas")].forEach((canvas, cell) => drawCells(canvas, bitmap, columns, rows, [cell + 1], 1));
    }
    const weights = sayWeights(about.step);
    this.say(about.class ? `${weights}: ${about.class}` : weights);
    if (this.visible) current.set({ ...current.value, z: result, size: this.size });
  }
}

customElements.define("gan-arithmetic", Arithmetic);
