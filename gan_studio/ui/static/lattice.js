// What is known at the points of a lattice in the plane, from coarse to fine: it is asked for as it comes into view.

import { back } from "./stream.js";

const ACROSS = 16; // points in the finest lattice across the view
const COARSER = [4, 2, 1];
const MOST_ASKED = 64;
const IN_FLIGHT = 2;
const MOST_KEPT = 6000;

// The finest lattice of a view: its points are `spacing` apart, a power of two, so that it holds all coarser ones.
export const spacingOf = (size) => 2 ** Math.round(Math.log2(size / ACROSS));

// The points of the lattice whose cells are in the view, nearest to its middle first.
export function pointsIn({ x, y, size }, spacing) {
  const [low, high] = [-size / 2 / spacing - 0.5 + 1e-6, size / 2 / spacing + 0.5 - 1e-6];
  const found = [];
  for (let i = Math.ceil(x / spacing + low); i <= x / spacing + high; i += 1) {
    for (let j = Math.ceil(y / spacing + low); j <= y / spacing + high; j += 1) found.push([i * spacing, j * spacing]);
  }
  const distance = ([a, b]) => (a - x) ** 2 + (b - y) ** 2;
  return found.sort((one, other) => distance(one) - distance(other));
}

export const nearestPoint = (place, spacing) => place.map((at) => Math.round(at / spacing) * spacing);

export class Lattice {
  // ask(points, signal) gives a list of values; onNews() when there are some; onProblem(text, lost): what is lost is asked
  // for again. `atOnce`: how many requests are in flight.
  constructor(ask, onNews, onProblem, atOnce = IN_FLIGHT) {
    Object.assign(this, { ask, onNews, onProblem, atOnce, version: 0, busy: 0, known: new Map(), before: null, asked: new Set(), wanted: [] });
    this.control = new AbortController();
  }

  // Everything is of another plane, generator or class.
  clear() {
    this.known = new Map();
    this.before = null;
    this.asked = new Set();
    this.version += 1;
    this.wanted = [];
    this.control.abort(); // a study that has not begun is taken back
    this.control = new AbortController();
  }

  // The weights have changed: what is known stays in sight until it is known anew.
  renew() {
    this.before ??= new Map([...this.known].filter(([, { version }]) => version === this.version));
    this.version += 1;
    this.asked = new Set();
  }

  get(point) {
    return this.known.get(String(point))?.value;
  }

  // The same, but only what belongs together: until all of the view is known anew, what was known before.
  getTogether(point) {
    const known = (this.before ?? this.known).get(String(point));
    return this.before || known?.version === this.version ? known?.value : undefined;
  }

  isCurrent(point) {
    return this.known.get(String(point))?.version === this.version;
  }

  // Ask for what is missing in the view, coarse points first.
  want(view) {
    const spacing = spacingOf(view.size);
    this.wanted = COARSER.map((times) => pointsIn(view, times * spacing).filter((point) => !this.isCurrent(point)));
    this.settle();
    this.work();
  }

  settle() {
    if (this.before && this.complete) this.before = null;
  }

  get complete() {
    return !this.busy && this.wanted.every((points) => points.every((point) => this.isCurrent(point)));
  }

  work() {
    while (this.busy < this.atOnce) {
      const open = (point) => !this.isCurrent(point) && !this.asked.has(String(point));
      const next = this.wanted.map((points) => points.filter(open)).find((points) => points.length);
      if (!next) return;
      this.send(next.slice(0, MOST_ASKED));
    }
  }

  async send(points) {
    const { version, asked } = this;
    points.forEach((point) => asked.add(String(point)));
    this.busy += 1;
    let problem = null;
    try {
      const values = await this.ask(points, this.control.signal);
      if (version === this.version) points.forEach((point, i) => this.keep(point, values[i]));
    } catch (error) {
      problem = error;
    }
    const known = version === this.version;
    if (problem && known) this.onProblem(problem.message, Boolean(problem.lost));
    if (problem?.lost) await back();
    points.forEach((point) => asked.delete(String(point)));
    this.busy -= 1;
    if (problem && known && !problem.lost) {
      this.wanted = []; // it would be the same for the others
      return;
    }
    this.settle();
    this.work();
    this.onNews();
  }

  keep(point, value) {
    const key = String(point);
    this.known.delete(key); // what is kept last is forgotten last
    this.known.set(key, { value, version: this.version });
    if (this.known.size > MOST_KEPT) this.known.delete(this.known.keys().next().value);
  }
}
