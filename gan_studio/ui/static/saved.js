// Directions that were given a name, kept in this browser and carried from one to another as a file; and those that were
// found since the page was opened, for other tabs to use.
import { pack, Shared, unpack } from "./latents.js";
import { subscribe } from "./stream.js";
import { say } from "./text.js";
import { lengthOf, scaled } from "./vectors.js";

const KEY = "gan-studio-directions";
const MOST_KEPT = 200;
const MOST_FOUND = 12;

const leads = (numbers) => lengthOf(numbers) > 1e-6 && lengthOf(numbers) < Infinity;

// [{ name, z }], z a unit vector as a string.
export function savedDirections() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return kept.filter(({ name, z }) => typeof name === "string" && typeof z === "string" && leads(unpack(z)));
  } catch {
    return []; // written by something else
  }
}

export const saved = new Shared(savedDirections());
export const found = new Shared([]); // [{ title, source, items: [{ name, z }] }], the newest first

const write = (items) => {
  localStorage.setItem(KEY, JSON.stringify(items.slice(-MOST_KEPT)));
  saved.set(savedDirections());
};

addEventListener("storage", ({ key }) => (key === KEY || key === null) && saved.set(savedDirections()));

// Directions of the generator `source`, in place of those that were found there in the same way.
export function noteFound(title, source, items) {
  const others = found.value.filter((group) => group.title !== title || group.source !== source);
  found.set([{ title, source, items }, ...others].slice(0, MOST_FOUND));
}

// What was found in another run is not this one's.
let run;
subscribe((known) => {
  if (known.run === run) return;
  if (run) found.set(found.value.filter(({ source }) => !source.startsWith("live")));
  run = known.run;
});

export function saveDirection(name, numbers) {
  if (!leads(numbers)) throw new Error(say("directions.save.nothing"));
  write([...savedDirections(), { name: name.slice(0, 40), z: pack(scaled(numbers, 1 / lengthOf(numbers))) }]);
}

export const renameDirection = (index, name) =>
  write(savedDirections().map((item, at) => (at === index ? { ...item, name } : item)));
export const forgetDirection = (index) => write(savedDirections().filter((_, at) => at !== index));

export function exportDirections() {
  const directions = savedDirections().map(({ name, z }) => ({ name, latent_size: unpack(z).length, direction: Array.from(unpack(z)) }));
  const url = URL.createObjectURL(new Blob([JSON.stringify({ directions })], { type: "application/json" }));
  const link = document.createElement("a");
  Object.assign(link, { href: url, download: "directions.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// The names of those that were taken; an Error with a sentence where there is nothing in it for latents of `size`.
export async function importDirections(file, size) {
  let found;
  try {
    found = JSON.parse(await file.text()).directions;
    const sound = found.every(({ direction }) => Array.isArray(direction) && direction.every(Number.isFinite) && leads(direction));
    if (!found.length || !sound) throw new Error();
  } catch {
    throw new Error(say("directions.unreadable"));
  }
  const foreign = found.find(({ direction }) => direction.length !== size);
  if (foreign) throw new Error(say("directions.foreign", { name: String(foreign.name), theirs: foreign.direction.length, ours: size }));
  found.forEach(({ name, direction }) => saveDirection(String(name ?? ""), direction));
  return found.map(({ name }) => name);
}
