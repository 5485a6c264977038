// The Map tab: a plane through the latent space as pictures that fill in from coarse to fine, and heat maps over it.
import { Axes } from "./axes.js";
import { HeatLegend } from "./heat_legend.js";
import { chosen, current, goTo, keep, pack, packAll, picked, pickedLatents, post, askSheet, unpack, untilAnswered } from "./latents.js";
import { Lattice, nearestPoint, pointsIn, spacingOf } from "./lattice.js";
import { Panel } from "./panel.js";
import { element, say, setText } from "./text.js";
import { Viewport } from "./viewport.js";
import { followWeights } from "./weights.js";

const REFRESH_MS = 3000;
const BUSY_MS = 300;
const HEAT_REFRESH_MS = 12000;
const PREPARING_MS = 1000;
const COARSE_TO_FINE = [8, 4, 2, 1];
const HEATS = ["none", "score", "class", "pixels", "features"];
const MARK = "#facc15";

const button = (name, text, act) => {
  const made = element("button", { type: "button", class: "tool-button", "data-map": name }, text);
  made.addEventListener("click", act);
  return made;
};

export const choice = (name, values, labels, act) => {
  const options = values.map((value, i) => element("option", { value }, labels[i]));
  const made = element("select", { "data-choice": name }, ...options);
  made.addEventListener("change", act);
  return made;
};

class LatentMap extends Panel {
  connectedCallback() {
    this.seed = 0;
    this.canvas = element("canvas", { class: "map", "data-sheet": "map", "aria-label": say("map.canvas") });
    this.picture = element("canvas", { class: "sheet here", "data-sheet": "map-here", width: 28, height: 28, hidden: "" });
    this.where = element("p", { class: "note" });
    this.note = element("p", { class: "note", "data-note": "map" }, say("map.info"));
    this.legend = new HeatLegend();
    this.replaceChildren(element("div", { class: "map-row" }, this.canvas, this.buildSide()));
    this.info = say("map.info");
    const problem = (text) => this.say(text, true);
    this.pictures = new Lattice((...asked) => this.askPictures(...asked), () => this.picturesCame(), problem);
    // One at a time: the first answer says of which weights all of them are to be.
    this.heat = new Lattice((...asked) => this.askHeat(...asked), () => this.heatCame(), (...problem) => this.heatFailed(...problem), 1);
    this.view = new Viewport(this.canvas, {
      onChange: () => this.moved(),
      onHover: (place) => this.hover(place),
      onClick: (place) => this.click(place),
      most: 512,
    });
    this.ends = [
      chosen.follow(() => this.restart()),
      picked.follow(() => this.through.value === "picked" && this.restart(true)),
      current.follow(({ size }) => size !== this.latentSize && this.restart(true)),
      followWeights(() => this.visible, (run) => this.weightsChanged(run), REFRESH_MS),
    ];
    this.watch = new IntersectionObserver(() => this.visible && this.wake());
    this.watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.axes.end();
    this.view.destroy();
  }

  buildSide() {
    this.through = choice("through", ["picked", "directions"], [say("map.through.picked"), say("map.through.directions")], () => this.restart(true));
    this.axes = new Axes(() => this.through.value === "directions" && this.restart(true));
    this.anew = button("anew", say("map.seeds"), () => this.chooseAnew());
    this.over = choice("heat", HEATS, HEATS.map((kind) => say(`map.heat.${kind}`)), () => this.heatChosen());
    const zooms = element(
      "div",
      { class: "buttons" },
      button("in", "+", () => this.view.zoom(2)),
      button("out", "−", () => this.view.zoom(0.5)),
      button("fit", say("map.fit"), () => this.fit()),
      button("keep", say("map.keep"), () => this.here && keep(this.latentAt(this.here))),
    );
    return element(
      "div",
      { class: "side" },
      element("label", {}, say("map.through"), this.through),
      this.axes.element,
      element("div", { class: "buttons" }, this.anew),
      zooms,
      element("label", {}, say("map.heat"), this.over),
      this.legend,
      element("figure", {}, this.picture, element("figcaption", {}, this.where)),
      this.note,
    );
  }

  chooseAnew() {
    this.seed = Math.floor(Math.random() * 1_000_000);
    this.restart(true);
  }

  // Another generator, class or plane. The view stays unless the plane is another one.
  restart(elsewhere = false) {
    this.stale = true;
    this.refit ||= elsewhere;
    if (this.visible) this.wake();
  }

  wake() {
    if (this.stale) this.askPlane();
    else this.moved();
  }

  planeRequest() {
    const { source } = chosen.value;
    if (this.through.value === "directions") {
      return { source, through: "directions", z: current.value.z, directions: this.axes.directions };
    }
    const known = pickedLatents(3);
    if (known.length === 3) return { source, through: "latents", z: packAll(known.map(({ z }) => z)) };
    return { source, through: "seeds", seed: this.seed };
  }

