// The title line, and notices under the buttons.
import { element, say } from "./text.js";

customElements.define(
  "gan-header",
  class extends HTMLElement {
    connectedCallback() {
      this.replaceChildren(element("strong", {}, say("app.title")), element("span", {}, say("app.tagline")));
    }
  },
);

customElements.define(
  "gan-notice",
  class extends HTMLElement {
    connectedCallback() {
      if (this.dataset.key) this.textContent = say(this.dataset.key, { name: this.dataset.name });
    }
  },
);
