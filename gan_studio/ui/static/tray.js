// The tray of kept latents, above the inner tabs: click to look at one, tick to pick it for a tool.
import { pressable } from "./controls.js";
import { chosen, current, drawLatents, forget, goTo, isSound, keep, Newest, pack, pick, picked, refused, rename, tray, unpack } from "./latents.js";
import { Panel } from "./panel.js";
import { drawCells } from "./pictures.js";
import { element, say, setText } from "./text.js";
import { followWeights } from "./weights.js";

const REFRESH_MS = 3000;

class Tray extends Panel {
  connectedCallback() {
    const keepButton = element("button", { type: "button", "data-keep": "" }, say("tray.keep"));
    keepButton.addEventListener("click", () => current.value.z && keep(current.value.z));
    const save = element("button", { type: "button", "data-export": "" }, say("tray.export"));
    save.addEventListener("click", () => this.export());
    const file = element("input", { type: "file", accept: ".json", hidden: "" });
    const load = element("button", { type: "button", "data-import": "" }, say("tray.import"));
    load.addEventListener("click", () => file.click());
    file.addEventListener("change", () => this.import(file));
    this.note = element("small", {}, say("tray.empty"));
    this.items = element("div", { class: "tray-items" });
    const bar = element("div", { class: "tray-bar" }, element("b", {}, say("tray.title")), keepButton, save, load, file, this.note);
    this.replaceChildren(bar, this.items);
    this.sheets = new Newest((items) => this.ask(items), (sheet, items) => this.fill(sheet, items), (text) => this.say(text, true));
    this.ends = [
      tray.follow(() => this.build()),
      refused.follow((text) => text && this.refuse(text)),
      picked.follow(() => this.mark()),
      chosen.follow(() => this.draw()),
      current.follow(({ size }) => size !== this.size && this.draw()),
      followWeights(() => this.visible, () => this.draw(), REFRESH_MS),
    ];
    this.watch = new IntersectionObserver(() => this.draw());
    this.watch.observe(this);
  }

  build() {
    this.canvases = new Map();
    this.refusing = false;
    this.items.replaceChildren(...tray.value.map((item) => this.buildItem(item)));
    this.say(tray.value.length ? say("tray.info") : say("tray.empty"));
    this.mark();
    this.draw();
  }

  // It stays until there is another tray.
  refuse(text) {
    this.refusing = true;
    this.say(text, true);
  }

  buildItem({ id, name, z, label: kept }) {
    const canvas = element("canvas", { class: "sheet", width: 28, height: 28, title: say("tray.look") });
    pressable(canvas, `${say("tray.look")}: ${name}`, () => goTo(z, kept ?? null));
    const letter = element("button", { type: "button", class: "tray-pick", title: say("tray.pick") });
    letter.setAttribute("aria-label", `${say("tray.pick")}: ${name}`);
    letter.addEventListener("click", () => pick(id));
    const remove = element("button", { type: "button", class: "tray-remove", title: say("tray.remove"), "aria-label": `${say("tray.remove")}: ${name}` }, "×");
    remove.addEventListener("click", () => forget(id));
    const label = element("input", { value: name, maxlength: 30, "aria-label": say("tray.name") });
    label.addEventListener("change", () => rename(id, label.value));
    this.canvases.set(id, canvas);
    const item = element("div", { class: "tray-item", "data-id": id, draggable: "true" }, canvas, letter, remove, label);
    item.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", id));
    return item;
  }

  // Picked ones carry the letters A, B, C in their order.
  mark() {
    for (const item of this.items?.children ?? []) {
      const place = picked.value.indexOf(item.dataset.id);
      item.classList.toggle("picked", place >= 0);
      const letter = item.querySelector(".tray-pick");
      letter.setAttribute("aria-pressed", place >= 0);
      setText(letter, place < 0 ? "" : String.fromCharCode(65 + (place % 26)));
    }
  }

  draw() {
    this.size = current.value.size;
    if (!this.size || !this.visible) return;
    const fitting = tray.value.filter(({ z }) => unpack(z).length === this.size);
    for (const item of this.items.children) {
      item.classList.toggle("foreign", !fitting.some(({ id }) => id === item.dataset.id));
    }
    if (fitting.length) this.sheets.ask(fitting);
  }

  ask(items) {
    const labels = items.map(({ label }) => label ?? 0);
    return drawLatents(items.map(({ z }) => z), { ...chosen.value, labels });
  }

  fill({ bitmap, columns, rows }, items) {
    if (!this.refusing) this.settle();
    items.forEach(({ id }, cell) => {
      const canvas = this.canvases.get(id);
      if (canvas) drawCells(canvas, bitmap, columns, rows, [cell], 1);
    });
  }

  export() {
    const kept = tray.value.map(({ name, z, label }) => ({ name, label, z: Array.from(unpack(z)) }));
    const url = URL.createObjectURL(new Blob([JSON.stringify({ latents: kept })], { type: "application/json" }));
    element("a", { href: url, download: "latents.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  async import(file) {
    try {
      const { latents } = JSON.parse(await file.files[0].text());
      if (!latents.every(({ z, label }) => Array.isArray(z) && isSound(z, label ?? 0))) throw new Error();
      for (const { name, z, label } of latents) keep(pack(z), String(name ?? ""), label ?? 0);
    } catch {
      this.refuse(say("tray.unreadable"));
    }
    file.value = "";
  }
}

customElements.define("gan-tray", Tray);
