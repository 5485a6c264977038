// Small controls of our own for what is live: rows of buttons of which one is pressed, sliders, choices.
import { element, setText } from "./text.js";

// Lets a picture be pressed like a button, by mouse and keys; returns it.
export function pressable(node, name, onPress) {
  for (const [key, value] of Object.entries({ role: "button", tabindex: 0, "aria-label": name })) node.setAttribute(key, value);
  node.addEventListener("click", onPress);
  onKeys(node, { Enter: onPress, " ": onPress });
  return node;
}

// Lets a picture of many places be used with keys: `acts` are functions by the key's name.
export function onKeys(node, acts) {
  node.tabIndex = 0;
  node.addEventListener("keydown", (event) => {
    if (!(event.key in acts) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation(); // nobody else's key
    acts[event.key](event);
  });
}

// The arrow keys for onKeys: act(across, down) with steps of -1, 0 or 1.
export const arrows = (act) => ({
  ArrowLeft: () => act(-1, 0),
  ArrowRight: () => act(1, 0),
  ArrowUp: () => act(0, -1),
  ArrowDown: () => act(0, 1),
});

// One of several: options are [value, text]; calls onChange(value) when another is pressed. `title` is for who hears it.
export function segments(name, options, value, onChange, title = "") {
  const row = element("div", { class: "segments", role: "group", "data-choice": name, ...(title && { "aria-label": title }) });
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
