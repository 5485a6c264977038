// The Cloud tab: many generated and real samples as a cloud in the plane.
import { colourOfClass, GENERATED, REAL } from "./colours.js";
import { chosen, goTo, post, askSheet, untilAnswered } from "./latents.js";
import { choice } from "./map.js";
import { Panel } from "./panel.js";
import { decode } from "./pictures.js";
import { element, number, say, setText } from "./text.js";
import { Viewport } from "./viewport.js";
import { followWeights } from "./weights.js";

const REFRESH_MS = 15000;
const BUSY_MS = 300;
const NEAR_PIXELS = 14;
const DOT = 3.2;
const PICTURES_FROM = 2.2; // times as large as the whole cloud: pictures in the place of dots
const WHOLE = 2.15;
const NOBODY = -1;

const counter = (name, value, least, act) => {
  const made = element("input", { type: "number", min: least, max: 2000, step: 50, value, "data-cloud": name });
  made.addEventListener("change", act);
  return made;
};

class CloudView extends Panel {
  connectedCallback() {
    this.pointed = this.selected = NOBODY;
    this.canvas = element("canvas", { class: "map", "data-sheet": "cloud", "aria-label": say("cloud.canvas") });
    this.note = element("p", { class: "note", "data-note": "cloud" }, say("cloud.info"));
    this.legend = element("div", { class: "classes" });
    this.picture = element("canvas", { class: "sheet here", "data-sheet": "cloud-here", width: 28, height: 28, hidden: "" });
    this.who = element("figcaption", { class: "note" });
    this.near = element("div", { class: "near" });
    this.replaceChildren(element("div", { class: "map-row" }, this.canvas, this.buildSide()));
    this.view = new Viewport(this.canvas, {
      onChange: () => this.drawSoon(),
      onHover: (place) => this.hover(place),
      onClick: (place) => this.click(place),
      least: 0.02,
      most: 8,
    });
    this.view.show(0, 0, WHOLE);
    this.ends = [chosen.follow(() => this.ask()), followWeights(() => this.visible, (run) => this.weightsChanged(run), REFRESH_MS)];
    this.watch = new IntersectionObserver(() => this.visible && !this.cloud && this.ask());
    this.watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.view.destroy();
    this.asking?.abort();
  }

  buildSide() {
    const ask = () => this.ask();
    const whats = ["features", "pixels", "latents"];
    this.what = choice("cloud-what", whats, whats.map((what) => say(`cloud.${what}`)), ask);
    this.method = choice("cloud-method", ["pca", "tsne"], [say("cloud.pca"), say("cloud.tsne")], ask);
    this.generated = counter("generated", 1000, 10, ask);
    this.real = counter("real", 1000, 0, ask);
    this.colours = choice("cloud-colours", ["kind", "class"], [say("cloud.by_kind"), say("cloud.by_class")], () => this.recolour());
    const anew = element("button", { type: "button", class: "tool-button", "data-cloud": "again" }, say("cloud.again"));
    anew.addEventListener("click", ask);
    const fit = element("button", { type: "button", class: "tool-button" }, say("map.fit"));
    fit.addEventListener("click", () => this.view.show(0, 0, WHOLE));
    const labelled = (key, control) => element("label", {}, say(key), control);
    return element(
      "div",
      { class: "side" },
      element("div", { class: "pair" }, labelled("cloud.what", this.what), labelled("cloud.method", this.method)),
      element("div", { class: "pair" }, labelled("cloud.generated", this.generated), labelled("cloud.real", this.real)),
      element("div", { class: "pair" }, labelled("cloud.colours", this.colours), element("div", { class: "buttons" }, anew, fit)),
      this.legend,
      this.note,
      element("figure", { class: "hovered" }, this.picture, element("div", {}, this.who, this.near)),
    );
  }

  request() {
    const whole = (input) => Math.min(Math.max(Math.round(Number(input.value) || 0), Number(input.min)), Number(input.max));
    const { source } = chosen.value;
    return { source, what: this.what.value, method: this.method.value, generated: whole(this.generated), real: whole(this.real) };
  }

