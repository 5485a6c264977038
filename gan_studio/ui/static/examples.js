// Random pictures to mark as "with" and "without" something, and the directions that lead from one to the other.
import { drawLatents, Newest, pack, post } from "./latents.js";
import { drawCells } from "./pictures.js";
import { element, say, setText } from "./text.js";
import { normals, rowsOf } from "./vectors.js";

const SHOWN = 40;
const MARKS = ["", "with", "without"]; // in the order of clicks
const SIGNS = { "": "", with: "✓", without: "✕" };

export class Examples {
  // `onFound(answer, count)` gets the directions, `onProblem(text)` what went wrong.
  constructor(onFound, onProblem) {
    Object.assign(this, { onFound, onProblem, sheet: 1, marks: new Map(), chosen: null, size: 0 });
    const button = (name, act) => {
      const made = element("button", { type: "button", class: "tool-button", "data-examples": name }, say(`directions.examples.${name}`));
      made.addEventListener("click", act);
      return made;
    };
    this.count = element("small");
    this.find = button("find", () => this.ask());
    const bar = element("div", { class: "bar" }, this.find, button("other", () => this.turn()), button("clear", () => this.clear()), this.count);
    this.cells = Array.from({ length: SHOWN }, (_, index) => this.buildCell(index));
    this.root = element("div", { class: "examples" }, element("p", {}, say("directions.examples.info")), element("div", { class: "example-cells" }, ...this.cells), bar);
    const send = (request) => drawLatents(request.z, request.chosen);
    this.pictures = new Newest(send, (sheet) => this.draw(sheet), onProblem);
    this.clear();
  }

  buildCell(index) {
    const cell = element("button", { type: "button", "data-example": index }, element("canvas", { class: "sheet", width: 28, height: 28 }), element("i"));
    cell.addEventListener("click", () => this.mark(index));
    return cell;
  }

  // Pictures of another generator are other pictures: marks of the old ones mean nothing.
  show(chosen, size) {
    const same = size === this.size && ["source", "label", "run"].every((part) => chosen[part] === this.chosen?.[part]);
    if (!same) this.marks.clear();
    Object.assign(this, { chosen, size });
    this.latents = rowsOf(normals(SHOWN * size, 1000 + this.sheet), size);
    this.paint();
    this.pictures.ask({ chosen, z: pack(this.latents.flatMap((z) => Array.from(z))) });
  }

  turn() {
    this.sheet += 1;
    this.show(this.chosen, this.size);
  }

  clear() {
    this.marks.clear();
    this.paint();
  }

  mark(index) {
    const key = `${this.sheet} ${index}`;
    const next = MARKS[(MARKS.indexOf(this.marks.get(key)?.mark ?? "") + 1) % MARKS.length];
    if (next) this.marks.set(key, { mark: next, z: this.latents[index] });
    else this.marks.delete(key);
    this.paint();
  }

  marked(mark) {
    return [...this.marks.values()].filter((item) => item.mark === mark).map(({ z }) => z);
  }

  paint() {
    this.cells.forEach((cell, index) => {
      const mark = this.marks.get(`${this.sheet} ${index}`)?.mark ?? "";
      cell.dataset.mark = mark;
      setText(cell.lastChild, SIGNS[mark]);
      cell.setAttribute("aria-label", `${index + 1} ${mark && say(`directions.examples.${mark}`)}`);
    });
    setText(this.count, say("directions.examples.count", { with: this.marked("with").length, without: this.marked("without").length }));
  }

  draw({ bitmap, columns, rows }) {
    this.cells.forEach((cell, index) => drawCells(cell.firstChild, bitmap, columns, rows, [index], 1));
  }

  async ask() {
    const both = (mark) => pack(this.marked(mark).flatMap((z) => Array.from(z)));
    const count = this.marked("with").length + this.marked("without").length;
    this.find.disabled = true;
    try {
      const answer = await post("attribute", { source: this.chosen.source, present: both("with"), absent: both("without") });
      this.onFound(await answer.json(), count);
    } catch (problem) {
      this.onProblem(problem.message);
    }
    this.find.disabled = false;
  }
}
