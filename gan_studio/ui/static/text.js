// Texts in the visitor's language, and small helpers to build elements.

const { texts } = window.ganStudioData;
const language = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2)).find((tag) => texts[tag]);

export function say(key, values = {}) {
  const text = texts[language]?.[key] ?? texts.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

// Address of a live route, wherever the page itself is mounted.
export const route = (path) => new URL(`../${path}`, import.meta.url).href;
