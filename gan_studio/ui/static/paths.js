// The Paths tab: key frames, the straight way and the great arc between them played side by side, and their curves.
import { Chart } from "./chart.js";
import { KeyFrames, letter, MOST_KEYS, MOST_PER_SEGMENT, mostFrames, readKeys } from "./keyframes.js";
import { chosen, current, Newest, pack, picked, pickedLatents, post, unpack } from "./latents.js";
import { Panel } from "./panel.js";
import { decode } from "./pictures.js";
import { Player } from "./player.js";
import { subscribe } from "./stream.js";
import { element, number, say, sayWeights, setText } from "./text.js";

const COLOURS = { linear: "#e8702a", spherical: "#3b82f6", walk: "#8b5cf6" };
const FORMATS = ["mp4", "gif", "webp", "png"];
const REFRESH_MS = 4000;
const REST = 5; // while training goes on, a path takes at most one part in six of the time
const FIRST_SEEDS = [0, 1, 2, 3];
const FIRST_FRAMES = 24;
const MOST_MARKERS = 12;

const seedKey = (seed) => ({ name: say("paths.seed", { seed }), label: 0, seed });
const anySeed = () => Math.floor(Math.random() * 1000000);
const titles = () => ({ linear: say("latent.linear"), spherical: say("latent.spherical"), walk: say("paths.walk") });

class Paths extends Panel {
  connectedCallback() {
    this.keys = new KeyFrames(() => this.ask(), (place) => this.player.go(this.stops?.[place] ?? 0));
    this.player = new Player((frame) => this.moved(frame), () => this.visible);
    this.charts = {};
    this.build();
    this.paths = new Newest((request) => this.fetchPath(request), (answer, request) => this.show(answer, request), (text) => this.problem(text));
    this.curves = new Newest(
      async (request) => (await post("path/curves", request)).json(),
      (answer) => this.showCurves(answer),
      (text) => setText(this.measured, text),
    );
    this.useSeeds(FIRST_SEEDS);
    this.ends = [
      picked.follow(() => this.takePicked()),
      chosen.follow(() => this.ask()),
      subscribe((known) => this.weightsChanged(known)),
    ];
    this.watch = new IntersectionObserver(() => this.visible && this.ask());
    this.watch.observe(this);
    this.themeWatch = new MutationObserver(() => Object.values(this.charts).forEach((chart) => chart.plot && chart.build()));
    this.themeWatch.observe(document.body, { attributeFilter: ["class"] });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.themeWatch.disconnect();
    this.player.destroy();
  }

  // -- what is on the screen ---------------------------------------------------------------------------------

  build() {
    this.note = element("p", { class: "note" }, say("latent.waiting"));
    this.from = element("small", {}, say("paths.from.seeds"));
    const add = this.button("add", () => this.keys.add(seedKey(anySeed())));
    const here = this.button("add.here", () => current.value.z && this.keys.add({ name: say("paths.here"), label: chosen.value.label, z: current.value.z }));
    const dice = this.button("dice", () => this.useSeeds(this.keys.keys.map(anySeed)));
    const settings = this.buildSettings();
    const bar = element("div", { class: "bar" }, element("b", {}, say("paths.keys")), add, here, dice, this.files);
    this.measured = element("small", {});
    this.values = {};
    const charts = ["norm", "score", "distance"].map((name) => this.buildChart(name));
    this.sections = element(
      "div",
      { class: "path-board" },
      element("section", {}, this.player.screens, this.player.transport, this.player.strips, element("small", {}, say("paths.keyboard")), element("small", {}, say("paths.about"))),
      element("section", { class: "path-curves" }, ...charts, this.measured),
    );
    this.replaceChildren(bar, element("div", { class: "path-top" }, this.keys.element, settings), element("div", { class: "bar" }, this.note, this.from), this.sections);
  }

  button(name, act) {
    const made = element("button", { type: "button", class: "tool-button", "data-path": name }, say(`paths.${name}`));
    made.addEventListener("click", act);
    return made;
  }

