// The key frames of a path, in a row: pictures that are dragged or moved by arrows, each with its class.
import { pressable } from "./controls.js";
import { element, say } from "./text.js";
import { drawCells } from "./pictures.js";

export const { keys: MOST_KEYS, per_segment: MOST_PER_SEGMENT, steps: MOST_STEPS } = window.ganStudioData.paths;
const SMALL = 12; // of more key frames, each is smaller

// How many frames each of so many segments may have.
export const mostFrames = (segments) => Math.min(MOST_PER_SEGMENT, Math.floor(MOST_STEPS / segments));

// A to Z, then AA, AB, ...
export const letter = (place) => (place < 26 ? "" : letter(Math.floor(place / 26) - 1)) + String.fromCharCode(65 + (place % 26));

export class KeyFrames {
  // onChange(keys) after each change by hand; onLook(place) when a picture is clicked.
  constructor(onChange, onLook) {
    Object.assign(this, { onChange, onLook, keys: [], classes: [] });
    this.element = element("div", { class: "key-frames" });
  }

  // keys: [{ name, label, z } or { name, label, seed }]
  set(keys) {
    this.keys = keys.slice(0, MOST_KEYS);
    this.canvases = this.keys.map(() => element("canvas", { class: "sheet", width: 28, height: 28, title: say("paths.look") }));
    this.element.classList.toggle("many", this.keys.length > SMALL);
    this.element.replaceChildren(...this.keys.map((key, place) => this.build(key, place)));
  }

  // The names of the classes that a key frame can have.
  setClasses(classes) {
    if (`${classes}` === `${this.classes}`) return;
    this.classes = classes;
    this.set(this.keys);
  }

  change(keys) {
    this.set(keys);
    this.onChange(this.keys);
  }

  add(key) {
    this.change([...this.keys, key]);
    this.bringIntoSight(this.keys.length - 1);
  }

  build(key, place) {
    const button = (name, text, title, act) => {
      const made = element("button", { type: "button", "data-key": name, title, "aria-label": title }, text);
      made.addEventListener("click", act);
      return made;
    };
    const last = this.keys.length - 1;
    const before = button("before", "◀", say("paths.before"), () => this.move(place, place - 1));
    const after = button("after", "▶", say("paths.after"), () => this.move(place, place + 1));
    const remove = button("remove", "×", say("paths.remove"), () => this.change(this.keys.toSpliced(place, 1)));
    [before.disabled, after.disabled, remove.disabled] = [place === 0, place === last, last < 2];
    const label = element("select", { title: say("paths.class"), "aria-label": say("paths.class") }, ...this.classes.map((name, value) => element("option", { value }, name)));
    label.value = Math.min(key.label, this.classes.length - 1);
    label.addEventListener("change", () => {
      key.label = Number(label.value);
      this.onChange(this.keys);
    });
    const canvas = this.canvases[place];
    pressable(canvas, `${say("paths.look")}: ${letter(place)} ${key.name}`, () => this.onLook(place));
    const caption = element("small", { title: key.name }, element("b", {}, letter(place)), element("i", {}, ` ${key.name}`));
    const box = element("div", { class: "key-frame", draggable: "true", "data-place": place }, canvas, caption, label, element("span", {}, before, after, remove));
    box.addEventListener("dragstart", (event) => {
      this.dragged = place;
      event.dataTransfer.setData("text/plain", letter(place));
      event.dataTransfer.effectAllowed = "move";
    });
    box.addEventListener("dragover", (event) => this.dragged !== undefined && event.preventDefault());
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      if (this.dragged !== undefined) this.move(this.dragged, place);
    });
    box.addEventListener("dragend", () => (this.dragged = undefined));
    return box;
  }

  move(from, to) {
    this.dragged = undefined;
    if (from === to || to < 0 || to >= this.keys.length) return;
    this.change(this.keys.toSpliced(from, 1).toSpliced(to, 0, this.keys[from]));
    this.element.children[to].querySelector(`[data-key="${to > from ? "after" : "before"}"]`).focus({ preventScroll: true });
    this.bringIntoSight(to);
  }

  // Pictures number `cells` of a sheet, one for each key frame; those of a walk after the first are not on it.
  draw({ bitmap, columns, rows }, cells) {
    this.canvases.forEach((canvas, place) => {
      canvas.parentNode.classList.toggle("aside", cells[place] === undefined);
      if (cells[place] !== undefined) drawCells(canvas, bitmap, columns, rows, [cells[place]], 1);
    });
  }

  mark(place) {
    if (place !== this.marked) this.bringIntoSight(place);
    this.marked = place;
    this.canvases.forEach((canvas, index) => canvas.parentNode.classList.toggle("here", index === place));
  }

  // Scrolls the row, and nothing else.
  bringIntoSight(place) {
    const box = this.element.children[place];
    if (!box) return;
    const { offsetTop: top, offsetLeft: left, offsetHeight: height, offsetWidth: width } = box;
    const { scrollTop, scrollLeft, clientHeight, clientWidth } = this.element;
    this.element.scrollTop = Math.min(Math.max(scrollTop, top + height - clientHeight), top);
    this.element.scrollLeft = Math.min(Math.max(scrollLeft, left + width - clientWidth), left);
  }
}

// What a file says of key frames, or an Error.
export function readKeys(list) {
  const whole = (value) => Math.min(Math.max(Math.floor(Number(value) || 0), 0), 2 ** 31 - 1);
  return list.slice(0, MOST_KEYS).map(({ name, label, seed, z }) => {
    if (z !== undefined && !(Array.isArray(z) && z.length && z.every(Number.isFinite))) throw new Error();
    const common = { name: String(name ?? "").slice(0, 30), label: Math.min(whole(label), 9999) };
    return z === undefined ? { ...common, seed: whole(seed) } : { ...common, z };
  });
}

