// A square to draw points in, for a data set of one's own.
import { element, say } from "./text.js";

const SIDE = 480;
const SPACING = 9; // pixels between two points of one stroke
const MOST = 2000;

class Pad extends HTMLElement {
  connectedCallback() {
    this.strokes = [];
    this.canvas = element("canvas", { width: SIDE, height: SIDE, "data-pad": "", "aria-label": say("pad.title") });
    const button = (name, act) => {
      const made = element("button", { type: "button", "data-pad-button": name }, say(`pad.${name}`));
      made.addEventListener("click", act);
      return made;
    };
    const buttons = element(
      "div",
      { class: "pad-buttons" },
      button("undo", () => this.change(() => this.strokes.pop())),
      button("clear", () => this.change(() => (this.strokes = []))),
      button("use", () => this.use()),
    );
    this.replaceChildren(element("p", {}, say("pad.title")), this.canvas, buttons);
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.drawing && this.add(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (this.drawing = false));
    this.draw();
  }

  change(action) {
    action();
    this.draw();
  }

  begin(event) {
    if (event.button !== 0 || this.strokes.flat().length >= MOST) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.drawing = true;
    this.strokes.push([]);
    this.add(event);
  }

  add(event) {
    const box = this.canvas.getBoundingClientRect();
    const place = [event.clientX - box.left, event.clientY - box.top].map((d) => Math.min(Math.max((d / box.width) * SIDE, 0), SIDE));
    const stroke = this.strokes.at(-1);
    const last = stroke.at(-1);
    const near = last && Math.hypot(place[0] - last[0], place[1] - last[1]) < SPACING;
    if (near || this.strokes.flat().length >= MOST) return;
    stroke.push(place);
    this.draw();
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, SIDE, SIDE);
    context.fillStyle = "#e8702a";
    for (const [x, y] of this.strokes.flat()) context.fillRect(x - 3, y - 3, 6, 6);
  }

  // Hands the points, in [-1, 1], to Gradio's hidden text box and presses its hidden button.
  use() {
    const points = this.strokes.flat().map(([x, y]) => [(2 * x) / SIDE - 1, 1 - (2 * y) / SIDE]);
    const box = document.querySelector("#drawn-points textarea, #drawn-points input");
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), "value").set.call(box, JSON.stringify(points));
    box.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => document.querySelector("#use-drawn-points").click(), 100); // Gradio has to take the text over
  }
}

customElements.define("gan-pad", Pad);
