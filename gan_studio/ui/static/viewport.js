// A square view of a plane on a canvas: drag to pan; wheel, buttons or two fingers to zoom; hover and click.

import { arrows, onKeys } from "./controls.js";

const CLICK_PIXELS = 4;
const PAN = 1 / 16; // of what is in sight

export class Viewport {
  // onChange(): the view moved; onHover([x, y] or null); onClick([x, y]), in the plane's units, y upwards.
  constructor(canvas, { onChange, onHover, onClick, least = 1e-3, most = 1e3 }) {
    Object.assign(this, { canvas, onChange, onHover, onClick, least, most, x: 0, y: 0, size: 2 });
    this.pointers = new Map();
    this.listenToKeys();
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.up(event, true));
    canvas.addEventListener("pointercancel", (event) => this.up(event, false));
    canvas.addEventListener("pointerleave", () => this.pointers.size || this.onHover(null));
    this.sizes = new ResizeObserver(() => this.resize());
    this.sizes.observe(canvas);
  }

  // Arrows pan, + and - zoom, Enter clicks in the middle; what is there is pointed at.
  listenToKeys() {
    const after = (act) => () => {
      act();
      this.onHover([this.x, this.y]);
    };
    const pan = (across, down) => after(() => this.show(this.x + across * PAN * this.size, this.y - down * PAN * this.size, this.size))();
    const zoom = (factor) => after(() => this.zoom(factor));
    const click = () => this.onClick([this.x, this.y]);
    onKeys(this.canvas, { ...arrows(pan), "+": zoom(1.5), "=": zoom(1.5), "-": zoom(1 / 1.5), Enter: click, " ": click });
    this.canvas.role = "application";
    this.canvas.ariaKeyShortcuts = "ArrowLeft ArrowRight ArrowUp ArrowDown + - Enter";
  }

  destroy() {
    this.sizes.disconnect();
  }

  resize() {
    const side = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (side && side !== this.canvas.width) {
      this.canvas.width = this.canvas.height = side;
      this.onChange();
    }
  }

  show(x, y, size) {
    Object.assign(this, { x, y, size: Math.min(Math.max(size, this.least), this.most) });
    this.onChange();
  }

  // Where a place is on the canvas, in its own pixels.
  toPixels([x, y]) {
    const scale = this.canvas.width / this.size;
    return [(x - this.x + this.size / 2) * scale, (this.y + this.size / 2 - y) * scale];
  }

  toPlace({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const across = (clientX - box.left) / box.width - 0.5;
    const down = (clientY - box.top) / box.height - 0.5;
    return [this.x + across * this.size, this.y - down * this.size];
  }

  // Larger by `factor`, with `place` staying where it is.
  zoom(factor, place = [this.x, this.y]) {
    const size = Math.min(Math.max(this.size / factor, this.least), this.most);
    const share = size / this.size;
    this.show(place[0] + (this.x - place[0]) * share, place[1] + (this.y - place[1]) * share, size);
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode === 0 ? event.deltaY : 33 * event.deltaY;
    this.zoom(Math.exp(-Math.min(Math.max(pixels, -300), 300) / 400), this.toPlace(event));
    this.onHover(this.toPlace(event));
  }

  down(event) {
    if (event.button !== 0) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    this.moved = this.pointers.size > 1 ? Infinity : 0;
  }

  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.onHover(this.toPlace(event));
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) this.pinch(before, event, other);
    else this.drag(before, event);
    return undefined;
  }

  drag(before, event) {
    this.moved += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
    this.pointers.set(event.pointerId, event);
    if (this.moved < CLICK_PIXELS) return;
    const [from, to] = [this.toPlace(before), this.toPlace(event)];
    this.show(this.x + from[0] - to[0], this.y + from[1] - to[1], this.size);
  }

  pinch(before, event, other) {
    const middle = (one) => ({ clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 });
    const apart = (one) => Math.max(Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY), 1);
    const from = this.toPlace(middle(before));
    this.pointers.set(event.pointerId, event);
    this.zoom(apart(event) / apart(before), from);
    const to = this.toPlace(middle(event));
    this.show(this.x + from[0] - to[0], this.y + from[1] - to[1], this.size);
  }

  up(event, intended) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (intended && this.moved < CLICK_PIXELS) this.onClick(this.toPlace(event));
  }
}
