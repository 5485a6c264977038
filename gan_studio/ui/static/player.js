// Plays the frames of a sheet, one row beside the other: everything is drawn from what is there already.
import { drawCells } from "./pictures.js";
import { element, say, setText } from "./text.js";

const STRIP = 15;
const TYPING = "input, textarea, select, [contenteditable], [role=listbox], [role=tab]";

export class Player {
  // onMove(frame) after each move; isVisible() decides whether keys are meant for this player.
  constructor(onMove, isVisible) {
    Object.assign(this, { onMove, isVisible, at: 0, count: 1, names: [] });
    this.screens = element("div", { class: "screens" });
    this.strips = element("div", { class: "strips" });
    this.position = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "data-frame": "", "aria-label": say("latent.position") });
    this.position.addEventListener("input", () => this.go(Number(this.position.value)));
    this.button = element("button", { type: "button", class: "tool-button", "data-film": "play" }, say("latent.play"));
    this.button.addEventListener("click", () => this.toggle());
    this.speed = element("input", { type: "range", min: 2, max: 60, step: 1, value: 24, "data-film": "speed" });
    this.speedText = element("output", {}, "24");
    this.speed.addEventListener("input", () => setText(this.speedText, this.speed.value));
    this.loop = element("input", { type: "checkbox", checked: "", "data-film": "loop" });
    this.where = element("output", { class: "where" });
    this.transport = element(
      "div",
      { class: "transport" },
      this.button,
      this.position,
      this.where,
      element("label", {}, `${say("paths.speed")} `, this.speed, this.speedText),
      element("label", {}, this.loop, ` ${say("paths.loop")}`),
    );
    this.onKey = (event) => this.key(event);
    addEventListener("keydown", this.onKey);
  }

  destroy() {
    this.stop();
    removeEventListener("keydown", this.onKey);
  }

  // sheet: { bitmap, columns, rows }, with `count` frames for each of names: [{ name, title }], row after row.
  show(sheet, count, names) {
    this.sheet = sheet;
    if (names.map(({ name }) => name).join() !== this.names.join()) this.build(names);
    this.count = count;
    this.position.max = count - 1;
    const step = (count - 1) / (STRIP - 1);
    const shown = Array.from({ length: Math.min(STRIP, count) }, (_, index) => Math.round(index * Math.max(step, 1)));
    this.names.forEach((name, row) => {
      const cells = shown.map((frame) => row * count + Math.min(frame, count - 1));
      drawCells(this.canvases[name].strip, sheet.bitmap, sheet.columns, sheet.rows, cells, cells.length);
    });
    this.go(Math.min(this.at, count - 1));
  }

  build(names) {
    this.names = names.map(({ name }) => name);
    this.canvases = Object.fromEntries(
      names.map(({ name }) => [name, {
        screen: element("canvas", { class: "sheet", "data-screen": name, width: 28, height: 28 }),
        strip: element("canvas", { class: "sheet strip", "data-strip": name, width: 28 * STRIP, height: 28 }),
      }]),
    );
    const caption = ({ name, title, colour }) => element("figcaption", {}, element("i", { style: `background:${colour}` }), ` ${title}`);
    this.screens.replaceChildren(...names.map((row) => element("figure", {}, caption(row), this.canvases[row.name].screen)));
    this.strips.replaceChildren(...this.names.map((name) => this.canvases[name].strip));
    for (const { name, title } of names) {
      const { screen, strip } = this.canvases[name];
      for (const canvas of [screen, strip]) Object.assign(canvas, { role: "img", ariaLabel: title }); // the slider has keys
      strip.addEventListener("click", (event) => this.go(Math.round((event.offsetX / strip.clientWidth) * (this.count - 1))));
    }
  }

  go(frame) {
    this.at = frame;
    if (!this.sheet) return;
    if (Number(this.position.value) !== frame) this.position.value = frame;
    setText(this.where, `${frame + 1} / ${this.count}`);
    const { bitmap, columns, rows } = this.sheet;
    this.names.forEach((name, row) => drawCells(this.canvases[name].screen, bitmap, columns, rows, [row * this.count + frame], 1));
    this.onMove(frame);
  }

  toggle() {
    if (this.playing) this.stop();
    else this.play();
  }

  play() {
    if (!this.sheet) return;
    if (this.at >= this.count - 1) this.go(0);
    setText(this.button, say("latent.stop"));
    let last = performance.now();
    const tick = (now) => {
      const due = Math.floor(((now - last) * this.speed.value) / 1000);
      if (due > 0) {
        last += (due * 1000) / this.speed.value;
        if (!this.isVisible()) return this.stop();
        this.advance(due);
      }
      if (this.playing) this.playing = requestAnimationFrame(tick);
      return undefined;
    };
    this.playing = requestAnimationFrame(tick);
  }

  advance(frames) {
    const next = this.at + frames;
    if (next < this.count) this.go(next);
    else if (this.loop.checked) this.go(next % this.count);
    else {
      this.go(this.count - 1);
      this.stop();
    }
  }

  stop() {
    cancelAnimationFrame(this.playing);
    this.playing = null;
    setText(this.button, say("latent.play"));
  }

  // Space plays and stops; the arrows, Home and End move.
  key(event) {
    const typing = event.target.closest?.(TYPING);
    if (event.ctrlKey || event.altKey || event.metaKey || !this.isVisible() || (typing && typing !== this.position)) return;
    const last = this.count - 1;
    const moves = { ArrowLeft: Math.max(this.at - 1, 0), ArrowRight: Math.min(this.at + 1, last), Home: 0, End: last };
    if (event.key === " " && !event.target.closest?.("button")) this.toggle();
    else if (event.key in moves) this.go(moves[event.key]);
    else return;
    event.preventDefault();
  }
}
