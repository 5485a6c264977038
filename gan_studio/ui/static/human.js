// The Human test tab: twenty pictures, real or fake? The key comes with the result, after the answers.
import { ask, post } from "./latents.js";
import { Panel } from "./panel.js";
import { decode, drawCells } from "./pictures.js";
import { element, number, say, setText, sourceName } from "./text.js";

const POLL_MS = 3000;
const FASTEST_MS = 120; // a second press within this time was meant for the picture before
const SLOWEST_MS = 600_000;
const GALLERY = 5;
const KEYS = { ArrowLeft: false, r: false, R: false, ArrowRight: true, f: true, F: true };

const inputs = "input, textarea, select, [contenteditable], [role=listbox], [role=tab]";
const seconds = (milliseconds) => (milliseconds / 1000).toFixed(2);
const describe = (about) =>
  say("human.what", { ...about, source: sourceName(about.source), step: number.format(about.step) });

function button(text, onClick, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", onClick);
  return made;
}

class Human extends Panel {
  connectedCallback() {
    this.note = element("p", { class: "fault", role: "alert", hidden: "" });
    this.stage = element("div", { class: "stage", tabindex: -1 });
    this.replaceChildren(this.note, this.stage);
    this.onKey = (event) => this.key(event);
    addEventListener("keydown", this.onKey);
    this.timer = setInterval(() => this.refresh(), POLL_MS);
    this.watch = new IntersectionObserver(() => this.refresh());
    this.watch.observe(this);
    window.ganStudio.humanBoard = this;
    this.showStart();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("keydown", this.onKey);
    clearInterval(this.timer);
  }

  problem(text) {
    this.note.hidden = !text;
    setText(this.note, text);
  }

  enter(view, ...children) {
    this.dataset.view = view;
    this.stage.replaceChildren(...children);
  }

  // What others do meanwhile: new tests on the start page, new people on the result page.
  async refresh() {
    if (!this.visible) return;
    const { view } = this.dataset;
    try {
      if (view === "start") this.showRecent(await (await ask("human/recent")).json());
      if (view === "result") {
        const answer = await ask(`human/result?ticket=${this.about.ticket}`);
        if (this.dataset.view === "result") this.showResult(await answer.json());
      }
    } catch {
      // The server is away or has forgotten the test; what is shown stays.
    }
  }

  // -- the start ---------------------------------------------------------------------------------

  showStart() {
    this.problem("");
    this.recent = element("div", { class: "recent" });
    this.known = "";
    this.enter(
      "start",
      element("h2", {}, say("human.title")),
      element("p", { class: "lead" }, say("human.about")),
      element("p", { class: "lead subdued" }, say("human.keys")),
      this.recent,
    );
    this.refresh();
  }

  showRecent(tests) {
    const text = JSON.stringify(tests);
    if (this.dataset.view !== "start" || text === this.known) return;
    this.known = text;
    const rows = tests.map((test) =>
      element(
        "div",
        { class: "given" },
        element("span", {}, describe(test)),
        element("small", {}, say("human.recent.finished", test)),
        button(say("human.recent.take"), () => this.begin({ test: test.test }), { class: "quiet" }),
      ),
    );
    this.recent.replaceChildren(...(rows.length ? [element("h3", {}, say("human.recent")), ...rows] : []));
  }

  async begin(request) {
    if (this.busy) return;
    this.busy = true;
    try {
      const answer = await post("human/begin", request);
      this.about = JSON.parse(answer.headers.get("X-Test"));
      this.sheet = await decode(await answer.blob());
      this.problem("");
      this.showTest();
    } catch (problem) {
      this.problem(problem.message);
    }
    this.busy = false;
  }

  // -- the test ----------------------------------------------------------------------------------

  showTest() {
    Object.assign(this, { fake: [], milliseconds: [] });
    this.picture = element("canvas", { class: "sheet big", "data-sheet": "human" });
    this.count = element("b", { "aria-live": "polite" });
    const marks = Array.from({ length: this.about.count }, () => element("i"));
    this.bar = element("div", { class: "bar" }, ...marks);
    const choice = (name, fake, key) => {
      const label = [element("b", {}, say(name)), element("kbd", {}, key)];
      const made = button("", () => this.answer(fake), { class: fake ? "fake" : "real", "data-answer": fake });
      made.append(...label);
      return made;
    };
    this.choices = element(
      "div",
      { class: "choices" },
      choice("human.real", false, "← R"),
      choice("human.fake", true, "→ F"),
    );
    const head = element(
      "div",
      { class: "head" },
      this.count,
      element("small", {}, describe(this.about)),
      button(say("human.leave"), () => this.showStart(), { class: "quiet" }),
    );
    this.enter("test", head, this.bar, this.picture, this.choices);
    this.stage.focus({ preventScroll: true });
    this.showPicture();
  }

  showPicture() {
    const index = this.fake.length;
    drawCells(this.picture, this.sheet, this.about.count, 1, [index], 1);
    setText(this.count, say("human.progress", { number: index + 1, count: this.about.count }));
    [...this.bar.children].forEach((mark, place) => mark.classList.toggle("done", place < index));
    this.dataset.picture = index;
    requestAnimationFrame(() => (this.shownAt = performance.now()));
    this.shownAt = performance.now();
  }

