// The Quality tab's live board: one curve for each number, over the line that real samples reach.
import { Chart } from "./chart.js";
import { element, number, route, say, setText, tell } from "./text.js";

const POLL_MS = 1500;
const COLOUR = "#3b82f6";
const { metrics: BEST } = window.ganStudioData; // by name: "low", "high" or "real" is better

const percent = new Intl.NumberFormat(undefined, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const short = (value, digits = 3) =>
  value === null ? "–" : Math.abs(value) >= 100 ? number.format(value) : Number(value.toPrecision(digits)).toString().replace("e-", "e−");

class Quality extends HTMLElement {
  connectedCallback() {
    this.shown = new Map(); // by name: the figure's parts
    this.status = element("p", { class: "note", role: "status" });
    this.leftOut = element("p", { class: "note left-out" });
    this.empty = element("p", { class: "quality-empty" }, say("quality.empty"));
    this.grid = element("div", { class: "quality-grid" });
    this.classes = element("figure", { class: "quality-classes" });
    this.protocol = element("p", { class: "note protocol" });
    this.replaceChildren(this.status, this.leftOut, this.empty, this.grid, this.protocol);
    this.themeWatch = new MutationObserver(() => this.shown.forEach(({ chart }) => chart.plot && chart.build()));
    this.themeWatch.observe(document.body, { attributeFilter: ["class"] });
    this.sightWatch = new IntersectionObserver(() => this.ask());
    this.sightWatch.observe(this);
    this.timer = setInterval(() => this.ask(), POLL_MS);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.themeWatch.disconnect();
    this.sightWatch.disconnect();
  }

  async ask() {
    if (this.asking || document.hidden || this.clientWidth === 0) return;
    this.asking = true;
    try {
      const answer = await fetch(`${route("quality")}?${new URLSearchParams(this.view && { known: this.view.version })}`);
      if (!answer.ok) return;
      this.view = { ...this.view, ...(await answer.json()) }; // numbers that are known are not sent again
      this.draw(this.view);
    } catch {
      // the server is away: the Train tab says so, and the next question may be answered
    } finally {
      this.asking = false;
    }
  }

  draw(view) {
    this.dataset.state = document.body.dataset.quality = view.state;
    setText(this.status, say(`quality.state.${view.state}`, { seconds: view.interval }) + (view.message ? `: ${tell(view.message)}` : ""));
    this.status.classList.toggle("fault", Boolean(view.message));
    const lacking = Object.entries(view.left_out).map(([name, least]) =>
      say(view.by_choice ? "quality.left_out.by_choice" : "quality.left_out", { number: say(`metric.${name}`), least: number.format(least), most: number.format(view.most) }));
    setText(this.leftOut, lacking.join("; "));
    this.leftOut.hidden = lacking.length === 0;
    this.empty.hidden = view.steps.length > 0;
    setText(this.protocol, view.protocol);
    const key = `${view.run} ${view.names}`;
    if (this.key !== key) {
      this.key = key;
      this.shown.forEach(({ chart }) => chart?.destroy());
      this.grid.replaceChildren(this.classes);
      this.shown = new Map(view.names.map((name) => [name, this.build(name)]));
    }
    if (this.version === view.version) return;
    this.version = view.version;
    this.showClasses(view.classes);
    for (const name of view.names) this.fill(name, view);
  }

  build(name) {
    const value = element("b", { class: "quality-value", "data-metric": name });
    const floor = element("span", { class: "quality-floor" });
    const frame = element("div", { class: "chart", "data-chart": `quality-${name}` });
    const caption = element("figcaption", {}, element("strong", {}, say(`metric.${name}`)), value, floor);
    const about = element("p", {}, say(`metric.${name}.info`), " ", element("em", {}, say(`quality.better.${BEST[name]}`)));
    this.classes.before(element("figure", {}, caption, frame, about));
    return { value, floor, frame, caption };
  }

  // The shares of the classes in the newest measurement, generated over real.
  showClasses(shares) {
    this.classes.hidden = !shares;
    if (!shares) return;
    const most = Math.max(...shares.generated, ...shares.real);
    const kinds = ["generated", "real"];
    const legend = kinds.map((kind) => element("span", { class: kind }, say(`quality.classes.${kind}`)));
    const rows = shares.names.map((name, index) => {
      const bars = kinds.map((kind) => element("i", { class: kind, style: `width: ${(100 * shares[kind][index]) / most}%` }));
      const values = kinds.map((kind) => element("span", { class: kind }, percent.format(shares[kind][index])));
      return element("div", { "data-class": name }, element("b", { title: name }, name), element("div", {}, ...bars), ...values);
    });
    this.classes.replaceChildren(
      element("figcaption", {}, element("strong", {}, say("quality.classes")), ...legend),
      element("div", { class: "rows" }, ...rows),
      element("p", {}, say("quality.classes.info")),
    );
  }

  fill(name, { steps, numbers }) {
    const rows = numbers.map((row) => row[name]?.[0] ?? null);
    const last = numbers.findLast((row) => row[name])[name];
    const [value, error, floor, spread] = last;
    const parts = this.shown.get(name);
    setText(parts.value, short(value) + (error === null ? "" : ` ± ${short(error, 2)}`));
    setText(parts.floor, say("quality.floor", { floor: short(floor), spread: short(spread, 2) }));
    const log = BEST[name] === "low" && floor > 0 && rows.every((row) => row === null || row > 0);
    if (!parts.chart || parts.log !== log) {
      parts.log = log;
      parts.chart?.destroy();
      const series = [{ key: "value", label: say(`metric.${name}`), color: COLOUR }];
      parts.chart = new Chart(parts.frame, element("div"), { unit: "", series, log, dots: true });
    }
    parts.chart.show({ step: steps, value: rows }, [], 0, floor === null ? undefined : { value: floor, text: say("quality.real") });
  }
}

customElements.define("gan-quality", Quality);
