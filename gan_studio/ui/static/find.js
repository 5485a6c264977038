// The Find tab: a target picture, and the search for the latent that makes it, watched while it goes on.
import { button, field, segments, select, slider } from "./controls.js";
import { base64, Easel } from "./easel.js";
import { Found } from "./found.js";
import { ask, askSheet, chosen, Newest, post } from "./latents.js";
import { Panel } from "./panel.js";
import { drawSheet } from "./pictures.js";
import { subscribe } from "./stream.js";
import { element, say, setText, tell } from "./text.js";

const POLL_MS = 200;
const ANY = "";
const random = () => Math.floor(Math.random() * 1_000_000);
const texts = (prefix, names) => names.map((name) => [name, say(`${prefix}.${name}`)]);

class Find extends Panel {
  connectedCallback() {
    this.note = element("p", { class: "note" }, say("find.lead"));
    this.found = new Found();
    const left = element("div", { class: "find-left" }, this.buildTarget(), this.buildTask(), this.buildSettings());
    this.replaceChildren(this.note, element("div", { class: "find-columns" }, left, this.found.body));
    this.seen = new Newest((request) => askSheet("find/seen", request), ({ bitmap }, { task }) => task === this.task.dataset.value && drawSheet(this.found.seen, bitmap), (text) => this.say(text, true));
    this.abouts = new Newest(({ source }) => post("find/about", { source }).then((answer) => answer.json()), (about) => this.meet(about), (text) => this.refuse(text));
    this.take("real");
    this.choose("find");
    this.ends = [chosen.follow(({ source }) => this.ask(source)), subscribe(({ run }) => this.runChanged(run))];
    this.watch = new IntersectionObserver(() => this.ask(chosen.value.source));
    this.watch.observe(this);
  }

  // -- building ------------------------------------------------------------------------------------------

