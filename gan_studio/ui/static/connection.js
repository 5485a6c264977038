// The event stream: reconnects by itself and goes on from the last point it has.

const STREAM = new URL("../stream", import.meta.url).href;
const RETRY_MS = 1000;

export function connect(onMessage, onOnline) {
  let cursor = "";
  const open = () => {
    const source = new EventSource(`${STREAM}?cursor=${encodeURIComponent(cursor)}`);
    source.onopen = () => onOnline(true);
    source.onmessage = (event) => {
      cursor = event.lastEventId;
      onMessage(JSON.parse(event.data));
    };
    source.onerror = () => {
      onOnline(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, RETRY_MS);
    };
  };
  open();
}
