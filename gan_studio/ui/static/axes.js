// The two directions along which a map goes: the first layer's, raw dimensions, and all that Directions found or keeps.
import { chosen, current, rawTitle, unpack } from "./latents.js";
import { found, saved } from "./saved.js";
import { element, say } from "./text.js";

const { directions: MOST_PRINCIPAL } = window.ganStudioData;
const FIRST = ["principal 0", "principal 1"];

const numbered = (kind, count, title) => Array.from({ length: count }, (_, index) => ({ value: `${kind} ${index}`, title: title(index) }));
const generator = (source) => source.split("@")[0]; // at whatever time

// The directions that latents of `size` numbers can go along, the first of which vote for the classes `voters`:
// [{ title, items: [{ value, title, foreign? }] }].
function offers(size, voters) {
  const principal = numbered("principal", Math.min(MOST_PRINCIPAL, size || MOST_PRINCIPAL), (index) => say("map.axis.number", { number: index + 1 }));
  const raw = numbered("raw", size, (index) => rawTitle(index, voters));
  const given = ({ name, z }) => {
    const theirs = unpack(z).length;
    const foreign = size && theirs !== size;
    return { value: `given ${z}`, title: foreign ? say("map.axis.foreign", { name, size: theirs }) : name, foreign };
  };
  const here = found.value.filter((group) => generator(group.source) === generator(chosen.value.source));
  const all = [
    { title: say("directions.kind.weights"), items: principal },
    { title: say("directions.kind.saved"), items: saved.value.map(given) },
    ...here.map(({ title, items }) => ({ title, items: items.map(given) })),
    { title: say("directions.kind.raw"), items: raw },
  ];
  return all.filter(({ items }) => items.length);
}

export class Axes {
  // onChange() when another direction is chosen, or the chosen one is no longer there.
  constructor(onChange) {
    this.onChange = onChange;
    this.selects = [0, 1].map((axis) => {
      const made = element("select", { "data-choice": `axis${axis}` });
      made.addEventListener("change", onChange);
      return made;
    });
    const labels = this.selects.map((select, axis) => element("label", {}, say(`map.axis.${axis}`), select));
    this.element = element("div", { class: "axes", hidden: "" }, element("div", { class: "pair" }, ...labels), element("small", {}, say("map.axis.info")));
    this.list();
    const look = () => this.list() || onChange();
    const ends = [saved, found, chosen].map((shared) => shared.follow(look));
    ends.push(current.follow(({ size, voters }) => (size !== this.size || String(voters) !== this.voters) && look()));
    this.end = () => ends.forEach((end) => end());
  }

  // Whether what is chosen can stay so.
  list() {
    const { size, voters } = current.value;
    this.size = size;
    this.voters = String(voters);
    const groups = offers(size, voters);
    const listed = JSON.stringify(groups);
    if (listed === this.listed) return true;
    this.listed = listed;
    const option = ({ value, title, foreign }) => element("option", { value, ...(foreign ? { disabled: "" } : {}) }, title);
    const stays = this.selects.map((select, axis) => {
      const before = select.value || FIRST[axis];
      select.replaceChildren(...groups.map(({ title, items }) => element("optgroup", { label: title }, ...items.map(option))));
      select.value = before;
      const there = select.selectedOptions[0] && !select.selectedOptions[0].disabled;
      if (!there) select.value = FIRST[axis];
      return there;
    });
    return stays.every(Boolean);
  }

  // As a request tells the server.
  get directions() {
    return this.selects.map(({ value }) => {
      const [kind, rest] = value.split(" ");
      return kind === "given" ? { kind, z: rest } : { kind, number: Number(rest) };
    });
  }
}