  async askPlane() {
    const request = this.planeRequest();
    const { through } = request;
    this.axes.element.hidden = through !== "directions";
    this.anew.hidden = through === "latents";
    setText(this.anew, say(through === "directions" ? "map.present" : "map.seeds"));
    const turn = (this.turn = {});
    const problem = (text) => turn === this.turn && this.say(text, true);
    try {
      if (through === "directions" && !request.z) throw new Error(say("latent.waiting"));
      const answer = await (await untilAnswered(() => post("plane", request), problem)).json();
      if (turn !== this.turn) return;
      this.stale = false;
      this.adopt(answer, through);
    } catch ({ message }) {
      problem(message);
    }
  }

  adopt({ plane, marks, latent_size: size }, through) {
    const numbers = unpack(plane);
    const another = plane !== this.plane;
    const axes = [0, 1, 2].map((row) => numbers.subarray(row * size, (row + 1) * size));
    Object.assign(this, { plane, marks, axesOfPlane: axes, latentSize: size });
    this.names = through === "directions" ? ["●"] : ["A", "B", "C"];
    const seeds = Array.from({ length: 3 }, (_, i) => this.seed + i).join(", ");
    this.info = through === "seeds" ? `${say("map.info")} ${say("map.of_seeds", { seeds })}` : say("map.info");
    this.say(this.info);
    this.unmeasurable = false;
    this.pictures.clear();
    this.clearHeat();
    if (another && (this.refit || !this.fitted)) this.fit();
    else this.moved();
    this.refit = false;
    this.fitted = true;
  }

  // All marks in sight, with as much again around them, and sixteen whole cells across.
  fit() {
    if (!this.marks) return;
    const [xs, ys] = [0, 1].map((axis) => this.marks.map((mark) => mark[axis]));
    const middle = (list) => (Math.min(...list) + Math.max(...list)) / 2;
    const extent = Math.max(...[xs, ys].map((list) => Math.max(...list) - Math.min(...list)), 4);
    const spacing = spacingOf(1.8 * extent);
    const aligned = (at) => (Math.round(at / spacing + 0.5) - 0.5) * spacing;
    this.view.show(aligned(middle(xs)), aligned(middle(ys)), 16 * spacing);
  }

  latentAt([x, y]) {
    const [origin, across, up] = this.axesOfPlane;
    return pack(origin.map((value, i) => value + x * across[i] + y * up[i]));
  }

  moved() {
    if (!this.plane || !this.visible || this.stale) return;
    this.began ??= performance.now();
    this.pictures.want(this.view);
    this.wantHeat();
    this.drawSoon();
  }

  wantHeat() {
    if (this.kind !== "none" && !this.unmeasurable) this.heat.want(this.view);
  }

  get kind() {
    return this.over.value;
  }

  clearHeat() {
    this.heatStep = null;
    this.heat.clear();
  }

  heatChosen() {
    this.clearHeat();
    this.legend.reset(this.kind);
    this.unmeasurable = false;
    this.say(this.info);
    this.wantHeat();
    this.drawSoon();
  }

  picturesCame() {
    if (!this.unmeasurable) this.settle();
    this.drawSoon();
  }

  heatCame() {
    if (!this.unmeasurable) this.say(this.info);
    this.drawSoon();
  }

  // It would fail again at every place, unless the server is away for a while.
  heatFailed(text, lost) {
    this.unmeasurable = !lost;
    this.say(text, true);
  }

  async askPictures(points, signal) {
    const { bitmap, columns, rows } = await askSheet("map", { ...chosen.value, plane: this.plane, places: points }, signal);
    const [width, height] = [bitmap.width / columns, bitmap.height / rows];
    return points.map((_, i) => [bitmap, (i % columns) * width, Math.floor(i / columns) * height, width, height]);
  }

  async askHeat(points, signal) {
    const { kind, heatStep } = this;
    const request = { ...chosen.value, plane: this.plane, places: points, kind, step: heatStep };
    const ask = async () => (await post("heat", request, signal)).json();
    let answer = await ask();
    while (answer.preparing !== undefined && this.isConnected) {
      if (!signal.aborted) this.say(say("map.preparing", { share: Math.round(100 * answer.preparing) }));
      await new Promise((done) => setTimeout(done, PREPARING_MS));
      if (this.visible) answer = await ask();
    }
    if (kind === this.kind) this.legend.learn(answer);
    this.heatStep = answer.step;
    if (heatStep !== null && answer.step !== heatStep) this.renewHeat(answer.step); // the weights of the others are gone
    return answer.values;
  }

  // Everything in the view anew, of the weights of one `step`, null for the newest.
  renewHeat(step) {
    this.heatStep = step;
    this.heat.renew();
    this.wantHeat();
  }

  weightsChanged(run) {
    clearTimeout(this.later);
    const now = performance.now();
    if (run !== this.run || this.stale) {
      Object.assign(this, { run, heatAt: now });
      this.restart();
      return;
    }
    if (this.pictures.busy) {
      this.later = setTimeout(() => this.weightsChanged(run), BUSY_MS);
      return;
    }
    this.pictures.renew();
    if (now - this.heatAt > HEAT_REFRESH_MS && !this.heat.busy) {
      this.heatAt = now;
      this.renewHeat(null);
    }
    this.moved();
  }

