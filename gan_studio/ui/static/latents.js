// What the parts of the Latent tab share: the generator that was chosen, the latent that is looked at, the tray of
// kept ones, and pictures of any latents. A latent is a string: little-endian float32 numbers in base64.
import { decode } from "./pictures.js";
import { back } from "./stream.js";
import { route, say, tell } from "./text.js";
import { visitor } from "./visitor.js";

const TRAY_KEY = "gan-studio-tray";
const MOST_KEPT = 60;
const MOST_VALUE = 1000;
const MOST_LABEL = 9999;

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

export class Shared {
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
export const classes = new Shared([]); // the names of those that the chosen generator draws
export const time = new Shared({ step: null, beside: false }); // a past step of the live run, or now; whether beside now
// The latent of the large picture, how many numbers it has, and the names of the classes that its first ones vote for.
export const current = new Shared({ z: "", size: 0, voters: [] });
export const rawTitle = (index, voters) => (voters[index] ? `z[${index}] · ${voters[index]}` : `z[${index}]`);
export const tray = new Shared(readTray()); // [{ id, name, z, label }]
export const refused = new Shared(""); // why the last picture could not be kept
export const picked = new Shared([]); // ids of kept latents, in the order in which they were picked

// The generator called `source` at the time that is looked at.
export const atTime = (source) => (source === "live" && time.value.step !== null ? `live@${time.value.step}` : source);
export const isPast = (source) => source.startsWith("live@");

export function choose(source, label) {
  if (source !== chosen.value.source || label !== chosen.value.label) chosen.set({ source, label });
}

// Make `z` the latent that is looked at, in class number `label` where one is given and the generator knows classes: the
// Walk's sliders go on from there.
export function goTo(z, label = null) {
  const known = label !== null && classes.value.length ? Math.min(label, classes.value.length - 1) : chosen.value.label;
  window.ganStudio.board?.startFrom(z, known);
  choose(chosen.value.source, known);
}

// -- the tray ----------------------------------------------------------------------------------------------

// What the server draws; one item that it refuses would hide the others.
export const isSound = (numbers, label = 0) =>
  numbers.length > 0 && numbers.every((value) => Number.isFinite(value) && Math.abs(value) <= MOST_VALUE) && Number.isInteger(label) && label >= 0 && label <= MOST_LABEL;

function readTray() {
  try {
    const kept = JSON.parse(localStorage.getItem(TRAY_KEY) ?? "[]");
    return kept.filter(({ id, name, z, label }) => [id, name, z].every((part) => typeof part === "string") && isSound(unpack(z), label));
  } catch {
    return []; // written by something else
  }
}

function showTray(items) {
  tray.set(items);
  picked.set(picked.value.filter((id) => items.some((item) => item.id === id)));
}

// Other tabs of the browser have the same tray: what they did to it comes first.
function changeTray(change) {
  const items = change(readTray());
  localStorage.setItem(TRAY_KEY, JSON.stringify(items));
  showTray(items);
}

addEventListener("storage", ({ key }) => (key === TRAY_KEY || key === null) && showTray(readTray()));

export function keep(z, name, label = chosen.value.label) {
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  changeTray((items) => {
    if (items.length >= MOST_KEPT) return items;
    const used = new Set(items.map((item) => item.name));
    let number = items.length + 1;
    while (used.has(String(number))) number += 1;
    return [...items, { id, name: name || String(number), z, label }];
  });
  if (!tray.value.some((item) => item.id === id)) refused.set(say("tray.full", { most: MOST_KEPT }));
}

export const forget = (id) => changeTray((items) => items.filter((item) => item.id !== id));
export const rename = (id, name) => changeTray((items) => items.map((item) => (item.id === id ? { ...item, name } : item)));

export function pick(id) {
  const now = picked.value;
  picked.set(now.includes(id) ? now.filter((other) => other !== id) : [...now, id]);
}

// The picked latents that fit the generator that is looked at, in their order: [{ id, name, z, label }].
export function pickedLatents(most = MOST_KEPT) {
  const { size } = current.value;
  const items = picked.value.map((id) => tray.value.find((item) => item.id === id));
  return items.filter((item) => item && (!size || unpack(item.z).length === size)).slice(0, most);
}

// -- pictures ----------------------------------------------------------------------------------------------

// The answer of a live route, or an Error with the server's sentence; it is `lost` where the server is away.
export async function ask(path, { headers, ...options } = {}) {
  const answer = await fetch(route(path), { headers: { "X-Visitor": visitor, ...headers }, ...options }).catch((problem) => {
    throw problem.name === "AbortError" ? problem : Object.assign(new Error(say("answer.lost")), { lost: true });
  });
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null); // a fault's page is no JSON
  throw new Error(said?.error ? tell(said) : say("answer.fault", { status: answer.status }));
}

// Post JSON to a live route.
export const post = (path, request, signal) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(request),
    signal,
  });

// What `send()` gives; where the server is away, once it is back, and `onLost(text)` says so meanwhile.
export async function untilAnswered(send, onLost) {
  for (;;) {
    try {
      return await send();
    } catch (problem) {
      if (!problem.lost) throw problem;
      onLost(problem.message);
      await back();
    }
  }
}

// A sheet of pictures: { bitmap, columns, rows, about }; about is what the X-Drawing header says.
export async function askSheet(path, request, signal) {
  const answer = await post(path, request, signal);
  const about = JSON.parse(answer.headers.get("X-Drawing"));
  const bitmap = await decode(await answer.blob());
  return { bitmap, columns: about.columns, rows: Math.ceil(about.count / about.columns), about };
}

// Pictures of latents: a list of one in each string, or several in one string; all of class `label`, or each of its own of `labels`.
export const drawLatents = (z, { source, label, labels = [] } = chosen.value, signal = undefined) =>
  askSheet("draw", { source, label, labels, ...(Array.isArray(z) ? { z: packAll(z), count: z.length } : { z }) }, signal);

// When what follows a hand may be asked for: at most every `least` ms, more seldom where many people ask and answers to
// what leads take longer, and at the end.
export class Follower {
  constructor(least, times) {
    Object.assign(this, { least, times, took: 0, at: -Infinity });
  }

  // What `send` gives for what leads, timed.
  async lead(send) {
    const begin = performance.now();
    const answer = await send();
    this.took = performance.now() - begin;
    return answer;
  }

  // Whether it is time; if not, `again()` is called when it is, unless this is asked once more before.
  isDue(again) {
    this.stop();
    const wait = this.at + Math.max(this.least, this.times * this.took) - performance.now();
    if (wait > 0) this.later = setTimeout(again, wait);
    else this.at = performance.now();
    return wait <= 0;
  }

  stop() {
    clearTimeout(this.later);
  }
}

// Sends the newest request only: while one is in flight, later ones replace each other. `send(request)` asks. What is
// lost is sent again.
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
        if (!problem.lost) continue;
        await back();
        this.waiting ??= request;
      }
    }
    this.busy = false;
  }
}
