// When what is typed or dragged into one of Gradio's controls counts: Enter, leaving it, or letting go.

const KEYS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const inControls = (event) => event.target.closest?.("#controls [id^=field-]");
const isSliderBox = (event) => event.target.type === "number" && inControls(event)?.querySelector("input[type=range]");

function enter(input, value) {
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

// A list of suggestions takes Enter for the first one that contains the text. What is typed counts, unless a key has gone
// up or down to a suggestion since.
const typed = new WeakSet();
document.addEventListener("input", ({ target }) => typed.add(target), true);
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key === "ArrowUp" || event.key === "ArrowDown") typed.delete(event.target);
    if (event.key !== "Enter" || !inControls(event)) return;
    const typedIn = event.target.closest(".typed") && typed.has(event.target);
    if (!typedIn && !isSliderBox(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    event.target.blur();
  },
  true,
);

// A slider says that it was let go when the mouse button comes up, over its box too; with keys it never does.
document.addEventListener("pointerup", (event) => isSliderBox(event) && event.stopImmediatePropagation(), true);
document.addEventListener("keyup", (event) => {
  if (event.target.type !== "range" || !KEYS.has(event.key) || !inControls(event)) return;
  event.target.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
});

// It sends what its box holds before it brings that into its range.
document.addEventListener(
  "blur",
  (event) => {
    if (!isSliderBox(event) || event.target.value === "") return;
    const { value, min, max } = event.target;
    const inside = Math.min(Math.max(Number(value), Number(min)), Number(max));
    if (inside !== Number(value)) enter(event.target, inside);
  },
  true,
);
