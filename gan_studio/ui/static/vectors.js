// Arithmetic on latents as arrays of numbers.

// `count` numbers ~ N(0, 1), always the same for a seed (mulberry32, then Box and Muller).
export function normals(count, seed) {
  let state = (seed + 0x9e3779b9) | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

// target += scale * added, in place.
export function addScaled(target, scale, added) {
  for (let i = 0; i < target.length; i += 1) target[i] += scale * added[i];
  return target;
}

export const lengthOf = (vector) => Math.hypot(...vector);
export const scaled = (vector, factor) => Float32Array.from(vector, (value) => value * factor);

// `count` rows of `size` numbers each.
export const rowsOf = (numbers, size) =>
  Array.from({ length: numbers.length / size }, (_, row) => numbers.subarray(row * size, (row + 1) * size));
