// The Pad tab: four latents at the corners of a square, their blend under the mouse.
import { arrows, onKeys } from "./controls.js";
import { askSheet, chosen, current, goTo, keep, Newest, packAll, picked, pickedLatents } from "./latents.js";
import { Panel } from "./panel.js";
import { drawCells } from "./pictures.js";
import { element, say } from "./text.js";
import { followWeights } from "./weights.js";

const SIDE = 8; // pictures across the pad
const REFRESH_MS = 3000;
const STEP = 0.05;
const LETTERS = ["A", "B", "C", "D"];

const GRID = Array.from({ length: SIDE * SIDE }, (_, i) => [(i % SIDE) / (SIDE - 1), Math.floor(i / SIDE) / (SIDE - 1)]);
const share = (value) => Math.min(Math.max(value, 0), 1);

class Blend extends Panel {
  connectedCallback() {
    this.seed = 0;
    this.place = [0.5, 0.5];
    this.grid = element("canvas", { class: "sheet", "data-sheet": "blend-grid", width: 28, height: 28 });
    this.mark = element("i", { class: "mark" });
    const corners = LETTERS.map((letter, i) => element("b", { class: `corner corner-${i}` }, letter));
    this.pad = element("div", { class: "blend-pad", "data-blend": "" }, this.grid, ...corners, this.mark);
    this.pad.addEventListener("pointermove", (event) => this.move(event));
    this.pad.addEventListener("pointerdown", (event) => this.move(event));
    this.pad.addEventListener("click", () => this.take());
    const take = () => this.take();
    onKeys(this.pad, { ...arrows((...by) => this.goTo(this.place.map((at, axis) => share(at + by[axis] * STEP)))), Enter: take, " ": take });
    Object.assign(this.pad, { role: "application", ariaLabel: say("blend.canvas"), ariaKeyShortcuts: "ArrowLeft ArrowRight ArrowUp ArrowDown Enter" });
    this.picture = element("canvas", { class: "sheet big", "data-sheet": "blend", width: 28, height: 28 });
    this.note = element("p", { class: "note" }, say("blend.info"));
    this.anew = element("button", { type: "button", class: "tool-button" }, say("blend.seeds"));
    this.anew.addEventListener("click", () => this.chooseAnew());
    const side = element("div", { class: "side" }, this.picture, element("div", { class: "buttons" }, this.anew), this.note);
    this.replaceChildren(element("div", { class: "map-row" }, this.pad, side));
    const problem = (text) => this.say(text, true);
    this.pictures = new Newest((request) => askSheet("blend", request), (...answer) => this.show(...answer), problem);
    this.grids = new Newest((request) => askSheet("blend", request), (sheet) => this.showGrid(sheet), problem);
    this.ends = [
      chosen.follow(() => this.draw()),
      picked.follow(() => this.draw()),
      current.follow(({ size }) => size !== this.size && this.draw()),
      followWeights(() => this.visible, () => this.draw(), REFRESH_MS),
    ];
    this.watch = new IntersectionObserver(() => this.draw());
    this.watch.observe(this);
  }

  chooseAnew() {
    this.seed = Math.floor(Math.random() * 1_000_000);
    this.draw();
  }

  // The picked latents in their order; seeds stand at the corners that are left.
  request(places) {
    const known = pickedLatents(4);
    this.anew.hidden = known.length === 4;
    const corners = known.length ? packAll(known.map(({ z }) => z)) : "";
    return { ...chosen.value, corners, seed: this.seed, places };
  }

  draw() {
    if (!this.visible) return;
    this.size = current.value.size;
    this.grids.ask(this.request(GRID));
    this.pictures.ask(this.request([this.place]));
  }

  // The middle of the first picture of a row is one end, the middle of its last the other.
  move({ clientX, clientY }) {
    const box = this.pad.getBoundingClientRect();
    const along = (at, from, length) => share(((at - from) / length) * (SIDE / (SIDE - 1)) - 0.5 / (SIDE - 1));
    this.goTo([along(clientX, box.left, box.width), along(clientY, box.top, box.height)]);
  }

  goTo(place) {
    this.place = place;
    const percent = (at) => `${(100 * (at * (SIDE - 1) + 0.5)) / SIDE}%`;
    Object.assign(this.mark.style, { left: percent(this.place[0]), top: percent(this.place[1]) });
    this.pictures.ask(this.request([this.place]));
  }

  // The latent under the mouse is looked at, and kept.
  async take() {
    try {
      const { about } = await askSheet("blend", this.request([this.place]));
      goTo(about.z);
      keep(about.z);
    } catch (problem) {
      this.say(problem.message, true);
    }
  }

  show({ bitmap }, { places }) {
    drawCells(this.picture, bitmap, 1, 1, [0], 1);
    this.picture.dataset.drawn = JSON.stringify(places[0]);
    this.picture.dispatchEvent(new CustomEvent("drawn", { bubbles: true }));
    this.say(say("blend.info"));
  }

  showGrid({ bitmap, columns, rows }) {
    drawCells(this.grid, bitmap, columns, rows, GRID.map((_, i) => i), SIDE);
    this.grid.dataset.drawn = "true";
  }
}

customElements.define("gan-blend", Blend);
