// One connection for all tabs of a browser: a shared worker that holds the event stream.
import { connect } from "./connection.js";
import { merge } from "./merge.js";

const ports = new Set();
let known = null;
let online = true;

connect(
  (message) => {
    known = merge(known, message);
    for (const port of ports) port.postMessage({ message });
  },
  (state) => {
    online = state;
    for (const port of ports) port.postMessage({ online });
  },
);

self.onconnect = ({ ports: [port] }) => {
  ports.add(port);
  port.onmessage = () => ports.delete(port); // the tab says goodbye
  port.postMessage({ online });
  if (known) port.postMessage({ message: { ...known, reset: true } });
};
