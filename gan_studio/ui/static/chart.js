// One chart of the run over its steps: uPlot with our colours, smoothing and edit markers.
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { element, say } from "./text.js";

const css = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
const LEVEL = "#10a37f";
const decades = (_, axis, low, high) =>
  Array.from({ length: Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1 }, (_, i) => 10 ** (Math.floor(Math.log10(low)) + i));
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });

// Exponential smoothing, corrected for its start, as TensorBoard draws it.
function smooth(values, weight) {
  if (!weight) return values;
  let sum = 0;
  let mass = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = weight * sum + (1 - weight) * value;
    mass = weight * mass + (1 - weight);
    return sum / mass;
  });
}

export class Chart {
  // series: [{ key, label, color }], key naming a column of the stream's points.
  // The legend, with the values under the pointer, goes into the caption.
  // range: [low, high] of the values, else theirs; log: a logarithmic axis; dots: mark each point;
  // x: what the curve runs over, else steps; wide: the values' axis has room for the level.
  constructor(parent, caption, { unit, series, range, log = false, dots = false, x = say("chart.step"), wide = log || dots }) {
    this.parent = parent;
    this.caption = caption;
    this.options = { unit, series, range, log, dots, x, wide };
    this.markers = [];
    this.data = [[], ...series.flatMap(() => [[], []])];
    this.sizeWatch = new ResizeObserver(() => this.resize());
    this.sizeWatch.observe(parent);
  }

  destroy() {
    this.sizeWatch.disconnect();
    this.plot?.destroy();
  }

  // The scale of the values, wide enough for the level too.
  valueScale() {
    const { range, log, wide } = this.options;
    if (range) return { range: () => range };
    const span = (low, high) => {
      if (low === null) return [log ? 0.1 : 0, 1];
      const level = this.level?.value ?? low;
      const ends = [Math.min(low, this.level?.low ?? level), Math.max(high, this.level?.high ?? level)];
      return log ? uPlot.rangeLog(...ends, 10, false) : uPlot.rangeNum(...ends, 0.1, true);
    };
    return { distr: log ? 3 : 1, ...(wide ? { range: (_, low, high) => span(low, high) } : {}) };
  }

  build() {
    const { unit, series, dots, log, x } = this.options;
    const ink = css("--body-text-color");
    const faint = css("--border-color-primary");
    const axis = (more) => ({
      stroke: ink,
      grid: { stroke: faint, width: 1 },
      ticks: { stroke: faint, width: 1 },
      font: "12px system-ui, sans-serif",
      labelFont: "12px system-ui, sans-serif",
      labelSize: 16,
      ...more,
    });
    const show = (_, value) => (value === null || value === undefined ? "–" : compact.format(value));
    this.plot?.destroy();
    this.caption.querySelector(".u-legend")?.remove();
    this.plot = new uPlot(
      {
        ...this.size(),
        cursor: { drag: { x: true, y: false }, points: { size: 6 } },
        legend: { live: true, mount: (_, legend) => this.caption.append(legend) },
        scales: { x: { time: false }, y: this.valueScale() },
        axes: [
          axis({ label: x, size: 28, values: (_, ticks) => ticks.map((t) => compact.format(t)) }),
          axis({ label: unit, size: 44, ...(log ? { splits: decades } : {}), values: (_, ticks) => ticks.map((t) => compact.format(t)) }),
        ],
        series: [
          { label: x, value: (_, v) => (v === null || v === undefined ? "–" : String(v)) },
          ...series.flatMap(({ label, color }) => [
            { label: `${label} (raw)`, stroke: `${color}44`, width: 1, points: { show: false } },
            { label, stroke: color, width: 2, value: show, spanGaps: dots, points: dots ? { show: true, size: 6 } : { show: false } },
          ]),
        ],
        hooks: { drawClear: [() => this.drawBand()], draw: [() => this.drawMarkers()] },
      },
      this.data,
      this.parent,
    );
  }

  size() {
    return { width: Math.max(this.parent.clientWidth, 120), height: Math.max(this.parent.clientHeight, 90) };
  }

  resize() {
    if (this.parent.clientWidth === 0) return; // in a hidden tab
    if (this.plot) this.plot.setSize(this.size());
    else this.build();
  }

  // columns: { step: [...], key: [...] }; markers: [{ step, text }]; level: { value, text }, a line to compare with, and
  // with { low, high } a band around it.
  show(columns, markers, weight, level) {
    const pairs = this.options.series.flatMap(({ key }) => {
      const raw = columns[key];
      return [weight ? raw : raw.map(() => null), smooth(raw, weight)];
    });
    this.data = [columns.step, ...pairs];
    this.markers = markers;
    this.level = level;
    this.plot?.setData(this.data);
  }

  // Puts a line at a place of the curve; moving it does not draw the chart anew.
  pointAt(step) {
    this.place = step;
    if (!this.plot) return;
    this.pointer ??= element("i", { class: "chart-pointer" });
    if (this.pointer.parentNode !== this.plot.over) this.plot.over.append(this.pointer);
    this.pointer.style.transform = `translateX(${this.plot.valToPos(step, "x")}px)`;
  }

  drawBand() {
    if (this.level?.low === undefined) return;
    const { ctx, bbox } = this.plot;
    const [top, bottom] = [this.level.high, this.level.low].map((value) => {
      return Math.min(Math.max(this.plot.valToPos(value, "y", true), bbox.top), bbox.top + bbox.height);
    });
    ctx.fillStyle = `${LEVEL}33`;
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }

  drawMarkers() {
    if (this.place !== undefined) this.pointAt(this.place);
    const { ctx, bbox } = this.plot;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = css("--body-text-color");
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.lineWidth = ratio;
    ctx.textBaseline = "alphabetic";
    ctx.setLineDash([4 * ratio, 3 * ratio]);
    ctx.textAlign = "left";
    const rows = [[], [], []]; // of labels, from where to where; the newest find room first
    for (const { step, text } of [...this.markers].reverse()) {
      const x = this.plot.valToPos(step, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(text).width + 3 * ratio;
      const from = x + width < bbox.left + bbox.width ? x + 3 * ratio : x - width;
      const row = rows.findIndex((labels) => labels.every((other) => Math.abs(other.from - from) > (from < other.from ? width : other.width)));
      if (!text || row < 0) continue;
      rows[row].push({ from, width });
      ctx.fillText(text, from, bbox.top + (11 + 13 * row) * ratio);
    }
    if (this.level) this.drawLevel(ctx, bbox, ratio);
    ctx.restore();
  }

  drawLevel(ctx, { left, top, width, height }, ratio) {
    const y = this.plot.valToPos(this.level.value, "y", true);
    if (!(y >= top && y <= top + height)) return;
    ctx.strokeStyle = ctx.fillStyle = LEVEL;
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.textAlign = "right";
    const above = y - 4 * ratio > top + 11 * ratio;
    ctx.fillText(this.level.text, left + width - 3 * ratio, above ? y - 4 * ratio : y + 12 * ratio);
  }
}
