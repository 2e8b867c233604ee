// Draws what is marked behind the text, never into it: the text's nodes, its shaping and the
// selection stay as they are, and nothing that arrives moves a letter.
import { Field } from "./offsets.js";
import { onSheet } from "./sheet.js";

const GAP = 5;
const NARROWEST = 16;
const THINNEST = 3;
const layer = () => document.getElementById("ink");

let fields = new Map();
let rects = new Map();
let last = { items: [], ranges: [] };
let labels = new Map();
// What stands in the layer: how a mark is drawn to its element, and the elements of the ranges.
let drawnMarks = new Map();
let drawnRanges = [];

export const field = (name) => fields.get(name);
export const allFields = () => [...fields.values()];
export const fieldAround = (node) => allFields().find((one) => one.element.contains(node));

// Where units lie on the page, measured from the layer: one box for each piece of a line.
function boxesOf(name, start, end) {
  const key = `${name} ${start} ${end}`;
  if (!rects.has(key)) {
    const origin = layer().getBoundingClientRect();
    const found = [...fields.get(name).range(start, end).getClientRects()].map((one) => ({
      left: one.left - origin.left,
      top: one.top - origin.top,
      width: one.width,
      height: one.height,
    }));
    const seen = found.filter((one) => one.width > 0.5);
    rects.set(key, seen.length ? merged(seen) : found.slice(0, 1).map((one) => ({ ...one, width: THINNEST })));
  }
  return rects.get(key);
}

// Neighbours on a line become one box.
function merged(boxes) {
  const joined = [];
  for (const box of boxes) {
    const before = joined.at(-1);
    const isNext = before && Math.abs(before.top - box.top) < 4 && box.left - (before.left + before.width) < 1 && box.left >= before.left;
    if (isNext) before.width = Math.max(before.width, box.left + box.width - before.left);
    else joined.push({ ...box });
  }
  return joined;
}

const units = ({ span }) => {
  const { offsets } = fields.get(span.field);
  return [span.field, offsets.units(span.start), offsets.units(span.end)];
};

// Marks over each other get a line each, the shorter one nearer to the text.
function levelled(items) {
  const placed = [];
  const bySize = [...items].sort((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start));
  const levels = new Map();
  for (const item of bySize) {
    const meets = placed.filter(({ span }) => span.field === item.span.field && span.start < item.span.end && item.span.start < span.end);
    const taken = new Set(meets.map((one) => levels.get(one)));
    let level = 0;
    while (taken.has(level)) level += 1;
    levels.set(item, level);
    placed.push(item);
  }
  return levels;
}

function element(kind, className, place) {
  const made = document.createElement(kind);
  made.className = className;
  for (const side of ["left", "top", "width", "height"]) if (side in place) made.style[side] = `${place[side]}px`;
  return made;
}

// items: {question, span, isOffer, isCurrent}; ranges, in units: {field, start, end, className}
// with `text` to stand there and `once` if only on the first line.
export function draw(items = last.items, ranges = last.ranges) {
  if (!layer()) return;
  last = { items, ranges };
  const drawable = items.filter(({ span }) => fields.has(span.field));
  const levels = levelled(drawable);
  const shown = drawable.map((item) => ({ item, boxes: boxesOf(...units(item)), level: levels.get(item) }));
  const plain = ranges.flatMap(({ field: name, start, end, className, text = "", once }) =>
    boxesOf(name, start, end).slice(0, once ? 1 : Infinity).map((box) => Object.assign(element("i", className, box), { textContent: text })),
  );
  for (const one of drawnRanges) one.remove();
  drawnRanges = plain;
  layer().append(...plain);
  drawMarks(shown);
}

// Only what changed is drawn anew: a long text may hold hundreds.
function drawMarks(shown) {
  const places = namePlaces(shown);
  const wanted = new Map(shown.map((one) => [JSON.stringify([one.item.span, one.item.isOffer, Boolean(one.item.isCurrent), one.level, one.boxes, places.get(one)]), one]));
  for (const [key, mark] of drawnMarks) {
    if (wanted.has(key)) continue;
    mark.remove();
    drawnMarks.delete(key);
  }
  const fresh = [...wanted].filter(([key]) => !drawnMarks.has(key)).map(([key, one]) => [key, drawn(one, places.get(one))]);
  for (const [key, mark] of fresh) drawnMarks.set(key, mark);
  layer().append(...fresh.map(([, mark]) => mark));
}