  buildTarget() {
    this.canvas = element("canvas", { class: "sheet easel", width: 28, height: 28, "data-sheet": "target", "aria-label": say("find.target") });
    this.easel = new Easel(this.canvas, () => this.look());
    this.from = segments("from", texts("find.from", ["real", "upload", "draw"]), "real", (kind) => this.take(kind, true));
    this.realClass = select("real-class", [[ANY, say("find.any")]], () => this.anotherReal());
    const another = button("another", say("find.another"), () => this.anotherReal());
    this.real = element("div", { class: "tools" }, this.realClass, another);
    const file = element("input", { type: "file", accept: "image/*", hidden: "", "data-field": "file" });
    file.addEventListener("change", () => file.files[0] && this.upload(file.files[0]).finally(() => (file.value = "")));
    this.uploadRow = element("div", { class: "tools" }, button("upload", say("find.choose_file"), () => file.click()), file);
    this.canvas.addEventListener("dragover", (event) => event.preventDefault());
    this.canvas.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.upload(event.dataTransfer.files[0]);
    });
    this.pen = segments("pen", texts("find", ["pen", "rubber"]), "pen", () => this.useTool());
    this.colour = element("input", { type: "color", value: "#ffffff", "aria-label": say("find.ink") });
    this.colour.addEventListener("input", () => (this.easel.ink = this.colour.value));
    this.draw = element("div", { class: "tools" }, this.pen, this.colour);
    this.brush = segments("brush", texts("find", ["hole", "patch"]), "hole", () => this.useTool());
    this.width = slider("width", say("find.width"), { min: 1, max: 10, step: 0.5, value: 2.5 }, () => this.useTool());
    const undo = button("undo", say("find.undo"), () => this.easel.undo());
    this.strokes = element("div", { class: "tools" }, this.width, undo, button("clear", say("find.clear"), () => this.easel.clear()));
    return element("section", {}, element("b", {}, say("find.target")), this.from, this.real, this.uploadRow, this.draw, this.canvas, this.brush, this.strokes);
  }

  buildTask() {
    this.task = segments("task", texts("find.task", ["find", "fill", "denoise", "enlarge"]), "find", (task) => this.choose(task));
    this.taskInfo = element("small", {});
    const percent = (value) => `${Math.round(50 * value)} %`; // of the range of pixels, which is 2
    this.noise = slider("noise", say("find.noise"), { min: 0.1, max: 2, step: 0.1, value: 0.6, show: percent }, () => this.look());
    this.factor = segments("factor", [2, 4, 7].map((factor) => [String(factor), `÷ ${factor}`]), "4", () => this.look());
    return element("section", {}, element("b", {}, say("find.task")), this.task, this.taskInfo, this.noise, this.factor);
  }

  buildSettings() {
    this.searchClass = select("class", [[ANY, say("find.each_class")]], () => (this.classChosen = true));
    this.classField = field(say("find.class"), this.searchClass);
    this.restarts = slider("restarts", say("find.restarts"), { min: 1, max: 16, step: 1, value: 8 });
    this.steps = slider("steps", say("find.steps"), { min: 50, max: 500, step: 10, value: 200 });
    const power = (value) => (value <= -5 ? 0 : 10 ** value);
    this.prior = slider("prior", say("find.prior"), { min: -5, max: 0, step: 0.5, value: -3, show: (value) => power(value).toPrecision(1) });
    this.priorValue = () => power(this.prior.value);
    this.seed = element("input", { type: "number", min: 0, max: 2 ** 31 - 1, value: 0, "data-field": "seed" });
    this.seed.addEventListener("change", () => this.look());
    const more = element("details", {}, element("summary", {}, say("find.settings")), this.restarts, this.steps, this.prior, field(say("find.seed"), this.seed));
    this.startButton = button("start", say("find.start"), () => this.start(), "primary");
    this.stopButton = button("stop", say("find.stop"), () => this.stop());
    this.stopButton.disabled = true;
    return element("section", {}, this.classField, more, element("div", { class: "tools" }, this.startButton, this.stopButton));
  }

  // -- the generator -------------------------------------------------------------------------------------

  ask(source) {
    if (!this.visible || this.known === source) return;
    this.known = source;
    this.abouts.ask({ source });
  }

  runChanged(run) {
    if (run === this.run) return;
    this.run = run;
    if (chosen.value.source !== "live") return;
    this.known = null;
    this.ask("live");
  }

  meet(about) {
    this.say(say("find.lead"));
    this.startButton.disabled = false;
    const names = about.classes.map((name, index) => [index, name]);
    this.realClass.hidden = !names.length;
    this.realClass.fill([[ANY, say("find.any")], ...names]);
    this.classField.hidden = !about.conditional;
    this.searchClass.fill([[ANY, say("find.each_class")], ...names]);
    this.colour.hidden = about.shape[0] === 1;
    const same = JSON.stringify(about.shape) === JSON.stringify(this.about?.shape);
    this.about = about;
    this.found.size = about.latent_size;
    if (same) return;
    this.turn = {};
    this.found.clear(about.shape);
    this.easel.reset(about.shape);
    this.easel.ink = about.shape[0] === 1 ? "#ffffff" : this.colour.value;
    if (this.from.dataset.value === "real") this.anotherReal();
  }

  refuse(text) {
    this.say(text, true);
    this.startButton.disabled = true;
    this.about = this.known = null;
  }

  // -- the target ----------------------------------------------------------------------------------------

  take(kind, byHand = false) {
    this.real.hidden = kind !== "real";
    this.uploadRow.hidden = kind !== "upload";
    this.draw.hidden = kind !== "draw";
    this.useTool();
    if (!byHand || !this.about) return;
    this.turn = {};
    this.typical = null;
    if (kind === "real") this.anotherReal();
    if (kind === "draw") {
      this.easel.remember();
      this.easel.fill();
      this.easel.uncover();
      this.easel.changed();
    }
  }

  useTool() {
    const filling = this.task.dataset?.value === "fill";
    const drawing = this.from.dataset.value === "draw";
    this.brush.hidden = !filling;
    this.strokes.hidden = !filling && !drawing;
    this.easel.width = this.width.value * ((this.about?.shape[2] ?? 28) / 28);
    this.easel.use(filling ? this.brush.dataset.value : drawing ? this.pen.dataset.value : "none");
  }

  // Pictures that were asked for before the newest one (`turn`) come too late.
  async anotherReal() {
    const turn = (this.turn = {});
    const label = this.realClass.value === ANY ? null : Number(this.realClass.value);
    try {
      const { bitmap, about } = await askSheet("find/real", { source: chosen.value.source, label, seed: random() });
      if (turn !== this.turn) return;
      this.typical = about.typical && { value: about.typical, name: about.class };
      if (this.about?.conditional && !this.classChosen) this.searchClass.value = String(about.label);
      this.say(say("find.lead"));
      this.easel.put(bitmap);
    } catch (problem) {
      if (turn === this.turn) this.say(problem.message, true);
    }
  }

  async upload(file) {
    const turn = (this.turn = {});
    const query = `source=${encodeURIComponent(chosen.value.source)}`;
    try {
      const answer = await ask(`find/upload?${query}`, { method: "POST", body: file });
      const bitmap = await createImageBitmap(await answer.blob());
      if (turn !== this.turn) return;
      this.typical = null;
      this.from.choose("upload");
      this.take("upload");
      this.say(say("find.lead"));
      this.easel.put(bitmap);
    } catch (problem) {
      if (turn === this.turn) this.say(problem.message, true);
    }
  }

  // -- the task ------------------------------------------------------------------------------------------

  choose(task) {
    setText(this.taskInfo, say(`find.task.${task}.info`));
    this.noise.hidden = task !== "denoise";
    this.factor.hidden = task !== "enlarge";
    if (task !== "fill") this.easel.uncover();
    if (this.easel.ready) this.easel.show();
    this.useTool();
    this.look();
  }

  problem() {
    const task = this.task.dataset.value;
    return {
      source: chosen.value.source,
      task,
      pixels: base64(this.easel.pixels()),
      mask: task === "fill" ? base64(this.easel.mask()) : "",
      noise: this.noise.value,
      factor: Number(this.factor.dataset.value),
      seed: Math.min(Math.max(Math.floor(Number(this.seed.value) || 0), 0), 2 ** 31 - 1),
    };
  }

  // What the search will see.
  look() {
    if (!this.about) return;
    const task = this.task.dataset.value;
    if (task === "denoise" || task === "enlarge") this.seen.ask(this.problem());
    else drawSheet(this.found.seen, this.canvas);
  }

  // -- the search ----------------------------------------------------------------------------------------

  async start() {
    if (this.task.dataset.value === "fill" && !this.easel.covered) return this.say(say("find.cover_first"), true);
    const label = this.searchClass.value === ANY ? null : Number(this.searchClass.value);
    const settings = { label, restarts: this.restarts.value, steps: this.steps.value, prior: this.priorValue() };
    try {
      const { search } = await (await post("find", { ...this.problem(), ...settings })).json();
      this.found.begin(this.about, this.typical, this.task.dataset.value, this.easel);
      this.search = search;
      this.stopButton.disabled = false;
      this.follow(search);
    } catch (problem) {
      this.say(problem.message, true);
    }
  }

  stop() {
    post("find/stop", { search: this.search }).catch((problem) => this.say(problem.message, true));
  }

  async follow(search) {
    clearTimeout(this.later);
    let active = true;
    try {
      const progress = await (await ask(`find?search=${search}&step=${this.found.step}`)).json();
      if (search !== this.search) return; // another one has begun
      active = progress.state === "waiting" || progress.state === "running";
      await this.found.show(progress);
      this.say(progress.state === "failed" ? tell(progress.message) : say("find.lead"), progress.state === "failed");
    } catch (problem) {
      if (search !== this.search) return;
      active = Boolean(problem.lost); // the server is away: perhaps not for long
      if (!active) this.say(problem.message, true);
    }
    this.stopButton.disabled = !active;
    this.dataset.state = active ? "running" : "idle";
    if (active) this.later = setTimeout(() => this.follow(search), POLL_MS);
  }
}

customElements.define("gan-find", Find);
