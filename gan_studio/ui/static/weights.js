// What shows the live generator follows its weights, but not more often than it pays.
import { chosen } from "./latents.js";
import { subscribe } from "./stream.js";

// Calls `act(run)` when the live generator is chosen, `visible()` and its weights are new, at most every `pause` ms;
// returns what ends that.
export function followWeights(visible, act, pause = 500) {
  let [seen, at, later] = ["", 0, 0];
  const change = (run, step) => {
    const weights = `${run} ${step}`;
    clearTimeout(later);
    if (chosen.value.source !== "live" || weights === seen || !visible()) return;
    const wait = at + pause - performance.now();
    if (wait > 0) {
      later = setTimeout(() => change(run, step), wait);
      return;
    }
    [seen, at] = [weights, performance.now()];
    act(run);
  };
  const end = subscribe(({ run, step }) => run && change(run, step));
  return () => {
    clearTimeout(later);
    end();
  };
}
