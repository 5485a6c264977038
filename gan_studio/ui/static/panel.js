// What the live parts of the page have in common.
import { setText } from "./text.js";

// A part may have `ends`, functions that end what it follows; `watch`, an observer of its being in sight; `later`, a
// timer; and `note`, where it says what it does or why it cannot.
export class Panel extends HTMLElement {
  disconnectedCallback() {
    this.ends?.forEach((end) => end());
    this.watch.disconnect();
    clearTimeout(this.later);
  }

  get visible() {
    return !document.hidden && this.clientWidth > 0;
  }

  say(text, fault = false) {
    if (!fault) this.calm = text;
    this.note.classList.toggle("fault", fault);
    setText(this.note, text);
  }

  // What went wrong is over.
  settle() {
    if (this.note.classList.contains("fault")) this.say(this.calm ?? "");
  }
}
