// Colours for classes and values.

export const GENERATED = "#3b82f6";
export const REAL = "#e8702a";
const CLASSES = ["#3b82f6", "#f97316", "#ef4444", "#14b8a6", "#65a30d", "#eab308", "#a855f7", "#ec4899", "#a16207", "#06b6d4"];
const VIRIDIS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const BELIEF = [[37, 99, 235], [147, 178, 235], [240, 240, 240], [240, 170, 120], [232, 112, 42]]; // generated to real

export const colourOfClass = (index) => CLASSES[index] ?? `hsl(${(index * 137.5) % 360} 60% 55%)`;

// A share in [0, 1] as a colour of a scale: "belief" from generated to real, or "distance" from near to far.
export function colourOf(share, scale) {
  const stops = scale === "belief" ? BELIEF : VIRIDIS;
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const mixed = stops[low].map((value, i) => Math.round(value + (at - low) * (stops[low + 1][i] - value)));
  return `rgb(${mixed.join(" ")})`;
}

export function gradientOf(scale) {
  return `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((share) => colourOf(share, scale)).join(", ")})`;
}