  // The newest question counts: an older one is taken back.
  async ask() {
    this.cloud = this.visible ? this.cloud : null;
    if (!this.visible) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    this.askedAt = performance.now();
    this.canvas.dataset.complete = "false";
    this.say(say("cloud.computing"));
    try {
      const send = () => post("cloud", this.request(), asking.signal);
      const cloud = await (await untilAnswered(send, (text) => asking === this.asking && this.say(text, true))).json();
      const bitmap = await decode(cloud.png);
      if (asking !== this.asking) return;
      this.adopt(cloud, bitmap);
    } catch (problem) {
      if (asking === this.asking) this.say(problem.message, true);
    }
    if (asking === this.asking) this.asking = null;
  }

  adopt(cloud, bitmap) {
    delete cloud.png;
    const rows = Math.ceil(cloud.count / cloud.columns);
    Object.assign(this, { cloud, bitmap, cell: [bitmap.width / cloud.columns, bitmap.height / rows], pointed: NOBODY, selected: NOBODY });
    const seconds = ((performance.now() - this.askedAt) / 1000).toFixed(1);
    const shown = { what: say(`cloud.${cloud.what}`), step: number.format(cloud.step), seconds };
    const fallback = cloud.what === "pixels" && this.what.value === "features" ? ` ${say("cloud.no_classifier")}` : "";
    this.done = say("cloud.done", shown) + fallback;
    this.say(this.done);
    this.recolour();
    this.canvas.dataset.complete = "true";
  }

  recolour() {
    if (!this.cloud) return;
    const { names, classes, generated, count } = this.cloud;
    const byClass = this.colours.value === "class" && names.length > 0;
    const kind = (i) => (i < generated ? GENERATED : REAL);
    this.colourOf = (i) => (byClass && classes[i] >= 0 ? colourOfClass(classes[i]) : byClass ? "#94a3b8" : kind(i));
    const mark = (colour, text, ring = "") => element("span", { class: "class" }, element("i", { class: ring, style: `background: ${colour}` }), text);
    const seen = [...new Set(classes)].filter((index) => index >= 0).sort((a, b) => a - b);
    const kinds = [mark(GENERATED, say("cloud.is_generated")), ...(count > generated ? [mark(REAL, say("cloud.is_real"))] : [])];
    const listed = seen.slice(0, 16).map((index) => mark(colourOfClass(index), names[index]));
    const rings = [mark("#94a3b8", say("cloud.is_generated")), mark("#94a3b8", say("cloud.is_real"), "ring")];
    this.legend.replaceChildren(...(byClass ? [...listed, ...rings] : kinds));
    this.drawSoon();
  }

  // One that is being computed is waited for; t-SNE takes too long to be renewed for the same run.
  weightsChanged(run) {
    clearTimeout(this.later);
    if (this.asking) {
      this.later = setTimeout(() => this.weightsChanged(run), BUSY_MS);
      return;
    }
    const patient = this.method.value === "tsne" && run === this.run && this.cloud;
    this.run = run;
    if (!patient) this.ask();
  }

  // -- drawing -----------------------------------------------------------------------------------------------

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  placeOf(i) {
    return [this.cloud.places[2 * i], this.cloud.places[2 * i + 1]];
  }

  draw() {
    const { width } = this.canvas;
    const context = this.canvas.getContext("2d", { alpha: false });
    context.fillStyle = document.body.classList.contains("dark") ? "#0b0f19" : "#ffffff";
    context.fillRect(0, 0, width, width);
    if (!this.cloud) return;
    const zoom = WHOLE / this.view.size;
    const side = zoom < PICTURES_FROM ? 0 : Math.min(14 * Math.sqrt(zoom), 64) * devicePixelRatio;
    context.imageSmoothingEnabled = false;
    // Generated and real ones by turns: neither lies over the other.
    const { count, generated } = this.cloud;
    for (let i = 0; i < Math.max(generated, count - generated); i += 1) {
      if (i < generated) this.drawOne(context, i, side);
      if (i < count - generated) this.drawOne(context, generated + i, side);
    }
    if (this.pointed !== NOBODY) this.drawPointed(context);
  }

  drawOne(context, i, side) {
    const [x, y] = this.view.toPixels(this.placeOf(i));
    const margin = Math.max(side, 20);
    if (x < -margin || y < -margin || x > this.canvas.width + margin || y > this.canvas.width + margin) return;
    if (side) this.drawPicture(context, i, x - side / 2, y - side / 2, side);
    else this.drawDot(context, i, x, y);
  }

