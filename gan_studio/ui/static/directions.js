// The Directions tab: sliders along directions of several kinds move one latent, and a grid of others along with it.
import { Examples } from "./examples.js";
import { chosen, classes, current, drawLatents, Follower, keep, Newest, pack, packAll, post, rawTitle, unpack, untilAnswered } from "./latents.js";
import { Panel } from "./panel.js";
import { drawCells } from "./pictures.js";
import { exportDirections, forgetDirection, importDirections, noteFound, renameDirection, savedDirections, saveDirection } from "./saved.js";
import { limited, Sliders } from "./sliders.js";
import { subscribe } from "./stream.js";
import { element, number, say, sayWeights, setText } from "./text.js";
import { addScaled, lengthOf, normals, rowsOf, scaled } from "./vectors.js";
import { followWeights } from "./weights.js";

const KINDS = ["weights", "layer", "raw", "examples", "saved"];
const GRID = 36;
const GRID_COLUMNS = 6;
const FEW_EXAMPLES = 20;
const GRID_MS = 100;
const GRID_TIMES = 10;

class Directions extends Panel {
  connectedCallback() {
    Object.assign(this, { vectors: [], titles: [], moved: "", gridSeed: 1 });
    this.sliders = new Sliders({
      onMove: () => this.draw(),
      onSave: (index) => this.save(this.vectorOf(index), this.titles[index]),
      onRename: renameDirection,
      onRemove: (index) => this.remove(index),
    });
    this.examples = new Examples((found, count) => this.showAttribute(found, count), (text) => this.tell(text, true));
    this.note = element("p", { class: "note" }, say("latent.waiting"));
    this.replaceChildren(this.note, element("div", { class: "halves" }, this.buildControls(), this.buildPictures()));
    const problem = (text) => this.complain(text);
    const send = ({ z, source }) => drawLatents(z, source);
    this.gridTurn = new Follower(GRID_MS, GRID_TIMES);
    this.pictures = new Newest((request) => this.gridTurn.lead(() => send(request)), (sheet, request) => this.show(sheet, request), problem);
    this.grids = new Newest(send, (sheet, request) => this.showGrid(sheet, request), problem);
    this.ends = [
      subscribe(({ run }) => (this.run = run)),
      chosen.follow(() => this.refresh()),
      current.follow(({ z }) => z !== this.ownZ && this.refresh()),
      followWeights(() => this.visible, () => this.refresh()),
    ];
    this.watch = new IntersectionObserver(() => this.refresh());
    this.watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.gridTurn.stop();
  }

  // -- what is on the page ---------------------------------------------------------------------------------

  button(name, act) {
    const made = element("button", { type: "button", class: "tool-button", "data-act": name }, say(`directions.${name}`));
    made.addEventListener("click", act);
    return made;
  }

  buildControls() {
    const option = (kind) => element("option", { value: kind }, say(`directions.kind.${kind}`));
    this.kind = element("select", { "data-kind": "", "aria-label": say("directions.from") }, ...KINDS.map(option));
    this.layer = element("select", { "data-layer": "", "aria-label": say("directions.layer") });
    for (const select of [this.kind, this.layer]) select.addEventListener("change", () => this.load());
    this.again = this.button("again", () => this.load());
    this.kindInfo = element("small");
    this.name = element("input", { maxlength: 40, placeholder: say("directions.name"), "aria-label": say("directions.name"), "data-name": "" });
    const file = element("input", { type: "file", accept: ".json", hidden: "", "data-file": "" });
    file.addEventListener("change", () => this.import(file));
    const all = element("div", { class: "bar" }, this.button("reset", () => this.reset()), this.button("random", () => this.randomise()));
    const store = element(
      "div",
      { class: "bar" },
      this.name,
      this.button("save.sum", () => this.save(this.offset(), say("directions.sum"))),
      this.button("export", exportDirections),
      this.button("import", () => file.click()),
      file,
    );
    const from = element("div", { class: "bar" }, element("b", {}, say("directions.from")), this.kind, this.layer, this.again);
    this.said = element("small", { role: "status" });
    return element("div", { class: "controls" }, from, this.kindInfo, this.said, this.sliders.root, all, this.examples.root, store);
  }

  buildPictures() {
    this.picture = element("canvas", { class: "sheet", "data-directions": "picture", width: 28, height: 28 });
    this.grid = element("canvas", { class: "sheet", "data-directions": "grid", width: 168, height: 168 });
    this.whole = element("input", { type: "checkbox", checked: "", "data-whole": "" });
    this.whole.addEventListener("change", () => this.draw());
    const another = this.button("another", () => this.startAnew());
    const keepIt = this.button("keep", () => this.moved && keep(this.moved));
    const others = this.button("others", () => this.otherGrid());
    const figure = (title, canvas, ...tools) =>
      element("figure", {}, element("figcaption", {}, element("b", {}, title)), canvas, element("div", { class: "bar" }, ...tools));
    const whole = element("label", {}, this.whole, say("directions.whole"));
    return element("div", { class: "pair" }, figure(say("directions.picture"), this.picture, another, keepIt), figure(say("directions.grid"), this.grid, others, whole));
  }

