// The title line, and notices under the buttons.
import { element, language, say, tell, texts } from "./text.js";

// The other languages, each called by its own name: a choice of this browser, for which the page is loaded anew.
function languageChoice() {
  return Object.keys(texts).filter((tag) => tag !== language).map((tag) => {
    const button = element("button", { type: "button", lang: tag, "data-language": tag }, texts[tag]["app.language"]);
    button.addEventListener("click", () => {
      localStorage.setItem("gan-studio-language", tag);
      location.reload();
    });
    return button;
  });
}

customElements.define(
  "gan-header",
  class extends HTMLElement {
    connectedCallback() {
      this.replaceChildren(element("strong", {}, say("app.title")), element("span", {}, say("app.tagline")), ...languageChoice());
    }
  },
);

// A text of the locale files (data-key), what the server says (data-words), or the words inside. Gradio changes such elements in place, so the text is
// kept in a shadow tree, which it does not touch.
customElements.define(
  "gan-notice",
  class extends HTMLElement {
    static observedAttributes = ["data-key", "data-name", "data-words"];

    constructor() {
      super();
      this.text = element("span");
      this.slotted = element("slot");
      this.attachShadow({ mode: "open" }).append(this.text, this.slotted);
    }

    attributeChangedCallback() {
      const { key, name = "", words } = this.dataset;
      this.text.textContent = words ? tell(JSON.parse(words)) : key ? say(key, { name }) : "";
      this.slotted.style.display = words ? "none" : "";
    }
  },
);
