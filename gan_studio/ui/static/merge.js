// What a browser knows of the run: the newest status, and the points so far (bounded).

const MOST_POINTS = 6000;

export function merge(known, message) {
  const { points, real, ...rest } = message;
  const kept = message.reset || !known ? points : known.points.concat(points);
  return { ...rest, points: thin(kept), real: message.reset || !known ? real : known.real };
}

// Too many points: the older half is thinned to an even spacing in steps.
function thin(points) {
  if (points.length <= MOST_POINTS) return points;
  const half = points.length >> 1;
  const spacing = (points[half][0] - points[0][0]) / (MOST_POINTS / 4);
  let last = -Infinity;
  return points.filter(([step], index) => {
    if (index < half && step - last < spacing) return false;
    last = step;
    return true;
  });
}