  drawDot(context, i, x, y) {
    context.beginPath();
    context.arc(x, y, DOT * devicePixelRatio, 0, 2 * Math.PI);
    context.globalAlpha = 0.75;
    const ring = this.colours.value === "class" && i >= this.cloud.generated;
    Object.assign(context, { fillStyle: this.colourOf(i), strokeStyle: this.colourOf(i), lineWidth: 1.6 * devicePixelRatio });
    if (ring) context.stroke();
    else context.fill();
    context.globalAlpha = 1;
  }

  drawPicture(context, i, left, top, side) {
    const [width, height] = this.cell;
    const { columns } = this.cloud;
    const from = [(i % columns) * width, Math.floor(i / columns) * height];
    context.drawImage(this.bitmap, ...from, width, height, left, top, side, side);
    context.strokeStyle = this.colourOf?.(i) ?? GENERATED;
    context.lineWidth = 2 * devicePixelRatio;
    context.strokeRect(left, top, side, side);
  }

  // The picture under the pointer, large, with lines to its neighbours.
  drawPointed(context) {
    const [x, y] = this.view.toPixels(this.placeOf(this.pointed));
    context.strokeStyle = document.body.classList.contains("dark") ? "#e2e8f0" : "#334155";
    context.lineWidth = 1.2 * devicePixelRatio;
    for (const other of this.cloud.neighbours[this.pointed]) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(...this.view.toPixels(this.placeOf(other)));
      context.stroke();
    }
    const side = 56 * devicePixelRatio;
    this.drawPicture(context, this.pointed, x - side / 2, y - side / 2, side);
  }

  // -- the sample under the pointer ------------------------------------------------------------------------------

  nearestTo(place) {
    if (!this.cloud || !place) return NOBODY;
    const reach = (Math.max(NEAR_PIXELS, 7 * Math.sqrt(WHOLE / this.view.size)) * this.view.size) / this.canvas.clientWidth;
    let [best, least] = [NOBODY, reach ** 2];
    for (let i = 0; i < this.cloud.count; i += 1) {
      const distance = (this.cloud.places[2 * i] - place[0]) ** 2 + (this.cloud.places[2 * i + 1] - place[1]) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  hover(place) {
    const near = this.nearestTo(place);
    const found = near === NOBODY ? this.selected : near;
    if (found === this.pointed) return;
    this.pointed = found;
    if (found !== NOBODY) this.show(found);
    this.drawSoon();
  }

  show(i) {
    this.picture.hidden = false;
    this.fill(this.picture, i);
    const { generated, names, classes } = this.cloud;
    const kind = i < generated ? say("cloud.of_seed", { seed: i }) : say("cloud.is_real");
    setText(this.who, classes[i] >= 0 && names.length ? `${kind} · ${names[classes[i]]}` : kind);
    const pictures = this.cloud.neighbours[i].map((other) => {
      const made = element("canvas", { class: "sheet", style: `border-color: ${other < generated ? GENERATED : REAL}` });
      this.fill(made, other);
      return made;
    });
    this.near.replaceChildren(element("small", {}, say("cloud.neighbours")), ...pictures);
    this.canvas.dataset.pointed = i;
  }

  fill(canvas, i) {
    const [width, height] = this.cell;
    Object.assign(canvas, { width, height });
    const from = [(i % this.cloud.columns) * width, Math.floor(i / this.cloud.columns) * height];
    canvas.getContext("2d").drawImage(this.bitmap, ...from, width, height, 0, 0, width, height);
  }

  async click(place) {
    const found = this.nearestTo(place);
    this.selected = found;
    this.hover(place);
    if (found === NOBODY) return;
    const isReal = found >= this.cloud.generated;
    this.say(isReal ? say("cloud.real.picked") : this.done);
    if (isReal) return;
    try {
      const { about } = await askSheet("latent", { source: chosen.value.source, seed: found });
      goTo(about.z, this.cloud.classes[found]);
    } catch (problem) {
      this.say(problem.message, true);
    }
  }
}

customElements.define("gan-cloud", CloudView);