function drawn({ item, boxes, level }, place) {
  const { span, isOffer, isCurrent } = item;
  const mark = element("span", `ink-mark label-${span.label}`, {});
  mark.classList.toggle("offer", isOffer);
  mark.classList.toggle("current", Boolean(isCurrent));
  Object.assign(mark.dataset, { field: span.field, start: span.start, end: span.end, label: span.label });
  mark.style.setProperty("--level", level);
  mark.append(...boxes.map((box) => element("i", "ink-box", box)));
  if (place) {
    const name = element("b", "ink-name", place);
    name.textContent = nameOf(item);
    mark.append(name);
  }
  return mark;
}

const labelName = (id) => {
  if (!labels.has(id)) labels.set(id, document.querySelector(`.choices [data-label="${id}"] .name`)?.textContent.trim() ?? "");
  return labels.get(id);
};
const nameOf = ({ span, isOffer }) => (isOffer ? `${labelName(span.label)} ${Math.round(span.score * 100)}` : labelName(span.label));

const widths = new Map();
const canvas = document.createElement("canvas").getContext("2d");

// Names stand under the first line of what they name, and give way to the next one on it.
function namePlaces(shown) {
  if (!shown.length) return new Map();
  const width = layer().clientWidth;
  const isRightward = new Map(allFields().map((one) => [one.name, getComputedStyle(one.element).direction === "rtl"]));
  canvas.font = `600 11px ${getComputedStyle(layer()).fontFamily}`;
  const lines = new Map();
  for (const one of shown) {
    if (!one.boxes.length) continue;
    const [first] = one.boxes;
    const isRight = isRightward.get(one.item.span.field);
    const onLine = one.boxes.filter((box) => Math.abs(box.top - first.top) < 4);
    // Counted from where the line begins, so that both directions are one case.
    const from = isRight ? width - Math.max(...onLine.map((box) => box.left + box.width)) : Math.min(...onLine.map((box) => box.left));
    const line = `${Math.round(first.top / 4)} ${isRight}`;
    if (!lines.has(line)) lines.set(line, []);
    lines.get(line).push({ one, from, isRight, top: first.top + first.height });
  }
  const places = new Map();
  for (const names of lines.values()) placeOnLine(names, width, places);
  return places;
}

function placeOnLine(names, width, places) {
  names.sort((a, b) => a.from - b.from || a.one.level - b.one.level);
  let taken = -GAP;
  const deepest = Math.max(...names.map(({ one }) => one.level));
  names.forEach(({ one, from, isRight, top }, index) => {
    const name = nameOf(one.item);
    if (!widths.has(name)) widths.set(name, Math.ceil(canvas.measureText(name).width) + 2);
    const wanted = widths.get(name);
    const start = Math.max(from, taken + GAP);
    const next = names.slice(index + 1).find((other) => other.from > from + 1)?.from ?? width;
    const size = Math.min(wanted, Math.max(next - start - GAP, NARROWEST));
    taken = start + size;
    places.set(one, { left: isRight ? width - start - size : start, top: top + 4 + deepest * 5, width: size });
  });
}

// The marks that lie under a place on the page, the shortest first.
export function marksAt(x, y) {
  const origin = layer()?.getBoundingClientRect();
  if (!origin) return [];
  const holds = (box) =>
    x - origin.left >= box.left - 1 && x - origin.left <= box.left + box.width + 1 && y - origin.top >= box.top - 2 && y - origin.top <= box.top + box.height + 10;
  const found = last.items.filter((item) => fields.has(item.span.field) && boxesOf(...units(item)).some(holds));
  return found.sort((a, b) => a.span.end - a.span.start - (b.span.end - b.span.start));
}

const resized = new ResizeObserver(() => {
  rects.clear();
  draw();
});
document.fonts?.ready.then(() => {
  rects.clear();
  draw();
});

onSheet(() => {
  const texts = layer() ? [...document.querySelectorAll("#text .text")] : [];
  fields = new Map(texts.map((one) => [one.dataset.field, new Field(one)]));
  [rects, labels, last] = [new Map(), new Map(), { items: [], ranges: [] }];
  [drawnMarks, drawnRanges] = [new Map(), []];
  resized.disconnect();
  if (texts.length) resized.observe(document.getElementById("text"));
});
