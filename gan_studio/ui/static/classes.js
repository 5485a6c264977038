// The class that a generator which was trained by class draws, chosen by its name; nothing for other generators.
import { field, select } from "./controls.js";
import { ask, choose, chosen, classes, Newest } from "./latents.js";
import { Panel } from "./panel.js";
import { subscribe } from "./stream.js";
import { say } from "./text.js";

class ClassChoice extends Panel {
  connectedCallback() {
    this.choice = select("latent-class", [], (value) => choose(chosen.value.source, Number(value)));
    this.row = field(say("latent.class"), this.choice);
    const send = (source) => ask(`classes?source=${encodeURIComponent(source)}`).then((answer) => answer.json());
    this.names = new Newest(send, (...answer) => this.take(...answer), () => this.take([], null));
    this.ends = [
      chosen.follow(() => this.look()),
      subscribe(({ run }) => {
        this.run = run;
        this.look();
      }),
    ];
    this.watch = new IntersectionObserver(() => this.look());
    this.watch.observe(this);
  }

  // Another generator, or another run that is the live one.
  look() {
    const { source, label } = chosen.value;
    this.choice.value = String(label);
    const known = source === "live" ? `live ${this.run}` : source;
    if (!this.visible || known === this.known) return;
    this.known = known;
    this.names.ask(source);
  }

  take(names, source) {
    if (source === null) this.known = null; // the next occasion asks again: perhaps there is a run then
    if (source !== null && source !== chosen.value.source) return;
    classes.set(names);
    this.choice.fill(names.map((name, index) => [index, name]));
    this.replaceChildren(...(names.length ? [this.row] : []));
    if (names.length && chosen.value.label >= names.length) choose(chosen.value.source, names.length - 1);
    this.choice.value = String(chosen.value.label);
  }
}

customElements.define("gan-class", ClassChoice);