  complain(text) {
    this.from = null; // a new run may have latents of another size: the next occasion asks for its directions
    this.note.classList.add("fault");
    setText(this.note, text);
  }

  // About what was asked of directions; the note above belongs to the pictures.
  tell(text, fault = false) {
    this.said.classList.toggle("fault", fault);
    setText(this.said, text);
  }

  // -- directions ------------------------------------------------------------------------------------------

  // Directions of the run before are not those of a new one.
  get wantedFrom() {
    const { source, label } = chosen.value;
    const run = source.startsWith("live") ? this.run : "";
    return JSON.stringify([source, run, ["layer", "examples"].includes(this.kind.value) && label]);
  }

  // Another generator, or another latent to start from, may have been chosen while this was out of sight.
  refresh() {
    if (!this.visible) return;
    if (this.wantedFrom !== this.from) this.load();
    else if (this.size) this.draw();
  }

  async load() {
    const { source, label } = chosen.value;
    const [kind, layer] = [this.kind.value, this.layer.value || "first"];
    const wanted = {};
    Object.assign(this, { from: this.wantedFrom, wanted });
    this.mark(kind);
    this.tell(kind === "layer" ? say("directions.computing") : "");
    try {
      const asked = kind === "weights" || kind === "layer" ? kind : "raw";
      const send = () => post("directions", { source, label, kind: asked, layer });
      const answer = await (await untilAnswered(send, (text) => wanted === this.wanted && this.tell(text, true))).json();
      const mine = kind === "saved" ? await this.askSaved(source, answer.latent_size) : null;
      if (wanted === this.wanted) this.take(kind, answer, mine);
    } catch (problem) {
      if (wanted !== this.wanted) return;
      if (kind !== "layer") this.from = null; // the next occasion asks again: perhaps there is a run then
      this.tell(problem.message, true);
    }
  }

  // What the saved ones that fit explain.
  async askSaved(source, size) {
    const items = savedDirections();
    const fitting = items.filter(({ z }) => unpack(z).length === size);
    const request = { source, kind: "given", z: packAll(fitting.map(({ z }) => z)) };
    const shares = fitting.length ? (await (await post("directions", request)).json()).explained : [];
    return items.map((item) => ({ ...item, explained: fitting.includes(item) ? shares[fitting.indexOf(item)] : undefined }));
  }

  mark(kind) {
    this.layer.hidden = kind !== "layer";
    this.examples.root.hidden = kind !== "examples";
    this.again.hidden = kind !== "weights" && kind !== "layer";
    setText(this.kindInfo, say(`directions.kind.${kind}.info`));
  }

  take(kind, answer, saved) {
    this.start(answer.latent_size, answer.layers);
    this.tell(kind === "weights" || kind === "layer" ? say("directions.of", { step: number.format(answer.step) }) : "");
    if (kind === "examples") {
      this.setDirections([], []);
      this.examples.show({ ...chosen.value, run: this.run }, this.size);
    } else if (kind === "saved") {
      const own = (item) => ({ title: item.name, explained: item.explained, own: true, problem: this.problemOf(item) });
      this.setDirections(saved.map(({ z }) => unpack(z)), saved.map(own));
    } else if (kind === "raw") {
      this.setDirections([], answer.explained.map((explained, index) => ({ title: rawTitle(index, answer.voters), explained })));
    } else {
      const titled = (explained, index) => ({ title: `${kind === "layer" ? `${this.layer.value} · ` : ""}${index + 1}`, explained });
      this.setDirections(rowsOf(unpack(answer.directions), this.size), answer.explained.map(titled));
      if (kind === "layer") this.offer(this.layer.selectedOptions[0].textContent);
    }
  }

  problemOf({ name, z }) {
    const theirs = unpack(z).length;
    return theirs === this.size ? "" : say("directions.foreign", { name, theirs, ours: this.size });
  }

  // A generator's latents have their own size: what was moved in another one ends.
  start(size, layers) {
    if (size !== this.size) {
      Object.assign(this, { size, vectors: [], titles: [], base: normals(size, 0), carried: new Float32Array(size), ownZ: "" });
      this.sliders.set([]);
      this.gridLatents = rowsOf(normals(GRID * size, this.gridSeed), size);
    }
    const names = layers.map(([name, kind]) => `${name} · ${kind}`);
    if (names.join() !== this.layerNames) {
      this.layerNames = names.join();
      const before = this.layer.value;
      this.layer.replaceChildren(...layers.map(([name], index) => element("option", { value: name }, names[index])));
      if (layers.some(([name]) => name === before)) this.layer.value = before;
    }
  }

  // What the sliders have moved so far stays where it is: the new ones go on from there.
  setDirections(vectors, items) {
    this.carried = this.offset();
    Object.assign(this, { vectors, titles: items.map(({ title }) => title) });
    this.sliders.set(items);
    this.draw();
  }

