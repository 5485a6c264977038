// Many numbers as thin bars on a small canvas, from zero up and down; the value under the pointer goes to `onPoint`.
import { arrows, onKeys } from "./controls.js";

const HEIGHT = 60;
const ink = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

export class Bars {
  // `name` is for who hears it; onPoint(index or -1); onPick(index), where a bar can be chosen.
  constructor(canvas, name, { onPoint = () => {}, onPick = null } = {}) {
    Object.assign(this, { canvas, values: [], over: -1 });
    canvas.classList.add("bars");
    canvas.addEventListener("pointermove", (event) => this.point(this.at(event), onPoint));
    canvas.addEventListener("pointerleave", () => this.point(-1, onPoint));
    if (onPick) canvas.addEventListener("click", (event) => this.at(event) >= 0 && onPick(this.at(event)));
    const pick = onPick && (() => this.over >= 0 && onPick(this.over));
    const step = (across) => this.point(Math.min(Math.max(this.over + across, 0), this.values.length - 1), onPoint);
    const { ArrowLeft, ArrowRight } = arrows(step);
    onKeys(canvas, { ArrowLeft, ArrowRight, ...(pick && { Enter: pick, " ": pick }) });
    Object.assign(canvas, { role: pick ? "button" : "img", ariaLabel: name });
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const index = Math.floor(((event.clientX - box.left) / box.width) * this.values.length);
    return index >= 0 && index < this.values.length ? index : -1;
  }

  point(index, onPoint) {
    if (index === this.over) return;
    this.over = index;
    this.draw();
    onPoint(index);
  }

  show(values) {
    this.values = values;
    this.draw();
  }

  draw() {
    const { canvas, values } = this;
    const each = Math.max(1, Math.min(12, Math.floor(600 / Math.max(values.length, 1))));
    canvas.width = Math.max(values.length * each, 1);
    canvas.height = HEIGHT;
    const high = Math.max(0, ...values);
    const low = Math.min(0, ...values);
    const scale = (HEIGHT - 2) / (high - low || 1);
    const zero = 1 + high * scale;
    const context = canvas.getContext("2d");
    values.forEach((value, index) => {
      context.fillStyle = index === this.over ? ink("--body-text-color") : value < 0 ? "#4296ff" : "#f59e0b";
      const end = zero - value * scale;
      context.fillRect(index * each, Math.min(zero, end), each > 3 ? each - 1 : each, Math.max(Math.abs(zero - end), 1));
    });
  }
}
