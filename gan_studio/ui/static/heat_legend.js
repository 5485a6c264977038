// What the colours of a heat map mean: a scale with numbers, or the classes in view.
import { colourOf, colourOfClass, gradientOf } from "./colours.js";
import { element, say } from "./text.js";

const MOST_CLASSES = 12;

const short = (value) => value.toPrecision(3);

export class HeatLegend extends HTMLElement {
  constructor() {
    super();
    this.reset("none");
  }

  reset(kind) {
    Object.assign(this, { kind, names: [], limit: null, range: [0, 1], known: "" });
    this.replaceChildren();
  }

  learn({ names, limit }) {
    Object.assign(this, { names, limit });
  }

  get scale() {
    return this.kind === "score" ? "belief" : "distance";
  }

  // `values`: those in view.
  show(values) {
    if (!values.length) return;
    if (this.names.length) this.showClasses(values);
    else this.showScale(values);
  }

  showScale(values) {
    const line = this.kind === "score" && this.limit !== null ? [this.limit] : [];
    this.range = [Math.min(...values, ...line), Math.max(...values, ...line)];
    const [low, high] = this.range;
    const text = `${low} ${high} ${this.limit}`;
    if (text === this.known) return;
    this.known = text;
    const bar = element("div", { class: "scale", style: `background: ${gradientOf(this.scale)}` });
    const share = this.shareOf(this.limit);
    if (this.limit !== null && share >= 0 && share <= 1) bar.append(element("i", { style: `left: ${100 * share}%` }));
    const ends = element("div", { class: "ends" }, element("span", {}, short(low)), element("span", {}, short(high)));
    const meaning = element("small", {}, say(`map.legend.${this.kind}`, { limit: this.limit === null ? "" : short(this.limit) }));
    this.replaceChildren(bar, ends, meaning);
  }

  showClasses(values) {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, MOST_CLASSES);
    const text = JSON.stringify(most);
    if (text === this.known) return;
    this.known = text;
    const rows = most.sort(([one], [other]) => one - other).map(([index, count]) => {
      const mark = element("i", { style: `background: ${colourOfClass(index)}` });
      return element("span", { class: "class" }, mark, `${this.names[index]} `, element("small", {}, `${Math.round((100 * count) / values.length)} %`));
    });
    this.replaceChildren(element("div", { class: "classes" }, ...rows), element("small", {}, say("map.legend.class")));
  }

  colourOf(value) {
    if (this.names.length) return colourOfClass(value);
    return colourOf(this.shareOf(value), this.scale);
  }

  // How much of the picture under it a value's colour covers: the nearer to the line between real and generated, the less.
  strengthOf(value) {
    return this.scale === "belief" && !this.names.length ? 0.1 + 0.55 * Math.abs(2 * this.shareOf(value) - 1) : 0.5;
  }

  // Where a value is on the scale, 0 to 1; the line between real and generated is always in its middle.
  shareOf(value) {
    const [low, high] = this.range;
    const between = (from, to) => (value - from) / (to - from || 1);
    if (this.scale !== "belief" || this.limit === null) return between(low, high);
    return value < this.limit ? between(low, this.limit) / 2 : 0.5 + between(this.limit, high) / 2;
  }

  describe(value) {
    return this.names.length ? this.names[value] : short(value);
  }
}

customElements.define("gan-heat-legend", HeatLegend);
