// The Latent tab: asks for pictures as the controls move, one request in flight, the newest wins.
import { askSheet, atTime, choose, chosen, current, Follower, isPast, Newest, rawTitle, time, unpack } from "./latents.js";
import { Panel } from "./panel.js";
import { drawCells } from "./pictures.js";
import { subscribe } from "./stream.js";
import { element, say, sayWeights, setText, sourceName } from "./text.js";

const { principal: PRINCIPAL } = window.ganStudioData;
const STRIP = 9;
const FRAMES_PER_SECOND = 16;
const PATH_REFRESH_MS = 1000;
const VARIATIONS = 16;
const VARY_MS = 200;
const VARY_TIMES = 8;
const PATHS = ["linear", "spherical"];

const FIRST = { source: "live", seed: 0, to_seed: 1 };
const AT_REST = { truncation: 1, principal: [], raw: [] };
const isAtRest = ({ truncation = 1, principal = [], raw = [] }) => truncation === 1 && ![...principal, ...raw].some(Boolean);

const whole = (value) => Math.min(Math.max(Math.floor(Number(value) || 0), 0), 2 ** 31 - 1);
const cells = (first, count, step = 1) => Array.from({ length: count }, (_, index) => first + index * step);

class Latent extends Panel {
  connectedCallback() {
    this.picture = element("canvas", { class: "sheet big", "data-sheet": "picture", width: 28, height: 28 });
    this.variations = element("canvas", { class: "sheet", "data-sheet": "variations", width: 112, height: 112 });
    this.note = element("p", { class: "note" }, say("latent.waiting"));
    const [besideNote, ...beside] = this.buildBeside();
    const own = [this.captioned(say("latent.picture"), this.picture), this.captioned(say("latent.variations"), this.variations)];
    this.figures = element("div", { class: "explore" }, this.note, besideNote, ...own, ...beside);
    this.replaceChildren(this.figures, this.buildPath());
    const problem = (text) => this.showProblem(text);
    const send = (request) => askSheet("latent", request);
    this.varied = new Follower(VARY_MS, VARY_TIMES);
    const sendPicture = (request) => this.varied.lead(() => send({ ...request, variations: this.variationsNow() }));
    this.pictures = new Newest(sendPicture, (...answer) => this.showPicture(...answer), problem);
    this.paths = new Newest(send, (...answer) => this.showPath(...answer), problem);
    this.besides = new Newest(send, (...answer) => this.showBeside(...answer), (text) => this.showBesideProblem(text));
    this.state = timed(window.ganStudio.latest ?? FIRST);
    window.ganStudio.board = this;
    this.label = chosen.value.label;
    this.ends = [
      time.follow(() => this.travel()),
      subscribe((known) => this.weightsChanged(known)),
      chosen.follow(({ label }) => this.classChanged(label)),
      this.nameOpened(),
    ];
    this.watch = new IntersectionObserver(() => {
      if (this.known) this.weightsChanged(this.known);
      this.ask();
    });
    this.watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.pathLater);
    this.varied.stop();
    this.stop();
  }

  captioned(title, ...canvases) {
    for (const canvas of canvases) Object.assign(canvas, { role: "img", ariaLabel: title });
    return element("figure", {}, element("figcaption", {}, element("b", {}, title)), ...canvases);
  }

  // The same latents under another generator.
  buildBeside() {
    this.besidePicture = element("canvas", { class: "sheet big", "data-sheet": "beside-picture", width: 28, height: 28 });
    this.besideVariations = element("canvas", { class: "sheet", "data-sheet": "beside-variations", width: 112, height: 112 });
    this.besideNote = element("p", { class: "note beside-note", role: "status" });
    const figures = [this.captioned(say("latent.picture"), this.besidePicture), this.captioned(say("latent.variations"), this.besideVariations)];
    for (const figure of figures) figure.classList.add("beside-part");
    return [this.besideNote, ...figures];
  }

  buildPath() {
    this.frames = {};
    const rows = PATHS.map((kind) => {
      const strip = element("canvas", { class: "sheet strip", "data-sheet": `strip-${kind}`, width: 28 * STRIP, height: 28 });
      const frame = element("canvas", { class: "sheet frame", "data-sheet": `frame-${kind}`, width: 28, height: 28 });
      this.frames[kind] = { strip, frame };
      return element("div", { class: "row" }, element("small", {}, say(`latent.${kind}`)), strip, frame);
    });
    this.position = element("input", {
      type: "range", min: 0, max: 1, step: 0.001, value: 0, "data-position": "", "aria-label": say("latent.position"),
    });
    this.position.addEventListener("input", () => this.drawFrame());
    this.button = element("button", { type: "button", "data-play": "" }, say("latent.play"));
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
    const scrub = element("div", { class: "scrub" }, this.button, this.position);
    return element("section", { class: "path" }, element("b", {}, say("latent.path")), ...rows, scrub);
  }

  explore(state) {
    const another = state.source !== this.state.source; // the tools go on from its latent
    this.state = state;
    this.ask(another);
  }

  // The same view at the time that has been chosen.
  travel() {
    const state = timed(window.ganStudio.latest ?? FIRST);
    choose(state.source, chosen.value.label);
    this.explore(state);
  }

  // Go on from a latent that was kept or found, instead of from a seed's: it is shown as it is, with every slider at rest.
  startFrom(z, label = this.label) {
    const rest = z ? { ...AT_REST } : {};
    const moved = z && !isAtRest(this.state);
    window.ganStudio.latest = { ...(window.ganStudio.latest ?? FIRST), ...rest, z };
    this.state = { ...this.state, ...rest, z };
    if (moved) document.querySelector("#latent-reset")?.click();
    this.label = label;
    this.ask(true);
  }

  classChanged(label) {
    if (label === this.label) return;
    this.label = label;
    this.ask(true);
  }

  // Also while another inner tab is in front: it may need the picture's latent.
  ask(unseen = false) {
    if (!this.visible && !unseen) return;
    const { label } = this;
    const { source, seed, truncation, to_seed, beside, beside_raw, ...rest } = this.state;
    if (source === "live" && !this.known?.run) return this.showWaiting();
    const picture = { view: "picture", source, seed, truncation, label, ...rest };
    this.pictures.ask(picture);
    this.figures.classList.toggle("beside", Boolean(beside));
    if (beside) this.besides.ask({ ...picture, beside, beside_raw });
    this.askPath({ view: "path", source, seed, truncation, to_seed, label });
  }

  // While a hand moves, the large picture leads, and its variations follow some times a second and at the end.
  variationsNow() {
    return this.varied.isDue(() => this.ask()) ? VARIATIONS : 0;
  }

  // Nothing to draw from yet: weightsChanged asks as soon as there is.
  showWaiting() {
    this.note.classList.remove("fault");
    setText(this.note, say("latent.waiting"));
  }

  // A path is many pictures: it is drawn again when its ends change, and now and then when the weights do.
  askPath(request) {
    const ends = JSON.stringify({ ...request, source: isPast(request.source) ? "live" : request.source });
    const weights = request.source === "live" ? this.weights : request.source;
    if (ends === this.pathEnds) {
      if (weights === this.pathWeights) return;
      const wait = this.pathAsked + PATH_REFRESH_MS - performance.now();
      if (wait > 0) {
        clearTimeout(this.pathLater);
        this.pathLater = setTimeout(() => this.ask(), wait);
        return;
      }
    }
    Object.assign(this, { pathEnds: ends, pathWeights: weights, pathAsked: performance.now() });
    this.paths.ask(request);
  }

  weightsChanged(known) {
    this.known = known;
    this.sizeChanged(known.config?.latent_size);
    const weights = `${known.run} ${known.step}`;
    if (weights === this.weights || !this.visible) return;
    this.weights = weights;
    if ([this.state.source, this.state.beside].includes("live") && known.run) this.ask();
  }

  // A kept latent is no latent of a run with others. Other tabs go on from the new one: ask also when out of sight.
  sizeChanged(size) {
    if (!size || size === this.liveSize) return;
    this.liveSize = size;
    const { source, z } = this.state;
    if (source === "live" && (z || current.value.z)) this.startFrom(z && unpack(z).length === size ? z : "");
  }

  showPicture({ bitmap, about }, request) {
    current.set({ z: about.z, size: about.latent_size, voters: about.voters });
    drawCells(this.picture, bitmap, about.columns, 1, [0], 1);
    if (about.count > 1) drawCells(this.variations, bitmap, about.columns, 1, cells(1, about.count - 1), 4);
    this.describe(about);
    this.picture.dataset.drawn = JSON.stringify(request);
    this.picture.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: request }));
  }

  showBeside({ bitmap, about }, request) {
    drawCells(this.besidePicture, bitmap, about.columns, 1, [0], 1);
    drawCells(this.besideVariations, bitmap, about.columns, 1, cells(1, about.count - 1), 4);
    const other = nameOf(request.beside);
    const name = request.beside_raw ? say("latent.beside.name.raw", { name: other }) : other;
    const weights = sayWeights(about.step);
    this.figures.classList.remove("refused");
    this.besideNote.classList.remove("fault");
    setText(this.besideNote, `${name}: ${weights}${about.class ? `, ${about.class}` : ""}`);
    this.besidePicture.dataset.drawn = JSON.stringify({ ...request, step: about.step });
  }

  showBesideProblem(text) {
    this.figures.classList.add("refused");
    this.besideNote.classList.add("fault");
    setText(this.besideNote, text);
  }

  // Gradio builds the sliders of a closed group when it is opened: they get their names then.
  nameOpened() {
    const opened = ({ target }) => target.closest?.("#latent-raw-group") && setTimeout(() => this.about && this.describe(this.about), 100);
    document.addEventListener("click", opened);
    return () => document.removeEventListener("click", opened);
  }

  describe(about) {
    this.about = about;
    this.note.classList.remove("fault");
    const weights = sayWeights(about.step);
    const named = this.state.beside ? `${nameOf(this.state.source)}: ${weights}` : weights;
    setText(this.note, about.class ? `${named}: ${about.class}` : named);
    about.explained.forEach((share, index) => {
      const info = say("latent.explained", { share: (100 * share).toFixed(1) });
      labelSlider("principal", index, `${index + 1} · ${info}`);
    });
    const first = this.state.raw_start ?? 0;
    for (let index = 0; index < PRINCIPAL; index += 1) {
      hideSlider("principal", index, index >= about.explained.length);
      hideSlider("raw", index, first + index >= about.latent_size);
      labelSlider("raw", index, rawTitle(first + index, about.voters));
    }
  }

  showProblem(text) {
    this.note.classList.add("fault");
    setText(this.note, text);
    this.pathEnds = null;
  }

  showPath({ bitmap, about }) {
    this.sheet = { bitmap, columns: about.columns };
    const step = (about.columns - 1) / (STRIP - 1);
    PATHS.forEach((kind, row) => {
      drawCells(this.frames[kind].strip, bitmap, about.columns, 2, cells(row * about.columns, STRIP, step), STRIP);
    });
    this.drawFrame();
  }

  drawFrame() {
    if (!this.sheet) return;
    const { bitmap, columns } = this.sheet;
    const column = Math.round(Number(this.position.value) * (columns - 1));
    PATHS.forEach((kind, row) => drawCells(this.frames[kind].frame, bitmap, columns, 2, [row * columns + column], 1));
  }

  play() {
    setText(this.button, say("latent.stop"));
    let time = Number(this.position.value);
    this.timer = setInterval(() => {
      if (!this.visible) return;
      time = (time + 1 / 32 / 2) % 2; // there and back again
      this.position.value = time <= 1 ? time : 2 - time;
      this.drawFrame();
    }, 1000 / FRAMES_PER_SECOND);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    setText(this.button, say("latent.play"));
  }
}