  buildSettings() {
    this.controls = {
      mode: this.choice("mode", ["keys", "walk"]),
      easing: this.choice("easing", ["none", "smooth", "segment"]),
      frames: this.control("frames", { type: "range", min: 2, max: MOST_PER_SEGMENT, value: FIRST_FRAMES }),
      segments: this.control("segments", { type: "range", min: 1, max: MOST_KEYS, value: 4 }),
      walk_seed: this.control("walk_seed", { type: "number", min: 0, max: 2 ** 31 - 1, value: 0 }),
      closed: this.control("closed", { type: "checkbox" }),
      morph: this.control("morph", { type: "checkbox" }),
    };
    this.atMost = element("small", { "data-path": "most" });
    this.controls.frames.label.append(this.atMost);
    this.format = element("select", { "data-path": "format", "aria-label": say("paths.film") }, ...FORMATS.map((kind) => element("option", { value: kind }, kind.toUpperCase())));
    this.row = element("select", { "data-path": "row", "aria-label": say("paths.row") });
    this.film = this.button("film", () => this.saveFilm());
    this.file = element("input", { type: "file", accept: ".json", hidden: "" });
    this.file.addEventListener("change", () => this.load());
    this.files = element("span", { class: "files" }, this.row, this.format, this.film, this.button("save", () => this.save()), this.button("load", () => this.file.click()), this.file);
    return element("div", { class: "path-settings" }, ...Object.values(this.controls).map(({ label }) => label));
  }

  choice(name, options) {
    const input = element("select", { "data-path": name }, ...options.map((value) => element("option", { value }, say(`paths.${name}.${value}`))));
    return this.labelled(name, input);
  }

  control(name, attributes) {
    return this.labelled(name, element("input", { "data-path": name, ...attributes }));
  }

  labelled(name, input) {
    const value = element("output", {}, input.type === "range" ? input.value : "");
    const label = element("label", { "data-setting": name }, `${say(`paths.${name}`)} `, input, value);
    input.addEventListener(input.type === "range" ? "input" : "change", () => {
      if (input.type === "range") setText(value, input.value);
      if (name === "frames") this.framesWanted = Number(input.value);
      this.ask();
    });
    return { label, input, value };
  }

  buildChart(name) {
    const frame = element("div", { class: "chart", "data-chart": `path-${name}` });
    this.values[name] = element("span", { class: "values" });
    const caption = element("figcaption", {}, element("b", {}, say(`paths.${name}`)), this.values[name], element("small", {}, say(`paths.${name}.info`)));
    frame.addEventListener("click", () => {
      const { plot } = this.charts[name] ?? {};
      if (plot?.cursor.left >= 0) this.player.go(Math.min(Math.max(Math.round(plot.posToVal(plot.cursor.left, "x")), 0), this.player.count - 1));
    });
    return element("figure", { "data-curve": name }, caption, frame);
  }

  // Charts for the rows that there are; `probability`: scores are from 0 to 1.
  makeCharts(names, probability) {
    const made = `${names} ${probability}`;
    if (this.made === made) return;
    this.made = made;
    const series = names.map((key) => ({ key, label: titles()[key], color: COLOURS[key] }));
    for (const figure of this.querySelectorAll("[data-curve]")) {
      const name = figure.dataset.curve;
      this.charts[name]?.destroy();
      this.values[name].replaceChildren(...names.map((key) => element("output", { style: `color:${COLOURS[key]}`, "data-value": key })));
      const range = name === "score" && probability ? [0, 1] : undefined;
      this.charts[name] = new Chart(figure.querySelector(".chart"), element("div"), { unit: "", series, range, x: say("paths.frame"), wide: true });
    }
  }

  // -- key frames and settings -------------------------------------------------------------------------------

  // The picked latents in their order; fewer than two make no path.
  takePicked() {
    const items = pickedLatents();
    if (items.length < 2) {
      if (this.taken) this.useSeeds(FIRST_SEEDS);
      return;
    }
    this.taken = true;
    this.origin(items.length > MOST_KEYS ? say("paths.most", { most: MOST_KEYS }) : say("paths.from.tray"));
    this.keys.change(items.map(({ name, label, z }) => ({ name, label, z })));
  }

  useSeeds(seeds) {
    this.taken = false;
    this.origin(say("paths.from.seeds"));
    const known = this.keys.classes.length || MOST_KEYS;
    this.keys.change(seeds.map((seed, place) => ({ ...seedKey(seed), label: place % known })));
  }

  // The more segments, the fewer frames to each: as many as were wished for, or as may be.
  limitFrames() {
    const { mode, frames, segments, closed } = this.controls;
    const between = this.keys.keys.length - (closed.input.checked ? 0 : 1);
    const most = mostFrames(mode.input.value === "walk" ? Number(segments.input.value) : Math.max(between, 1));
    frames.input.max = most;
    frames.input.value = Math.min(this.framesWanted ?? FIRST_FRAMES, most);
    setText(frames.value, frames.input.value);
    setText(this.atMost, most < MOST_PER_SEGMENT ? say("paths.frames.most", { most }) : "");
  }

