// What the parts of the Latent tab share: the generator that was chosen, the latent that is looked at, the tray of
// kept ones, and pictures of any latents. A latent is a string: little-endian float32 numbers in base64.
import { decode } from "./pictures.js";
import { route } from "./text.js";

const TRAY_KEY = "gan-studio-tray";
const MOST_KEPT = 60;

// -- latents as strings ------------------------------------------------------------------------------------

export function unpack(z) {
  const letters = atob(z);
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

export function pack(numbers) {
  const bytes = new Uint8Array(Float32Array.from(numbers).buffer);
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

// Several latents as one string.
export const packAll = (list) => pack(list.flatMap((z) => Array.from(unpack(z))));

// -- state with listeners ----------------------------------------------------------------------------------

class Shared {
  constructor(value) {
    Object.assign(this, { value, listeners: new Set() });
  }

  set(value) {
    this.value = value;
    for (const listener of this.listeners) listener(value);
  }

  // Calls the listener now and at every change; returns what ends that.
  follow(listener) {
    this.listeners.add(listener);
    listener(this.value);
    return () => this.listeners.delete(listener);
  }
}

export const chosen = new Shared({ source: "live", label: 0 }); // from the controls above the inner tabs
export const time = new Shared({ step: null, beside: false }); // a past step of the live run, or now; whether beside now
export const current = new Shared({ z: "", size: 0 }); // the latent of the large picture, and how many numbers it has
export const tray = new Shared(readTray()); // [{ id, name, z, label }]
export const picked = new Shared([]); // ids of kept latents, in the order in which they were picked

// The generator called `source` at the time that is looked at.
export const atTime = (source) => (source === "live" && time.value.step !== null ? `live@${time.value.step}` : source);
export const isPast = (source) => source.startsWith("live@");

export function choose(source, label) {
  if (source !== chosen.value.source || label !== chosen.value.label) chosen.set({ source, label });
}

// Make `z` the latent that is looked at, in class number `label` where one is given: the Walk's sliders go on from there.
export function goTo(z, label = null) {
  window.ganStudio.board?.startFrom(z);
  const box = document.querySelector("#latent-class input");
  if (label === null || !box || Number(box.value) === label) return;
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box, label);
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// -- the tray ----------------------------------------------------------------------------------------------

function readTray() {
  try {
    const kept = JSON.parse(localStorage.getItem(TRAY_KEY) ?? "[]");
    return kept.filter(({ id, name, z }) => [id, name, z].every((part) => typeof part === "string") && unpack(z).length);
  } catch {
    return []; // written by something else
  }
}

function writeTray(items) {
  localStorage.setItem(TRAY_KEY, JSON.stringify(items));
  tray.set(items);
  picked.set(picked.value.filter((id) => items.some((item) => item.id === id)));
}

export function keep(z, name, label = chosen.value.label) {
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const used = new Set(tray.value.map((item) => item.name));
  let number = tray.value.length + 1;
  while (used.has(String(number))) number += 1;
  writeTray([...tray.value, { id, name: name || String(number), z, label }].slice(-MOST_KEPT));
  return id;
}

export const forget = (id) => writeTray(tray.value.filter((item) => item.id !== id));
export const rename = (id, name) => writeTray(tray.value.map((item) => (item.id === id ? { ...item, name } : item)));

export function pick(id) {
  const now = picked.value;
  picked.set(now.includes(id) ? now.filter((other) => other !== id) : [...now, id]);
}

// -- pictures ----------------------------------------------------------------------------------------------

// Post JSON to a live route; the answer, or an Error with the server's sentence.
export async function post(path, request, signal) {
  const answer = await fetch(route(path), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
    signal,
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

// A sheet of pictures: { bitmap, columns, rows, about }; about is what the X-Drawing header says.
export async function askSheet(path, request, signal) {
  const answer = await post(path, request, signal);
  const about = JSON.parse(answer.headers.get("X-Drawing"));
  const bitmap = await decode(await answer.blob());
  return { bitmap, columns: about.columns, rows: Math.ceil(about.count / about.columns), about };
}

// Pictures of latents: a list of strings, or several in one.
export const drawLatents = (z, { source, label } = chosen.value, signal = undefined) =>
  askSheet("draw", { source, label, z: Array.isArray(z) ? packAll(z) : z }, signal);

// Sends the newest request only: while one is in flight, later ones replace each other. `send(request)` asks.
export class Newest {
  constructor(send, onAnswer, onProblem) {
    Object.assign(this, { send, onAnswer, onProblem, waiting: null, busy: false });
  }

  ask(request) {
    this.waiting = request;
    if (!this.busy) this.work();
  }

  async work() {
    this.busy = true;
    while (this.waiting) {
      const request = this.waiting;
      this.waiting = null;
      try {
        await this.onAnswer(await this.send(request), request);
      } catch (problem) {
        this.onProblem(problem.message);
      }
    }
    this.busy = false;
  }
}
