// The Honest tab: is a generated picture a copy? The training pictures nearest to it, and how near real ones are.
import { button, field, segments } from "./controls.js";
import { chosen, current, Newest, post } from "./latents.js";
import { Panel } from "./panel.js";
import { decode, drawCells } from "./pictures.js";
import { element, say, sayWeights, setText } from "./text.js";
import { followWeights } from "./weights.js";

const REFRESH_MS = 4000;
const PREPARING_MS = 1000;
const SPACES = ["pixels", "features"];
const NEIGHBOURS = 4;

class Honest extends Panel {
  connectedCallback() {
    this.note = element("p", { class: "note" }, say("honest.lead"));
    this.which = segments("which", [["this", say("honest.this")], ["random", say("honest.random")]], "random", () => this.ask(), say("honest.tab"));
    this.seed = element("input", { type: "number", min: 0, max: 2 ** 31 - 1, value: 0, "data-field": "seed" });
    this.seed.addEventListener("change", () => this.ask());
    this.dice = button("dice", say("honest.others"), () => {
      this.seed.value = Math.floor(Math.random() * 1_000_000);
      this.ask();
    });
    this.seedField = field(say("honest.seed"), this.seed);
    this.verdicts = element("div", { class: "honest-verdicts" });
    this.body = element("div", { class: "honest-body" });
    this.replaceChildren(this.note, element("div", { class: "tools honest-tools" }, this.which, this.dice, this.seedField), this.verdicts, this.body);
    const send = (request) => post("honest", request).then((answer) => answer.json());
    this.answers = new Newest(send, (...answer) => this.take(...answer), (text) => this.refuse(text));
    this.ends = [chosen.follow(() => this.ask()), current.follow(() => this.which.dataset.value === "this" && this.ask()), followWeights(() => this.visible, () => this.ask(), REFRESH_MS)];
    this.watch = new IntersectionObserver(() => this.ask());
    this.watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.waiting);
  }

  refuse(text) {
    this.note.classList.add("fault");
    setText(this.note, text);
    this.verdicts.replaceChildren();
    this.body.replaceChildren();
  }

  request(spaces = SPACES) {
    const single = this.which.dataset.value === "this" && current.value.z;
    const seed = Math.min(Math.max(Math.floor(Number(this.seed.value) || 0), 0), 2 ** 31 - 1);
    return { ...chosen.value, z: single ? current.value.z : "", seed, spaces, neighbours: single ? NEIGHBOURS : 1 };
  }

  ask() {
    if (!this.visible) return;
    this.dice.hidden = this.seedField.hidden = this.which.dataset.value === "this";
    this.answers.ask(this.request());
  }

  // While a space is being prepared only its share is asked for; then all is compared again.
  async take(answer, request) {
    clearTimeout(this.waiting);
    const unready = SPACES.filter((space) => answer[space]?.preparing !== undefined);
    if (unready.length) this.askLater(unready);
    if (request.spaces.length === SPACES.length) return this.show(answer);
    if (unready.length === request.spaces.length) return this.tell({ ...this.answer, ...answer });
    return this.ask();
  }

  askLater(spaces) {
    const ask = () => (this.visible ? this.answers.ask(this.request(spaces)) : this.askLater(spaces));
    this.waiting = setTimeout(ask, PREPARING_MS);
  }

  async show(answer) {
    this.note.classList.remove("fault");
    setText(this.note, say("honest.lead"));
    const sheets = Object.fromEntries(
      await Promise.all(SPACES.filter((space) => answer[space]?.sheet).map(async (space) => [space, await decode(answer[space].sheet)])),
    );
    const generated = await decode(answer.sheet);
    this.tell(answer);
    const cards = Array.from({ length: answer.count }, (_, index) => this.card(answer, generated, sheets, index));
    this.body.classList.toggle("single", answer.count === 1);
    this.body.replaceChildren(...cards);
    this.dataset.step = answer.step;
  }

  tell(answer) {
    this.answer = answer;
    const lines = SPACES.filter((space) => answer[space]).map((space) => this.verdict(space, answer[space], answer.count));
    this.verdicts.replaceChildren(...lines, element("small", {}, sayWeights(answer.step)));
  }

  verdict(space, { preparing, suspicious, limit }, count) {
    const name = say(`honest.${space}`);
    if (preparing !== undefined) return element("p", { "data-space": space, class: "preparing" }, say("honest.preparing", { name, share: Math.round(100 * preparing) }));
    const near = suspicious.filter(Boolean).length;
    const text = say(`honest.${near ? "near" : "fine"}${count === 1 ? ".one" : ""}`, { name, near, count, limit: limit.toPrecision(3) });
    return element("p", { "data-space": space, class: near ? "near" : "fine" }, text);
  }

  card({ count, ...answer }, generated, sheets, index) {
    const cell = (bitmap, total, place, note, kind) => {
      const canvas = element("canvas", { class: `sheet ${kind}` });
      drawCells(canvas, bitmap, total, 1, [place], 1);
      return element("figure", {}, canvas, element("small", {}, note));
    };
    const rows = Object.entries(sheets).map(([space, sheet]) => {
      const { distances, suspicious, neighbours } = answer[space];
      const figures = distances[index].map((distance, place) =>
        cell(sheet, count * neighbours, index * neighbours + place, distance.toPrecision(3), suspicious[index] && place === 0 ? "suspicious" : ""),
      );
      return element("div", { class: "honest-row", "data-space": space }, element("small", {}, say(`honest.${space}`)), ...figures);
    });
    const warned = SPACES.some((space) => answer[space]?.suspicious?.[index]);
    const first = cell(generated, count, index, warned ? say("honest.warning") : "", warned ? "suspicious" : "");
    first.classList.add("honest-first");
    return element("section", { class: warned ? "honest-card warned" : "honest-card" }, first, ...rows);
  }
}

customElements.define("gan-honest", Honest);
