// Sliders along directions, a page of them at a time: each may be reset, locked, and saved under a name.
import { element, say, setText } from "./text.js";

const SHOWN = 12;
const MOST = 5; // standard deviations
const LOCK =
  '<svg viewBox="0 0 16 16" width="16" height="16"><path d="M5 7V5a3 3 0 0 1 6 0v2" fill="none" stroke="currentColor" stroke-width="1.6"/><rect x="3" y="7" width="10" height="7" rx="1.5" fill="currentColor"/></svg>';

export class Sliders {
  // `onMove()` when a slider moves, `onSave(index)`; `onRename(index, name)` and `onRemove(index)` of saved ones.
  constructor(on) {
    Object.assign(this, { on, items: [], offsets: [], locked: new Set(), page: 0 });
    this.rows = element("div", { class: "slider-rows" });
    const turn = (by, sign, name) => {
      const button = element("button", { type: "button", class: "tool-button", "aria-label": say(name) }, sign);
      button.addEventListener("click", () => this.turn(by));
      return button;
    };
    this.place = element("small");
    this.pager = element("div", { class: "pager" }, turn(-1, "‹", "directions.page.before"), this.place, turn(1, "›", "directions.page.next"));
    this.root = element("div", { class: "sliders" }, this.rows, this.pager);
  }

  // items: [{ title, explained, problem?, own? }]; `problem` stands in place of a slider, `own` ones can be renamed.
  set(items) {
    Object.assign(this, { items, offsets: items.map(() => 0), page: 0 });
    this.locked.clear();
    this.root.classList.toggle("wide", items.some(({ title, own }) => own || title.length > 8));
    this.build();
  }

  turn(by) {
    const pages = Math.max(1, Math.ceil(this.items.length / SHOWN));
    this.page = (this.page + by + pages) % pages;
    this.build();
  }

  get shown() {
    return this.items.map((_, index) => index).slice(this.page * SHOWN, (this.page + 1) * SHOWN);
  }

  build() {
    this.inputs = new Map();
    this.rows.replaceChildren(...this.shown.map((index) => this.buildRow(index, this.items[index])));
    const last = Math.min((this.page + 1) * SHOWN, this.items.length);
    setText(this.place, say("directions.page", { first: this.page * SHOWN + 1, last, count: this.items.length }));
    this.pager.hidden = this.items.length <= SHOWN;
  }

  buildRow(index, item) {
    const title = item.own ? element("input", { value: item.title, maxlength: 40, "aria-label": say("directions.name") }) : element("b", {}, item.title);
    if (item.own) title.addEventListener("change", () => this.on.onRename(index, title.value));
    const parts = item.problem ? [element("small", { class: "foreign" }, item.problem)] : this.buildSlider(index, item);
    if (item.own) parts.push(this.button("×", "directions.remove", () => this.on.onRemove(index)));
    else parts.push(this.button("☆", "directions.save", () => this.on.onSave(index)));
    return element("div", { class: "slider-row", "data-direction": index }, title, ...parts);
  }

  buildSlider(index, item) {
    const range = element("input", { type: "range", min: -MOST, max: MOST, step: 0.05, "aria-label": item.title });
    range.value = this.offsets[index];
    range.addEventListener("input", () => this.move(index, Number(range.value)));
    const value = this.button(this.offsets[index].toFixed(2), "directions.reset.one", () => this.move(index, 0));
    value.classList.add("value");
    const lock = this.button("", "directions.lock", () => {
      if (!this.locked.delete(index)) this.locked.add(index);
      this.markLock(lock, index);
    });
    lock.innerHTML = LOCK;
    this.markLock(lock, index);
    this.inputs.set(index, { range, value });
    const share = item.explained === undefined ? "" : `${(100 * item.explained).toFixed(1)} %`;
    return [range, value, element("small", { title: say("directions.explained") }, share), lock];
  }

  button(sign, name, act) {
    const made = element("button", { type: "button", class: "icon", title: say(name), "aria-label": say(name) }, sign);
    made.addEventListener("click", act);
    return made;
  }

  markLock(button, index) {
    button.setAttribute("aria-pressed", this.locked.has(index));
  }

  move(index, offset) {
    this.put(index, offset);
    this.on.onMove();
  }

  put(index, offset) {
    this.offsets[index] = offset;
    const shown = this.inputs.get(index);
    if (!shown) return;
    shown.range.value = offset;
    setText(shown.value, offset.toFixed(2));
  }

  // All that are not locked: `offset(index)` of those in `indices`.
  putAll(offset, indices = this.items.keys()) {
    for (const index of indices) if (!this.locked.has(index) && !this.items[index].problem) this.put(index, offset(index));
    this.on.onMove();
  }
}

export const limited = (offset) => Math.round(20 * Math.min(Math.max(offset, -MOST), MOST)) / 20;