  answer(fake) {
    const time = Math.round(performance.now() - this.shownAt);
    if (this.dataset.view !== "test" || time < FASTEST_MS || this.fake.length === this.about.count) return;
    this.fake.push(fake);
    this.milliseconds.push(Math.min(time, SLOWEST_MS));
    if (this.fake.length < this.about.count) this.showPicture();
    else this.handIn();
  }

  key(event) {
    const fake = KEYS[event.key];
    if (fake === undefined || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (this.dataset.view !== "test" || !this.visible || event.target.closest?.(inputs)) return;
    event.preventDefault();
    const pressed = this.choices.children[fake ? 1 : 0];
    pressed.classList.add("pressed");
    setTimeout(() => pressed.classList.remove("pressed"), FASTEST_MS);
    this.answer(fake);
  }

  async handIn() {
    const again = element("div", { class: "again", hidden: "" });
    again.append(
      button(say("human.again"), () => this.handIn(), { class: "quiet" }),
      button(say("human.new"), () => this.showStart(), { class: "quiet" }),
    );
    this.enter("sending", element("p", { class: "lead" }, say("human.sending")), again);
    try {
      const { ticket } = this.about;
      const body = { ticket, fake: this.fake, milliseconds: this.milliseconds };
      this.showResult(await (await post("human/answers", body)).json());
    } catch (problem) {
      this.problem(problem.message);
      again.hidden = false;
    }
  }

  // -- the result --------------------------------------------------------------------------------

  showResult(result) {
    const text = JSON.stringify(result);
    if (this.dataset.view === "result" && this.known === text) return;
    this.known = text;
    this.problem(result.problem ? tell(result.problem) : "");
    this.enter(
      "result",
      element(
        "div",
        { class: "head" },
        element("small", {}, describe(this.about)),
        button(say("human.new"), () => this.showStart(), { class: "quiet" }),
      ),
      this.cards(result),
      this.gallery(result),
      this.all(result),
      element("p", { class: "subdued" }, this.explain(result.judge)),
    );
  }

  cards(result) {
    const card = (name, value, unit, more) =>
      element("div", { "data-card": name }, element("span", {}, say(name)), element("b", {}, value), element("small", {}, unit), element("small", {}, more));
    const score = say("human.score");
    const { people, judge } = result;
    return element(
      "div",
      { class: "cards" },
      card("human.you", String(result.right), score, ""),
      card("human.class", result.class_right.toFixed(1), score, people > 1 ? say("human.people", { people }) : say("human.person")),
      card("human.judge", String(judge.right), score, say("human.ranked", { right: judge.ranked_right })),
      card("human.time", seconds(result.milliseconds), say("human.seconds"), say("human.class_time", { seconds: seconds(result.class_milliseconds) })),
    );
  }

  cell(index, kind) {
    const canvas = element("canvas", { class: `sheet ${kind}` });
    drawCells(canvas, this.sheet, this.about.count, 1, [index], 1);
    return canvas;
  }

  gallery({ fooled, people }) {
    const best = fooled.filter((row) => row.fooled > 0).slice(0, GALLERY);
    const pictures = best.map((row) =>
      element("figure", {}, this.cell(row.picture, "fake"), element("figcaption", {}, say("human.fooled.count", { fooled: row.fooled, people }))),
    );
    const shown = pictures.length ? element("div", { class: "fooled" }, ...pictures) : element("p", {}, say("human.fooled.none"));
    return element("section", {}, element("h3", {}, say("human.fooled")), shown);
  }

  all({ key, answers, judge }) {
    const said = (name, fake, right) =>
      element("small", { class: right ? "right" : "wrong" }, `${right ? "✓" : "✗"} ${say(name)}: ${say(fake ? "human.fake" : "human.real")}`);
    const figures = key.map((fake, index) =>
      element(
        "figure",
        {},
        this.cell(index, fake ? "fake" : "real"),
        said("human.all.you", answers[index], answers[index] === fake),
        said("human.all.judge", judge.says_fake[index], judge.says_fake[index] === fake),
        ...(judge.beliefs ? [element("small", { class: "right" }, `${Math.round(100 * judge.beliefs[index])}\u00a0%`)] : []),
      ),
    );
    const title = element("h3", {}, say("human.all"), " ", element("small", {}, say("human.all.info")));
    return element("section", {}, title, element("div", { class: "all" }, ...figures));
  }

  explain(judge) {
    const line = judge.beliefs ? say("human.probability") : say("human.halfway");
    return judge.in_company ? `${line} ${say("human.company")}` : line;
  }
}

const whole = (value) => Math.min(Math.max(Math.floor(Number(value) || 0), 0), 2 ** 31 - 1);

window.ganStudio.beginTest = (source, seed) => window.ganStudio.humanBoard?.begin({ source, seed: whole(seed) });
customElements.define("gan-human", Human);
