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

// A text of the locale files (data-key) or the words inside. Gradio changes such elements in place, so the text is
// kept in a shadow tree, which it does not touch.
customElements.define(
  "gan-notice",
  class extends HTMLElement {
    static observedAttributes = ["data-key", "data-name"];

    constructor() {
      super();
      this.text = element("span");
      this.attachShadow({ mode: "open" }).append(this.text, element("slot"));
    }

    attributeChangedCallback() {
      const { key, name = "" } = this.dataset;
      this.text.textContent = key ? say(key, { name }) : "";
    }
  },
);
