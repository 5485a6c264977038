// The title line.
import { element, say } from "./text.js";

customElements.define(
  "gan-header",
  class extends HTMLElement {
    connectedCallback() {
      this.replaceChildren(element("strong", {}, say("app.title")), element("span", {}, say("app.tagline")));
    }
  },
);
