// The Inside tab: what every layer of the generator does for the latent that is looked at.
import { Bars } from "./bars.js";
import { arrows, button, onKeys, segments } from "./controls.js";
import { chosen, current, Newest, post } from "./latents.js";
import { Panel } from "./panel.js";
import { decode, drawCells, drawSheet } from "./pictures.js";
import { element, number, say, sayWeights, setText } from "./text.js";
import { followWeights } from "./weights.js";

const REFRESH_MS = 3000;
const RANKED = 10;

const ask = (path, request) => post(path, request).then((answer) => answer.json());
const shape = (sides) => sides.map((side) => number.format(side)).join(" × ");

class Inside extends Panel {
  connectedCallback() {
    this.note = element("p", { class: "note" }, say("inside.lead"));
    this.scale = segments("scale", ["layer", "channel"].map((kind) => [kind, say(`inside.scale.${kind}`)]), "layer", () => this.ask(), say("inside.scale"));
    this.cards = new Map();
    this.layers = element("div", { class: "inside-layers" });
    const main = element("div", {}, element("div", { class: "tools" }, element("small", {}, say("inside.scale")), this.scale), this.layers);
    this.replaceChildren(this.note, element("div", { class: "inside-columns" }, main, this.buildPanel()));
    const problem = (text) => this.say(text, true);
    this.all = new Newest((request) => ask("inside", request), (answer) => this.show(answer), problem);
    this.jacobian = new Newest((request) => ask("inside/directions", request), (answer) => this.showDirections(answer), problem);
    this.without = new Newest((request) => ask("inside/without", request), (...answer) => this.showWithout(...answer), problem);
    this.effects = new Newest((request) => ask("inside/effects", request), (...answer) => this.showEffects(...answer), problem);
    this.ends = [chosen.follow(() => this.ask()), current.follow(() => this.ask()), followWeights(() => this.visible, () => this.ask(), REFRESH_MS)];
    this.watch = new IntersectionObserver(() => this.ask());
    this.watch.observe(this);
  }

  buildPanel() {
    this.picture = element("canvas", { class: "sheet", width: 28, height: 28, "data-sheet": "inside-picture" });
    this.spectrum = element("canvas", { "data-sheet": "spectrum" });
    this.spectrumNote = element("small", {});
    this.bars = new Bars(this.spectrum, say("inside.directions"), { onPoint: (index) => this.pointAtDirection(index) });
    this.directions = element("p", { class: "inside-matter" });
    this.lensTitle = element("b", {}, say("inside.hover"));
    this.lens = element("canvas", { class: "sheet lens", width: 14, height: 14, "data-sheet": "lens" });
    this.change = element("canvas", { class: "sheet", width: 84, height: 28, "data-sheet": "without" });
    this.changeNote = element("small", {}, say("inside.click"));
    const names = element("div", { class: "inside-three" }, ...["with", "without", "difference"].map((name) => element("small", {}, say(`inside.${name}`))));
    this.ranked = element("div", { class: "inside-ranked" });
    return element(
      "aside",
      { class: "inside-panel" },
      element("div", { class: "inside-top" }, element("figure", {}, element("b", {}, say("inside.picture")), this.picture), element("figure", {}, this.lensTitle, this.lens)),
      element("figure", {}, element("b", {}, say("inside.without.title")), names, this.change, this.changeNote),
      element("figure", {}, element("b", {}, say("inside.directions")), this.spectrum, this.spectrumNote, this.directions),
      this.ranked,
    );
  }

  request(more) {
    return { ...chosen.value, z: current.value.z, ...more };
  }

  // Everything anew: another latent, another generator, other weights.
  ask() {
    if (!this.visible) return;
    this.all.ask(this.request({ scale: this.scale.dataset.value }));
    this.jacobian.ask(this.request({}));
    if (this.picked) this.without.ask(this.request(this.picked));
  }

  // -- layers ----------------------------------------------------------------------------------------------

  async show({ step, class: name, picture, layers }) {
    const about = sayWeights(step);
    this.say(`${say("inside.lead")} (${name ? `${about}: ${name}` : about})`);
    drawSheet(this.picture, await decode(picture));
    const key = JSON.stringify(layers.map(({ kind, shape: sides }) => [kind, sides]));
    if (key !== this.built) {
      this.built = key;
      this.picked = null;
      this.ranked.replaceChildren();
      this.cards = new Map(layers.map((layer) => [layer.name, new Card(this, layer)]));
      this.layers.replaceChildren(...[...this.cards.values()].map(({ body }) => body));
    }
    for (const layer of layers) {
      const card = this.cards.get(layer.name);
      if (card.start === layer.start) await card.show(layer);
      else card.ask(card.start);
    }
    this.dataset.step = step;
  }

  magnify(card, channel) {
    setText(this.lensTitle, say("inside.channel", { layer: card.title, channel: channel }));
    drawCells(this.lens, card.bitmap, card.columns, card.rows, [channel - card.start], 1);
  }

  pick(card, channel) {
    this.picked = { layer: card.name, channel };
    this.without.ask(this.request(this.picked));
  }

  rank(card) {
    this.ranked.replaceChildren(element("small", {}, say("inside.ranking")));
    this.effects.ask(this.request({ layer: card.name }));
  }

  // -- the panel -------------------------------------------------------------------------------------------

  async showWithout({ sheet, change }, { layer, channel }) {
    this.settle();
    drawSheet(this.change, await decode(sheet));
    setText(this.changeNote, say("inside.change", { layer: this.cards.get(layer)?.title ?? layer, channel, change: change.toPrecision(2) }));
    this.change.dataset.channel = `${layer} ${channel}`;
  }