  settings() {
    const { mode, easing, frames, segments, walk_seed, closed, morph } = this.controls;
    return {
      mode: mode.input.value,
      easing: easing.input.value,
      frames: Number(frames.input.value),
      segments: Number(segments.input.value),
      walk_seed: Math.min(Math.max(Math.floor(Number(walk_seed.input.value) || 0), 0), 2 ** 31 - 1),
      closed: closed.input.checked,
      morph: morph.input.checked,
    };
  }

  request() {
    const keys = this.keys.keys.map(({ z, seed, label }) => (z ? { z, label } : { seed, label }));
    return { ...this.settings(), source: chosen.value.source, label: chosen.value.label, keys };
  }

  // -- asking and showing ------------------------------------------------------------------------------------

  ask() {
    this.limitFrames();
    this.classList.toggle("walking", this.controls.mode.input.value === "walk");
    this.classList.toggle("morphing", this.controls.morph.input.checked);
    for (const button of this.querySelectorAll('[data-path^="add"]')) button.disabled = this.keys.keys.length >= MOST_KEYS;
    if (!this.visible) return;
    const request = this.request();
    const wanted = JSON.stringify(request);
    const weights = request.source === "live" ? this.weights : "saved";
    const again = wanted === this.asked;
    if (again && weights === this.askedWeights) return;
    clearTimeout(this.later);
    // Training goes on: the path is drawn anew now and then.
    const wait = again ? this.askedAt + Math.max(REFRESH_MS, REST * (this.took ?? 0)) - performance.now() : 0;
    if (wait > 0) {
      this.later = setTimeout(() => this.ask(), wait);
      return;
    }
    Object.assign(this, { again, asked: wanted, askedWeights: weights, askedAt: performance.now() });
    this.paths.ask(request);
  }

  weightsChanged({ run, step }) {
    this.weights = `${run} ${step}`;
    if (chosen.value.source === "live" && run) this.ask();
  }

  async fetchPath(request) {
    const answer = await (await post("path", request)).json();
    return { ...answer, bitmap: await decode(answer.png) };
  }

  show(answer, request) {
    const names = Object.keys(answer.norms);
    const titled = names.map((name) => ({ name, title: titles()[name], colour: COLOURS[name] }));
    const same = this.names === `${names}` && this.player.count === answer.count && this.again;
    Object.assign(this, { names: `${names}`, stops: answer.stops, size: answer.latent_size, about: answer, marks: this.marksOf(answer, request) });
    this.classList.toggle("conditional", answer.classes.length > 0);
    this.makeCharts(names, this.probability ?? true);
    this.player.show(answer, answer.count, titled);
    this.keys.setClasses(answer.classes);
    this.keys.draw(answer, answer.stops);
    if (!same) this.row.replaceChildren(...titled.map(({ name, title }) => element("option", { value: name, ...(name === "spherical" ? { selected: "" } : {}) }, title)));
    this.describe(answer, same);
    const [low, middle, high] = answer.shell;
    this.draw("norm", answer.norms, { value: middle, low, high, text: "√Z" });
    if (!same) for (const name of ["score", "distance"]) this.draw(name, {});
    this.dataset.drawn = JSON.stringify(request);
    this.curves.ask(request);
  }

  describe({ step, count }, again) {
    const { source } = chosen.value;
    const anew = again && source === "live" && this.step !== step;
    this.step = step;
    this.note.classList.remove("fault");
    setText(this.note, `${anew ? say("paths.anew", { step: number.format(step) }) : sayWeights(step)} · ${say("paths.count", { count })}`);
    this.note.classList.toggle("anew", false);
    if (anew) requestAnimationFrame(() => this.note.classList.add("anew"));
  }

  // Where the key frames are or, on a walk from class to class, which class it comes to.
  marksOf({ stops, through, classes }, { mode, frames }) {
    const classAt = (label, place) => ({ step: place * frames, text: classes[label].slice(0, 12) });
    const marks = mode === "walk" && through.length ? through.map(classAt) : stops.map((step, place) => ({ step, text: letter(place) }));
    const every = Math.ceil(marks.length / MOST_MARKERS);
    return marks.filter((_, place) => place % every === 0);
  }

  draw(name, rows, level) {
    const { count } = this.about;
    const step = Array.from({ length: count }, (_, frame) => frame);
    const columns = Object.fromEntries(this.names.split(",").map((key) => [key, rows[key] ?? step.map(() => null)]));
    this.charts[name].show({ step, ...columns }, this.marks, 0, level);
    this.rows = { ...this.rows, [name]: rows };
    this.point(name, this.player.at);
  }

