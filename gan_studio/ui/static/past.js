// The time machine: goes back to the weights of earlier steps of the run, for all of the Latent tab.
import { button } from "./controls.js";
import { ask, chosen, Newest, time } from "./latents.js";
import { Panel } from "./panel.js";
import { subscribe } from "./stream.js";
import { element, number, say, setText } from "./text.js";

const FRAME_MS = 250;
const MOST_MARKS = 7;

class Past extends Panel {
  connectedCallback() {
    Object.assign(this, { run: "", steps: [], next: 0, known: null, left: 0 });
    this.build();
    const send = async () => (await ask("past")).json();
    this.pasts = new Newest(send, (answer) => this.take(answer), () => {}); // offline is said elsewhere
    this.ends = [
      subscribe((known) => this.follow(known)),
      chosen.follow(() => this.show()),
      time.follow(() => this.show()),
      () => this.stop(),
    ];
    this.watch = new IntersectionObserver(() => this.follow(this.known));
    this.watch.observe(this);
  }

  build() {
    this.film = button("past-film", say("past.film"), () => (this.timer ? this.stop() : this.play()));
    this.range = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0, "data-past": "", "aria-label": say("past.title") });
    this.range.addEventListener("input", () => {
      this.stop();
      this.go(Number(this.range.value));
    });
    this.range.addEventListener("pointerdown", () => (this.held = true)); // the places must not move under the hand
    for (const end of ["pointerup", "pointercancel", "blur"]) this.range.addEventListener(end, () => (this.held = false));
    this.marks = element("div", { class: "past-marks", "aria-hidden": "true" });
    this.where = element("output", { class: "past-where" });
    this.back = button("past-now", say("past.back"), () => this.goNow());
    this.beside = button("past-beside", say("past.beside"), () => this.compare());
    this.newer = element("small", { class: "past-newer", role: "status" });
    const facts = element("div", { class: "past-facts" }, element("small", {}, say("past.title")), this.newer, this.where);
    const rail = element("div", { class: "past-rail" }, this.range, this.marks);
    this.bar = element("div", { class: "past", title: say("past.info"), hidden: "" }, facts, this.film, rail, this.beside, this.back);
    this.replaceChildren(this.bar);
  }

  // The kept steps are asked for again when there may be others.
  follow(known) {
    if (!known) return;
    this.known = known;
    const changed = known.run !== this.run || known.step >= this.next || known.step < this.steps.at(-1);
    if (changed && this.visible && !this.held) this.pasts.ask({});
    this.describe();
  }

  take({ run, steps, next }) {
    if (this.held) return;
    if (this.run && run !== this.run) this.goNow();
    Object.assign(this, { run, steps, next });
    this.range.max = steps.length; // the last place is now
    const { step } = time.value;
    if (step !== null && !steps.includes(step)) this.go(this.place()); // thinned, or undone
    this.mark();
    this.show();
  }

  // The place of the slider: that of the kept step nearest to the one looked at.
  place() {
    const { step } = time.value;
    if (step === null) return this.steps.length;
    const distances = this.steps.map((kept) => Math.abs(kept - step));
    return distances.indexOf(Math.min(...distances));
  }

  go(place) {
    const step = this.steps[place] ?? null;
    if (time.value.step === null) this.left = this.known?.step ?? 0;
    if (step !== time.value.step) time.set({ ...time.value, step });
  }

  goNow() {
    this.stop();
    if (time.value.step !== null) time.set({ ...time.value, step: null });
  }

  // The Walk is the one that can show two generators.
  compare() {
    const beside = !(time.value.beside && time.value.step !== null);
    time.set({ ...time.value, beside });
    if (!beside) return;
    if (time.value.step === null) this.go(0);
    document.querySelector("[data-tab-id=latent-walk]")?.click();
  }

  play() {
    if (time.value.step === null) this.go(0);
    setText(this.film, say("past.stop"));
    this.timer = setInterval(() => {
      this.go(this.place() + 1);
      if (time.value.step === null) this.stop();
    }, FRAME_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    setText(this.film, say("past.film"));
  }

  show() {
    if (!this.steps) return;
    const live = chosen.value.source.split("@")[0] === "live";
    const there = this.steps.length > 1 || this.known?.step > this.steps[0];
    this.bar.hidden = !(live && there);
    if (this.bar.hidden) this.stop();
    if (!this.held) this.range.value = this.place();
    this.describe();
  }

  describe() {
    const { step, beside } = time.value;
    const [then, last] = [step !== null, number.format(this.known?.step ?? 0)];
    this.bar.classList.toggle("then", then);
    setText(this.where, then ? say("past.at", { step: number.format(step), last }) : say("past.at.now", { step: last }));
    this.range.setAttribute("aria-valuetext", this.where.textContent);
    setText(this.newer, then && this.known?.step > this.left ? say("past.newer") : "");
    this.back.disabled = !then;
    this.beside.setAttribute("aria-pressed", then && beside);
  }

  // Some of the steps, at their places under the slider.
  mark() {
    const last = this.steps.length;
    const every = Math.ceil(last / MOST_MARKS);
    const shown = this.steps.flatMap((step, place) => (place % every || (place && place > last - every) ? [] : [[place, number.format(step)]]));
    const texts = [...shown, [last, say("past.now")]];
    this.marks.replaceChildren(...texts.map(([place, text]) => element("span", { style: `--at:${place / last}` }, text)));
  }
}

customElements.define("gan-past", Past);
