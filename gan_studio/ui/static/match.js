// The Match tab: follows the one match that is played, and shows its table.
import { ask, post } from "./latents.js";
import { Panel } from "./panel.js";
import { element, number, say, sourceName, tell } from "./text.js";

const RUNNING_MS = 400;
const IDLE_MS = 3000;

const percent = (share) => `${Math.round(100 * share)} %`;

class Match extends Panel {
  connectedCallback() {
    this.note = element("p", { class: "note" });
    this.bar = element("div", { class: "track", hidden: "" }, element("i"));
    this.body = element("div");
    this.replaceChildren(element("h2", {}, say("match.title")), this.note, this.bar, this.body);
    this.watch = new IntersectionObserver(() => this.follow());
    this.watch.observe(this);
    window.ganStudio.matchBoard = this;
  }

  async follow() {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.follow(), this.dataset.state === "running" ? RUNNING_MS : IDLE_MS);
    if (!this.visible) return;
    try {
      this.show(await (await ask("match")).json());
    } catch {
      // The server is away; what is shown stays.
    }
  }

  async send(path, body) {
    try {
      const said = await (await post(path, body)).json();
      this.refused = "";
      this.show(said);
    } catch (problem) {
      this.refused = problem.lost ? "" : problem.message;
      this.say(problem.message, true);
    }
    this.follow();
  }

  show(progress) {
    const { state, share, players, message, match } = progress;
    this.dataset.state = state;
    this.bar.hidden = state !== "running";
    this.bar.firstChild.style.width = `${100 * share}%`;
    if (this.refused && state !== "running") return;
    this.refused = "";
    if (state === "empty") this.say(say("match.waiting"));
    else if (state === "running") this.say(say("match.running", { players: players.map(sourceName).join(", "), share: Math.round(100 * share) }));
    else if (state === "stopped") this.say(say("match.stopped"));
    else if (state === "failed") this.say(tell(message), true);
    else this.say(say("match.read"));
    const text = JSON.stringify(match);
    if (text === this.known) return;
    this.known = text;
    this.body.replaceChildren(...(match ? [element("div", { class: "scroll" }, this.table(match)), element("p", { class: "subdued" }, this.how(match))] : []));
  }

  how({ dataset, samples, reals, seed, named }) {
    const how = say("match.how", { dataset, samples: number.format(samples), reals: number.format(reals), seed });
    return named.length ? `${how} ${say("match.named", { names: named.map(sourceName).join(", ") })}` : how;
  }

  table(match) {
    const { entrants } = match;
    const name = (entrant, mark) => [
      element("b", {}, mark && entrant.threshold !== null ? `${sourceName(entrant.name)} *` : sourceName(entrant.name)),
      element("small", {}, say("match.step", { step: number.format(entrant.step) })),
    ];
    const head = element(
      "thead",
      {},
      element("tr", {}, element("th", { rowspan: 2 }, say("match.generator")), element("th", { class: "group", colspan: entrants.length }, say("match.discriminators")), this.heading("th", { rowspan: 2 }, "match.win", "match.win.info")),
      element("tr", {}, ...entrants.map((entrant) => element("th", {}, ...name(entrant, true)))),
    );
    const rows = match.fooled.map((shares, row) =>
      element(
        "tr",
        {},
        element("th", {}, ...name(entrants[row], false)),
        ...shares.map((share, column) => this.cell(share, row === column ? "own" : "", "cell")),
        this.cell(match.win_rate[row], "margin", "win"),
      ),
    );
    const foot = [
      ["match.real", "match.real.info", match.real, "real"],
      ["match.caught", "match.caught.info", match.caught, "caught"],
    ].map(([title, info, shares, kind]) =>
      element("tr", {}, this.heading("th", {}, title, info), ...shares.map((share) => this.cell(share, "margin", kind)), element("td", { class: "none" })),
    );
    return element("table", {}, head, element("tbody", {}, ...rows), element("tfoot", {}, ...foot));
  }

  heading(tag, attributes, title, info) {
    return element(tag, attributes, element("b", {}, say(title)), element("small", {}, say(info)));
  }

  cell(share, kind, role) {
    return element("td", { class: kind, "data-role": role, style: `--share:${(100 * share).toFixed(1)}%` }, percent(share));
  }
}

const whole = (value, most) => Math.min(Math.max(Math.floor(Number(value) || 0), 0), most);

window.ganStudio.playMatch = (players, samples, seed) =>
  window.ganStudio.matchBoard?.send("match", { players, samples: whole(samples, 50_000), seed: whole(seed, 2 ** 31 - 1) });
window.ganStudio.stopMatch = () => window.ganStudio.matchBoard?.send("match/stop", {});
customElements.define("gan-match", Match);
