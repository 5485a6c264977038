// Sheets of equal pictures on canvases.

// From a PNG file, as a Blob or in base64.
export function decode(source) {
  if (source instanceof Blob) return createImageBitmap(source);
  const letters = atob(source);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return createImageBitmap(new Blob([bytes], { type: "image/png" }));
}

// Draw a whole sheet as it is; the style sheet scales it up without blurring.
export function drawSheet(canvas, bitmap) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
}

// Draw pictures number `cells` of a sheet with `columns` columns and `rows` rows, `across` in a row.
export function drawCells(canvas, bitmap, columns, rows, cells, across) {
  const width = bitmap.width / columns;
  const height = bitmap.height / rows;
  canvas.width = width * Math.min(across, cells.length);
  canvas.height = height * Math.ceil(cells.length / across);
  const context = canvas.getContext("2d");
  cells.forEach((cell, index) => {
    const from = [(cell % columns) * width, Math.floor(cell / columns) * height];
    const to = [(index % across) * width, Math.floor(index / across) * height];
    context.drawImage(bitmap, ...from, width, height, ...to, width, height);
  });
}
