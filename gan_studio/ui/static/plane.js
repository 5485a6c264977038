// Points in the plane, over a shading of what the discriminator believes.

const SIDE = 640;
const DOT = 2.5;

// surface: { side, shades } with one byte a place in base64, or null;
// layers: [[x, y, x, y, ...] in thousandths of the half-width, colour], drawn in order.
export function drawPlane(canvas, surface, layers) {
  if (canvas.width !== SIDE || canvas.height !== SIDE) canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d", { alpha: false });
  const dark = document.body.classList.contains("dark");
  context.fillStyle = dark ? "#111827" : "#ffffff";
  context.fillRect(0, 0, SIDE, SIDE);
  if (surface) drawSurface(context, surface, dark);
  for (const [points, colour] of layers) {
    context.fillStyle = colour;
    for (let i = 0; i < points.length; i += 2) {
      const x = ((1 + points[i] / 1000) / 2) * SIDE;
      const y = ((1 - points[i + 1] / 1000) / 2) * SIDE;
      context.fillRect(x - DOT, y - DOT, 2 * DOT, 2 * DOT);
    }
  }
}

// Warm where it says "real", as the real points are; cool where it says "generated".
function drawSurface(context, { side, shades }, dark) {
  const letters = atob(shades);
  const image = new ImageData(side, side);
  const [real, fake] = dark ? [[90, 48, 20], [22, 40, 78]] : [[255, 226, 204], [214, 228, 255]];
  for (let i = 0; i < side * side; i += 1) {
    const share = letters.charCodeAt(i) / 255;
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = share * real[c] + (1 - share) * fake[c];
    image.data[4 * i + 3] = 255;
  }
  const small = new OffscreenCanvas(side, side);
  small.getContext("2d").putImageData(image, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
}
