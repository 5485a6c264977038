// What a browser knows of the run: the newest status, and the points so far (bounded).

const MOST_POINTS = 6000;

export function merge(known, message) {
  const { points, real, ...rest } = message;
  const kept = message.reset || !known ? points : known.points.concat(points);
  return { ...rest, points: thin(kept), real: message.reset || !known ? real : known.real };
}

function thin(points) {
  if (points.length <= MOST_POINTS) return points;
  const half = points.length >> 1;
  return points.filter((point, index) => index >= half || index % 2 === 0);
}
