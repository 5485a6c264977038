// A picture of a few pixels to paint on, and a hole to brush over it, with undo.
const MOST_UNDO = 40;
const HOLE = "#e011a5";

export class Easel {
  // `canvas` shows it; `onChange()` hears of every finished change.
  constructor(canvas, onChange) {
    Object.assign(this, { canvas, onChange, tool: "none", ink: "#ffffff", width: 2, past: [] });
    this.paper = document.createElement("canvas");
    this.hole = document.createElement("canvas");
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.drawing && this.move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => this.end());
  }

  // Empty, for pictures of (channels, height, width).
  reset([channels, height, width]) {
    this.channels = channels;
    for (const layer of [this.paper, this.hole, this.canvas]) Object.assign(layer, { width, height });
    this.past = [];
    this.blank = channels === 1 ? "#000000" : "#ffffff";
    this.fill();
    this.show();
  }

  get ready() {
    return this.channels > 0;
  }

  fill() {
    const context = this.paper.getContext("2d", { willReadFrequently: true });
    context.fillStyle = this.blank;
    context.fillRect(0, 0, this.paper.width, this.paper.height);
  }

  // tool: "pen", "rubber", "hole", "patch" (takes the hole away) or "none".
  use(tool) {
    this.tool = tool;
    this.canvas.classList.toggle("painting", tool !== "none");
  }

  remember() {
    this.past.push([this.paper, this.hole].map((layer) => this.read(layer)));
    if (this.past.length > MOST_UNDO) this.past.shift();
  }

  read(layer) {
    return layer.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, layer.width, layer.height);
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    [this.paper, this.hole].forEach((layer, index) => layer.getContext("2d").putImageData(before[index], 0, 0));
    this.changed();
  }

  clear() {
    this.remember();
    if (this.tool === "pen" || this.tool === "rubber") this.fill();
    this.uncover();
    this.changed();
  }

  uncover() {
    this.hole.getContext("2d").clearRect(0, 0, this.hole.width, this.hole.height);
  }

  // Put a picture of the same size on the paper.
  put(bitmap) {
    this.remember();
    this.paper.getContext("2d", { willReadFrequently: true }).drawImage(bitmap, 0, 0);
    this.changed();
  }

  changed() {
    this.show();
    this.onChange();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * this.paper.width, ((event.clientY - box.top) / box.height) * this.paper.height];
  }

  begin(event) {
    if (event.button !== 0 || this.tool === "none" || !this.ready) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.remember();
    this.drawing = this.place(event);
    this.move(event);
  }

  move(event) {
    const place = this.place(event);
    const covering = this.tool === "hole" || this.tool === "patch";
    const context = (covering ? this.hole : this.paper).getContext("2d", { willReadFrequently: true });
    context.globalCompositeOperation = this.tool === "patch" ? "destination-out" : "source-over";
    context.strokeStyle = covering ? HOLE : this.tool === "rubber" ? this.blank : this.ink;
    Object.assign(context, { lineWidth: this.width, lineCap: "round", lineJoin: "round" });
    context.beginPath();
    context.moveTo(...this.drawing);
    context.lineTo(place[0], place[1] + 0.01); // a dot is a line too
    context.stroke();
    context.globalCompositeOperation = "source-over";
    this.drawing = place;
    this.show();
  }

  end() {
    if (!this.drawing) return;
    this.drawing = null;
    this.onChange();
  }

  show() {
    const context = this.canvas.getContext("2d");
    context.globalAlpha = 1;
    context.drawImage(this.paper, 0, 0);
    context.globalAlpha = 0.85;
    context.drawImage(this.sharpHole(), 0, 0);
    context.globalAlpha = 1;
  }

  // A pixel is covered or it is not.
  sharpHole() {
    const sharp = document.createElement("canvas");
    Object.assign(sharp, { width: this.hole.width, height: this.hole.height });
    const pixels = this.read(this.hole);
    for (let i = 3; i < pixels.data.length; i += 4) pixels.data[i] = pixels.data[i] > 127 ? 255 : 0;
    sharp.getContext("2d").putImageData(pixels, 0, 0);
    return sharp;
  }

  // The picture, channel by channel, as bytes.
  pixels() {
    const { data } = this.read(this.paper);
    const count = data.length / 4;
    return Uint8Array.from({ length: this.channels * count }, (_, i) => data[4 * (i % count) + Math.floor(i / count)]);
  }

  // 255 where the picture is known, 0 where it is covered.
  mask() {
    const { data } = this.read(this.hole);
    return Uint8Array.from({ length: data.length / 4 }, (_, i) => (data[4 * i + 3] > 127 ? 0 : 255));
  }

  get covered() {
    return this.mask().includes(0);
  }
}

export function base64(bytes) {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}
