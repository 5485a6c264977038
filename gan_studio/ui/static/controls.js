// Small controls of our own for what is live: rows of buttons of which one is pressed, sliders, choices.
import { element, setText } from "./text.js";

// One of several: options are [value, text]; calls onChange(value) when another is pressed.
export function segments(name, options, value, onChange) {
  const row = element("div", { class: "segments", role: "group", "data-choice": name });
  row.choose = (chosen) => {
    row.dataset.value = chosen;
    for (const button of row.children) button.setAttribute("aria-pressed", button.dataset.value === chosen);
  };
  for (const [key, text] of options) {
    const button = element("button", { type: "button", "data-value": key }, text);
    button.addEventListener("click", () => {
      row.choose(key);
      onChange(key);
    });
    row.append(button);
  }
  row.choose(value);
  return row;
}

export function button(name, text, onClick, kind = "") {
  const made = element("button", { type: "button", class: `tool-button ${kind}`, "data-do": name }, text);
  made.addEventListener("click", onClick);
  return made;
}

// A slider with its value beside it; `made.value` is the number.
export function slider(name, text, { min, max, step, value, show = String }, onChange = () => {}) {
  const input = element("input", { type: "range", min, max, step, value, "data-field": name, "aria-label": text });
  const output = element("output", {}, show(value));
  input.addEventListener("input", () => {
    setText(output, show(Number(input.value)));
    onChange(Number(input.value));
  });
  const made = element("label", { class: "slider" }, element("span", {}, text, output), input);
  Object.defineProperty(made, "value", {
    get: () => Number(input.value),
    set: (given) => {
      input.value = given;
      setText(output, show(Number(input.value)));
    },
  });
  return made;
}

export function select(name, options, onChange = () => {}) {
  const made = element("select", { "data-field": name });
  made.fill = (given) => {
    const before = made.value;
    made.replaceChildren(...given.map(([value, text]) => element("option", { value }, text)));
    if (given.some(([value]) => String(value) === before)) made.value = before;
  };
  made.fill(options);
  made.addEventListener("change", () => onChange(made.value));
  return made;
}

export const field = (text, control) => element("label", { class: "field" }, element("span", {}, text), control);