  // -- drawing -----------------------------------------------------------------------------------------------

  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  draw() {
    if (!this.plane || !this.canvas.width) return;
    const context = this.canvas.getContext("2d", { alpha: false });
    context.imageSmoothingEnabled = false;
    context.fillStyle = document.body.classList.contains("dark") ? "#0b0f19" : "#e2e8f0";
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.eachCell((point) => this.pictures.get(point), ([bitmap, ...from], box) => context.drawImage(bitmap, ...from, ...box));
    if (this.kind !== "none") this.drawHeat(context);
    this.drawMarks(context);
    this.showHere();
    const { complete } = this.pictures;
    if (complete && this.began) {
      this.canvas.dataset.milliseconds = Math.round(performance.now() - this.began);
      this.began = null;
    }
    this.canvas.dataset.complete = complete;
    this.canvas.dataset.heat = this.kind !== "none" && this.heat.complete ? this.kind : "";
  }

  // act(value, [left, top, width, height]) for every known cell in the view, finer ones over coarser ones.
  eachCell(valueAt, act) {
    const finest = spacingOf(this.view.size);
    for (const times of COARSE_TO_FINE) {
      const half = (times * finest) / 2;
      for (const [x, y] of pointsIn(this.view, times * finest)) {
        const value = valueAt([x, y]);
        if (value === undefined) continue;
        const [left, top] = this.view.toPixels([x - half, y + half]).map(Math.round);
        const [right, bottom] = this.view.toPixels([x + half, y - half]).map(Math.round);
        act(value, [left, top, right - left, bottom - top]);
      }
    }
  }

  drawHeat(context) {
    const { width, height } = this.canvas;
    if (this.overlay?.width !== width) this.overlay = new OffscreenCanvas(width, height);
    const over = this.overlay.getContext("2d");
    const valueAt = (point) => this.heat.getTogether(point);
    over.clearRect(0, 0, width, height);
    const inView = pointsIn(this.view, spacingOf(this.view.size)).map(valueAt);
    this.legend.show(inView.filter((value) => value !== undefined));
    this.eachCell(valueAt, (value, box) => {
      over.clearRect(...box); // a coarser value
      over.globalAlpha = this.legend.strengthOf(value);
      over.fillStyle = this.legend.colourOf(value);
      over.fillRect(...box);
    });
    context.drawImage(this.overlay, 0, 0);
  }

  drawMarks(context) {
    const unit = devicePixelRatio;
    Object.assign(context, { textAlign: "center", textBaseline: "middle", lineWidth: 2.5 * unit });
    if (this.pointed) this.frameCell(context, this.pointed, "#ffffff");
    if (this.here) this.frameCell(context, this.here, MARK);
    context.font = `700 ${15 * unit}px system-ui, sans-serif`;
    this.marks.forEach((mark, i) => {
      const [x, y] = this.view.toPixels(mark);
      context.beginPath();
      context.arc(x, y, 12 * unit, 0, 2 * Math.PI);
      Object.assign(context, { fillStyle: "#0f172ae6", strokeStyle: MARK });
      context.fill();
      context.stroke();
      context.fillStyle = "#ffffff";
      context.fillText(this.names[i], x, y + unit);
    });
  }

  frameCell(context, [x, y], colour) {
    const half = spacingOf(this.view.size) / 2;
    const [left, top] = this.view.toPixels([x - half, y + half]);
    const [right, bottom] = this.view.toPixels([x + half, y - half]);
    context.strokeStyle = colour;
    context.strokeRect(left, top, right - left, bottom - top);
  }

  // -- the place under the pointer -----------------------------------------------------------------------------

  hover(place) {
    this.pointed = place && nearestPoint(place, spacingOf(this.view.size));
    this.drawSoon();
  }

  click(place) {
    if (!this.plane) return;
    this.here = nearestPoint(place, spacingOf(this.view.size));
    this.pointed = this.here;
    goTo(this.latentAt(this.here));
    this.drawSoon();
  }

  showHere() {
    const point = this.pointed ?? this.here;
    const cell = point && this.pictures.get(point);
    if (!cell) return;
    const [bitmap, left, top, width, height] = cell;
    Object.assign(this.picture, { width, height, hidden: false });
    this.picture.getContext("2d").drawImage(bitmap, left, top, width, height, 0, 0, width, height);
    const [x, y] = point.map((at) => at.toFixed(2));
    const value = this.kind === "none" ? undefined : this.heat.getTogether(point);
    const said = value === undefined ? "" : ` · ${say(`map.heat.${this.kind}`)}: ${this.legend.describe(value)}`;
    setText(this.where, `${say("map.place", { x, y })}${said}`);
  }
}

customElements.define("gan-map", LatentMap);