  showAttribute(found, count) {
    const titles = ["directions.mean", "directions.separator"].map((key) => say(key));
    const items = titles.map((title, index) => ({ title, explained: found.explained[index] }));
    this.setDirections(rowsOf(unpack(found.directions), this.size), items);
    this.offer(say("directions.kind.examples"));
    const few = count < FEW_EXAMPLES ? ` ${say("directions.accuracy.few")}` : "";
    this.tell(say("directions.accuracy", { share: Math.round(100 * found.accuracy), count }) + few);
  }

  // The map goes along these too.
  offer(title) {
    const { source, label } = chosen.value;
    const name = classes.value[label];
    noteFound(name ? `${title}, ${name}` : title, source, this.vectors.map((vector, index) => ({ name: this.titles[index], z: pack(vector) })));
  }

  vectorOf(index) {
    return this.kind.value === "raw" ? Float32Array.from({ length: this.size }, (_, at) => (at === index ? 1 : 0)) : this.vectors[index];
  }

  // The sum of everything that was moved: (Z,).
  offset() {
    const sum = Float32Array.from(this.carried);
    this.sliders.offsets.forEach((scale, index) => {
      if (!scale) return;
      if (this.vectors.length) addScaled(sum, scale, this.vectors[index]);
      else sum[index] += scale;
    });
    return sum;
  }

  reset() {
    this.carried?.fill(0);
    this.sliders.putAll(() => 0);
  }

  randomise() {
    const deviates = normals(this.sliders.items.length, Math.floor(Math.random() * 2 ** 31));
    this.sliders.putAll((index) => limited(1.5 * deviates[index]), this.sliders.shown);
  }

  // -- saved directions ------------------------------------------------------------------------------------

  async save(vector, title) {
    try {
      const length = vector ? lengthOf(vector) : 0;
      const name = this.name.value.trim() || title;
      saveDirection(name, length ? scaled(vector, 1 / length) : []);
      this.name.value = "";
      if (this.kind.value === "saved") await this.load();
      this.tell(say("directions.saved", { name }));
    } catch (problem) {
      this.tell(problem.message, true);
    }
  }

  remove(index) {
    forgetDirection(index);
    this.load();
  }

  async import(file) {
    try {
      if (!this.size) throw new Error(say("latent.waiting"));
      const names = await importDirections(file.files[0], this.size);
      this.kind.value = "saved";
      await this.load();
      this.tell(say("directions.saved", { name: names.join(", ") }));
    } catch (problem) {
      this.tell(problem.message, true);
    }
    file.value = "";
  }

  // -- pictures --------------------------------------------------------------------------------------------

  startAnew() {
    if (!this.size) return;
    this.base = normals(this.size, Math.floor(Math.random() * 2 ** 31));
    this.draw();
  }

  otherGrid() {
    if (!this.size) return;
    this.gridSeed += 1;
    this.gridLatents = rowsOf(normals(GRID * this.size, this.gridSeed), this.size);
    this.draw();
  }

  // Go on from the latent that others look at, unless it is the one that was drawn here.
  takeCurrent() {
    const { z, size } = current.value;
    if (!z || size !== this.size || z === this.ownZ) return;
    this.base = unpack(z);
  }

  draw() {
    if (!this.visible || !this.size) return;
    this.takeCurrent();
    const offset = this.offset();
    const about = { source: chosen.value, size: this.size, offsets: [...this.sliders.offsets] };
    this.pictures.ask({ z: [pack(addScaled(Float32Array.from(this.base), 1, offset))], ...about });
    const others = new Float32Array(GRID * this.size);
    this.gridLatents.forEach((z, index) => {
      const target = others.subarray(index * this.size, (index + 1) * this.size);
      target.set(z);
      if (this.whole.checked) addScaled(target, 1, offset);
    });
    this.drawGrid({ z: pack(others), ...about });
  }

  // While a hand moves, the large picture leads; the many small ones follow.
  drawGrid(request) {
    if (this.gridTurn.isDue(() => this.drawGrid(request))) this.grids.ask(request);
  }

  showGrid({ bitmap, columns, rows, about }, { size, offsets }) {
    if (size !== about.latent_size) return;
    drawCells(this.grid, bitmap, columns, rows, [...Array(GRID).keys()], GRID_COLUMNS);
    this.grid.dataset.drawn = JSON.stringify(offsets);
  }

  show({ bitmap, columns, rows, about }, { z: [z], size, offsets }) {
    if (size !== this.size || size !== about.latent_size) return; // another generator has just been chosen
    drawCells(this.picture, bitmap, columns, rows, [0], 1);
    this.moved = z;
    if (this.visible) {
      this.ownZ = this.moved;
      current.set({ ...current.value, z: this.moved, size });
    }
    const weights = sayWeights(about.step);
    this.note.classList.remove("fault");
    setText(this.note, about.class ? `${weights}: ${about.class}` : weights);
    this.picture.dataset.drawn = JSON.stringify(offsets);
  }
}

customElements.define("gan-directions", Directions);
