// Texts in the visitor's language, which quiet.js has chosen, and small helpers to build elements.

export const { texts, language } = window.ganStudioData;

export function say(key, values = {}) {
  const text = texts[language][key] ?? texts.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// What the server says, { error, key, values }: in the visitor's language where there is such a text, else the English
// sentence. A value may be such a sentence itself.
export function tell({ error, key, values }) {
  if (!texts[language][key]) return error;
  return say(key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value?.error ? tell(value) : value])));
}

// A generator's source as the visitor knows it.
export const sourceName = (source) => (source === "live" ? say("source.live") : source);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export const number = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });

export const sayWeights = (step) => (step ? say("latent.weights", { step: number.format(step) }) : say("latent.untrained"));

// Address of a live route, wherever the page itself is mounted.
export const route = (path) => new URL(`../${path}`, import.meta.url).href;