// What the controls ask for, at the time that is looked at.
function timed(state) {
  const [source, isBeside] = [atTime(state.source), time.value.beside];
  return isPast(source) && isBeside ? { ...state, source, beside: "live", beside_raw: false } : { ...state, source };
}

function nameOf(source) {
  if (isPast(source)) return say("past.then");
  return source === "live" && time.value.step !== null ? say("past.now") : sourceName(source);
}

function slider(kind, index) {
  return document.querySelector(`#latent-${kind}-${index}`);
}

function labelSlider(kind, index, text) {
  const label = slider(kind, index)?.querySelector('[data-testid="block-info"]');
  if (label) setText(label, text);
}

function hideSlider(kind, index, hidden) {
  slider(kind, index)?.classList.toggle("unused", hidden);
}

// Called by Gradio's controls with all their values, in the order of latent_tab.py.
function explore([source, seed, truncation, spread, toSeed, rawStart, beside, besideRaw, ...offsets]) {
  const before = window.ganStudio.latest ?? {};
  const state = {
    source,
    seed: whole(seed),
    // Another seed, another latent; and another generator may have latents of another size.
    z: before.seed === whole(seed) && before.source === source ? (before.z ?? "") : "",
    truncation,
    spread,
    to_seed: whole(toSeed),
    beside: beside ?? "",
    beside_raw: Boolean(besideRaw),
    raw_start: Math.min(whole(rawStart), 4096),
    principal: offsets.slice(0, PRINCIPAL),
    raw: offsets.slice(PRINCIPAL),
  };
  window.ganStudio.latest = state;
  choose(atTime(state.source), chosen.value.label);
  window.ganStudio.board?.explore(timed(state));
}

window.ganStudio = { explore };
customElements.define("gan-latent", Latent);