  // The cursor of a chart, and its values there.
  point(name, frame) {
    this.charts[name].pointAt(frame);
    for (const output of this.values[name].children) {
      const value = this.rows?.[name]?.[output.dataset.value]?.[frame];
      setText(output, value === undefined || value === null ? "–" : String(Number(value.toPrecision(3))));
    }
  }

  showCurves(curves) {
    const rows = Object.values(curves.scores);
    if (!rows.length || `${Object.keys(curves.scores)}` !== this.names || rows[0].length !== this.about.count) return; // of a path before this
    if (this.probability !== curves.is_probability) {
      this.probability = curves.is_probability;
      this.makeCharts(this.names.split(","), this.probability);
      const [low, middle, high] = this.about.shell;
      this.draw("norm", this.about.norms, { value: middle, low, high, text: "√Z" });
    }
    const line = curves.threshold === null ? undefined : { value: curves.threshold, text: say("paths.threshold") };
    this.draw("score", curves.scores, line);
    this.draw("distance", curves.distances);
    const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);
    const lengths = Object.entries(curves.distances).map(([name, values]) => `${titles()[name]} ${Number(sum(values).toPrecision(3))}`);
    const known = { points: say("paths.in.points"), pixels: say("paths.in.pixels") };
    setText(this.measured, `${say("paths.measured", { what: known[curves.measured_in] ?? curves.measured_in })} ${say("paths.length", { lengths: lengths.join(", ") })}`);
    this.took = performance.now() - this.askedAt;
    this.dataset.measured = curves.step;
  }

  moved(frame) {
    for (const name of Object.keys(this.charts)) this.point(name, frame);
    if (this.stops) this.keys.mark(this.stops.findLastIndex((stop) => stop <= frame));
  }

  problem(text) {
    this.note.classList.add("fault");
    setText(this.note, text);
    this.askedWeights = null; // ask again, but not at once
  }

  // Where the key frames are from, or why they are not from elsewhere.
  origin(text, fault = false) {
    setText(this.from, text);
    this.from.classList.toggle("fault", fault);
  }

  // -- files -------------------------------------------------------------------------------------------------

  offer(blob, name) {
    const url = URL.createObjectURL(blob);
    element("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  async saveFilm() {
    this.film.disabled = true;
    setText(this.film, say("paths.film.wait"));
    try {
      const wanted = { row: this.row.value, format: this.format.value, frames_per_second: Number(this.player.speed.value) };
      const answer = await post("path/film", { ...this.request(), ...wanted });
      this.offer(await answer.blob(), `path-${wanted.row}.${wanted.format}`);
    } catch (problem) {
      this.origin(problem.message, true);
    }
    this.film.disabled = false;
    setText(this.film, say("paths.film"));
  }

  save() {
    const keys = this.keys.keys.map(({ z, ...rest }) => (z ? { ...rest, z: Array.from(unpack(z)) } : rest));
    const path = { latent_size: this.size, ...this.settings(), speed: Number(this.player.speed.value), keys };
    this.offer(new Blob([JSON.stringify({ path })], { type: "application/json" }), "path.json");
  }

  async load() {
    try {
      const { path } = JSON.parse(await this.file.files[0].text());
      const keys = readKeys(path.keys);
      const sizes = [path.latent_size, ...keys.map(({ z }) => z?.length)].filter((size) => size !== undefined);
      const foreign = this.size && sizes.find((size) => size !== this.size);
      if (foreign) this.origin(say("paths.foreign", { there: foreign, here: this.size }), true);
      else this.use(path, keys);
    } catch {
      this.origin(say("paths.unreadable"), true);
    }
    this.file.value = "";
  }

  // Controls take only what they can hold; the rest of a file is left aside.
  use(path, keys) {
    if (!keys.length) throw new Error();
    for (const [name, { input, value }] of Object.entries(this.controls)) {
      const before = input.value;
      if (input.type === "checkbox") input.checked = path[name] === true;
      else if (path[name] !== undefined) input.value = path[name];
      if (input.value === "") input.value = before; // not one of the choices
      if (input.type === "range") setText(value, input.value);
    }
    this.framesWanted = Number(path.frames) || FIRST_FRAMES;
    this.player.speed.value = path.speed ?? 24;
    this.player.speed.dispatchEvent(new Event("input"));
    this.taken = false;
    this.origin(say("paths.from.file"));
    this.keys.change(keys.map((key) => (key.z ? { ...key, z: pack(key.z) } : key)));
  }
}

customElements.define("gan-paths", Paths);
