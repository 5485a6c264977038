// One subscription per tab to the run's stream: through the shared worker, or by polling where there is none.
import { merge } from "./merge.js";
import { route } from "./text.js";

const POLL_MS = 500;
const RETRY_MS = 1000;
const listeners = new Set();
let known = null;
let online = true;

export function subscribe(listener) {
  listeners.add(listener);
  if (known) listener(known, online);
  return () => listeners.delete(listener);
}

// Resolves when the server may be asked again: after a while, and not while it is away.
export function back() {
  const look = (done) => setTimeout(() => (online ? done() : look(done)), RETRY_MS);
  return new Promise(look);
}

function tell() {
  if (known) for (const listener of listeners) listener(known, online);
}

function receive({ message, online: state }) {
  if (!message && state === online) return;
  if (state !== undefined) online = state;
  if (message) known = merge(known, message);
  tell();
}

function listenThroughWorker() {
  const worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name: "gan-studio" });
  worker.port.onmessage = ({ data }) => receive(data);
  worker.onerror = poll; // a browser that knows shared workers, but not as modules
  addEventListener("pagehide", () => worker.port.postMessage("goodbye"));
  // A page that comes back from the browser's cache has said goodbye: listen again.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}

async function fetchState() {
  const has = known ? { cursor: known.cursor, published: known.published } : {};
  try {
    const answer = await fetch(`${route("state")}?${new URLSearchParams(has)}`);
    receive({ message: answer.status === 204 ? null : await answer.json(), online: true });
  } catch {
    receive({ online: false });
  }
}

async function poll() {
  if (!document.hidden) await fetchState();
  setTimeout(poll, POLL_MS);
}

if (window.SharedWorker) listenThroughWorker();
else poll();
document.addEventListener("visibilitychange", () => document.hidden || tell());