  showEffects({ effects }, { layer }) {
    this.settle();
    const card = this.cards.get(layer);
    if (!card) return;
    const order = effects.map((_, channel) => channel).sort((a, b) => effects[b] - effects[a]).slice(0, RANKED);
    const rows = order.map((channel) => {
      const width = `${(100 * effects[channel]) / (effects[order[0]] || 1)}%`;
      const row = element("button", { type: "button", "data-channel": channel }, element("span", {}, String(channel)), element("i", { style: `width:${width}` }), element("small", {}, effects[channel].toPrecision(2)));
      row.addEventListener("click", () => this.pick(card, channel));
      return row;
    });
    this.ranked.replaceChildren(element("b", {}, say("inside.ranked", { layer: card.title })), ...rows);
  }

  showDirections({ values, participation, tenth, latent_size: size }) {
    this.settle();
    this.singular = values;
    this.bars.show(values);
    this.pointAtDirection(-1);
    setText(this.directions, say("inside.matter", { participation: participation.toFixed(1), size, tenth }));
  }

  pointAtDirection(index) {
    const text = index < 0 ? say("inside.singular") : say("inside.singular.one", { number: index + 1, value: this.singular[index].toPrecision(3) });
    setText(this.spectrumNote, text);
  }
}

// One layer: a sheet of feature maps or the bars of a dense layer, and what its batch normalisation has seen.
class Card {
  constructor(inside, { name, kind, shape: sides }) {
    Object.assign(this, { inside, name, start: 0, cursor: 0, channels: sides[0], title: name === "first" ? `${kind} 0` : `${kind} ${name}` });
    this.pages = new Newest((request) => ask("inside", request), ({ layers: [layer] }) => this.show(layer), (text) => inside.say(text, true));
    this.range = element("small", {});
    const head = element("div", { class: "inside-head" }, element("b", {}, this.title), element("small", {}, shape(sides)), this.range);
    this.canvas = element("canvas", { class: "sheet", "data-layer": name });
    if (sides.length === 3) this.watchMaps();
    else this.bars = new Bars(this.canvas, this.title, { onPoint: (index) => this.value(index), onPick: (index) => inside.pick(this, this.start + index) });
    this.norm = element("div", { class: "inside-norm", hidden: "" });
    this.stats = ["mean", "deviation"].map((kind) => {
      const canvas = element("canvas");
      const note = element("small", {}, say(`inside.${kind}`));
      this.norm.append(element("figure", {}, note, canvas));
      const bars = new Bars(canvas, `${this.title}: ${say(`inside.${kind}`)}`, { onPoint: (index) => setText(note, `${say(`inside.${kind}`)}${index < 0 ? "" : ` ${this.start + index}: ${bars.values[index]}`}`) });
      return [kind, bars];
    });
    this.pager = element("div", { class: "tools", hidden: "" });
    this.where = element("small", {});
    this.pager.append(button("before", "‹", () => this.turn(-1)), this.where, button("after", "›", () => this.turn(1)));
    const tools = element("div", { class: "tools" }, button("rank", say("inside.rank"), () => inside.rank(this)), this.pager);
    this.frame = element("div", { class: sides.length === 3 ? "inside-maps" : "" }, this.canvas);
    this.body = element("section", { class: "inside-card", "data-card": name }, head, this.frame, this.norm, tools);
  }

  watchMaps() {
    this.canvas.addEventListener("pointermove", (event) => this.channel(event) !== null && this.inside.magnify(this, this.channel(event)));
    this.canvas.addEventListener("click", (event) => this.channel(event) !== null && this.inside.pick(this, this.channel(event)));
    const pick = () => this.inside.pick(this, this.start + this.cursor);
    onKeys(this.canvas, { ...arrows((across, down) => this.step(across + down * this.columns)), Enter: pick, " ": pick });
    Object.assign(this.canvas, { role: "button", ariaLabel: this.title });
  }

  step(by) {
    if (!this.bitmap) return;
    this.cursor = Math.min(Math.max(this.cursor + by, 0), this.count - 1);
    this.inside.magnify(this, this.start + this.cursor);
  }

  channel(event) {
    if (!this.bitmap) return null;
    const box = this.canvas.getBoundingClientRect();
    const [column, row] = [((event.clientX - box.left) / box.width) * this.columns, ((event.clientY - box.top) / box.height) * this.rows].map(Math.floor);
    const cell = row * this.columns + column;
    return column >= 0 && column < this.columns && cell >= 0 && cell < this.count ? this.start + cell : null;
  }

  turn(by) {
    const start = this.start + by * this.page;
    if (start >= 0 && start < this.channels) this.ask(start);
  }

  ask(start) {
    this.pages.ask(this.inside.request({ layer: this.name, start, scale: this.inside.scale.dataset.value }));
  }

  value(index) {
    const range = say("inside.range", { low: this.low, high: this.high });
    setText(this.range, index < 0 ? range : `${this.start + index}: ${this.bars.values[index]}`);
  }

  async show({ start, count, low, high, columns, sheet, values, ...norm }) {
    this.page = start === 0 ? count : this.page;
    Object.assign(this, { start, count, low, high, columns, rows: Math.ceil(count / columns) });
    setText(this.range, say("inside.range", { low, high }));
    if (values) this.bars.show(values);
    else {
      this.bitmap = await decode(sheet);
      drawSheet(this.canvas, this.bitmap);
      this.frame.setAttribute("style", `--columns:${columns};--rows:${this.rows}`);
    }
    this.norm.hidden = !norm.mean;
    if (norm.mean) for (const [kind, bars] of this.stats) bars.show(norm[kind]);
    this.pager.hidden = this.channels <= this.page;
    setText(this.where, say("inside.page", { first: start, last: start + count - 1, channels: number.format(this.channels) }));
  }
}

customElements.define("gan-inside", Inside);
