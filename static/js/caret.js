// What is selected in the text, by mouse, touch or keys. Places are UTF-16 units of one field.
import { allFields, field, fieldAround } from "./ink.js";
import { onSheet } from "./sheet.js";
import { Words } from "./words.js";

const area = () => document.getElementById("text");
const words = new Map();

// {field, from, to, edge}: `from` to `to` is what the selection began with, `edge` its moving end.
let caret = null;
// Selected by a hand and not by keys: to be snapped to words, unless it was meant exactly.
let isRough = false;
// Characters are taken apart into what they are made of, while hidden ones are shown.
let inParts = false;

export const takeApart = (on) => (inParts = on);
export const isCollapsed = () => !caret || (caret.from === caret.to && caret.edge === caret.from);
export const hasCaret = () => Boolean(caret);

function wordsOf(name) {
  if (!words.has(name)) words.set(name, new Words(field(name).text));
  return words.get(name);
}

const bounds = ({ from, to, edge }) => ({ start: Math.min(from, edge), end: Math.max(to, edge) });

// The selection as a span without a label, in code points; null when there is none.
export function selected() {
  readSelection();
  if (isCollapsed()) return null;
  let { start, end } = bounds(caret);
  if (isRough) {
    const snapped = wordsOf(caret.field).snapped(start, end);
    if (!snapped) return null;
    ({ start, end } = snapped);
  }
  return spanOf(caret.field, start, end);
}

export function spanOf(name, start, end) {
  const { offsets, text } = field(name);
  return { field: name, start: offsets.points(start), end: offsets.points(end), quote: text.slice(start, end) };
}

export const selectedUnits = () => (caret ? { field: caret.field, ...bounds(caret) } : null);

export function clearSelection() {
  caret = null;
  isRough = false;
  getSelection().removeAllRanges();
}

// Stands behind what was just marked: the next word is one key away.
export function standAt(name, unit) {
  place({ field: name, from: unit, to: unit, edge: unit });
}

function place(wanted) {
  caret = wanted;
  isRough = false;
  const { start, end } = bounds(caret);
  const range = field(caret.field).range(start, end);
  const backwards = caret.edge < caret.from;
  const ends = [range.startContainer, range.startOffset, range.endContainer, range.endOffset];
  getSelection().setBaseAndExtent(...(backwards ? [...ends.slice(2), ...ends.slice(0, 2)] : ends));
}

// Reads what the browser has selected; true if that is in the text and news to us.
export function readSelection() {
  const native = getSelection();
  const inText = native.rangeCount && area()?.contains(native.anchorNode) && fieldAround(native.anchorNode);
  if (!inText) return false;
  const range = native.getRangeAt(0);
  const [start, end] = [inText.unitOf(range.startContainer, range.startOffset), inText.unitOf(range.endContainer, range.endOffset)];
  const known = caret?.field === inText.name && bounds(caret);
  if (known && known.start === start && known.end === end) return false;
  caret = { field: inText.name, from: start, to: end, edge: end };
  isRough = start < end;
  return true;
}

// A hand has finished: whole words, unless it asked for exactly this.
export function settle(exactly) {
  readSelection();
  if (isCollapsed() || !isRough) return;
  const { start, end } = bounds(caret);
  const found = exactly ? { start, end } : wordsOf(caret.field).snapped(start, end);
  if (!found) return clearSelection();
  place({ field: caret.field, from: found.start, to: found.end, edge: found.end });
}

// Moves by keys. `way`: 1 onward, -1 back in the text; `by`: "word", "character" or "line".
export function move({ way, by, extend }) {
  caret ??= startingPlace(way);
  if (!caret) return;
  if (by === "line") moveByLine(way, extend);
  else if (extend) place({ ...caret, ...(by === "word" ? extendByWord(way) : extendByCharacter(way)) });
  else moveOn(by, way);
}

function startingPlace(way) {
  const every = allFields();
  const first = way > 0 ? every[0] : every.at(-1);
  const unit = way > 0 ? 0 : first?.text.length;
  return first && { field: first.name, from: unit, to: unit, edge: unit };
}

const select = (name, start, end) => place({ field: name, from: start, to: end, edge: end });

function moveOn(by, way) {
  const { start, end } = bounds(caret);
  const found = by === "word" ? wordBeside(caret.field, way, way > 0 ? end : start) : characterBeside(way, start, end);
  if (found) select(found.field, found.start, found.end);
}

// The next word in this field, or the first of the field beside it.
function wordBeside(name, way, unit) {
  const word = way > 0 ? wordsOf(name).after(unit) : wordsOf(name).before(unit);
  if (word) return { field: name, ...word };
  const every = allFields();
  const beside = every[every.findIndex((one) => one.name === name) + way];
  return beside ? wordBeside(beside.name, way, way > 0 ? 0 : beside.text.length) : null;
}

function characterBeside(way, start, end) {
  const here = wordsOf(caret.field);
  if (way > 0) return end < here.text.length && { field: caret.field, start: end, end: here.nextCharacter(end, inParts) };
  return start > 0 && { field: caret.field, start: here.previousCharacter(start, inParts), end: start };
}

// The word that the selection began with stays selected; the edge goes around it.
function extendByWord(way) {
  const { from, to, edge } = caret;
  const here = wordsOf(caret.field);
  if (way > 0 && edge < from) {
    const next = here.after(here.after(edge)?.end ?? from);
    return { edge: next && next.start < from ? next.start : to };
  }
  if (way < 0 && edge > to) {
    const previous = here.before(here.before(edge)?.start ?? to);
    return { edge: previous && previous.end > to ? previous.end : to };
  }
  if (way > 0) return { edge: here.after(Math.max(edge, to))?.end ?? edge };
  return { edge: here.before(Math.min(edge, from))?.start ?? edge };
}

// To the character, also into the word that the selection began with.
function extendByCharacter(way) {
  const { from, to, edge } = caret;
  const here = wordsOf(caret.field);
  const isBack = edge < from;
  const anchor = isBack ? to : from;
  const moved = way > 0 ? here.nextCharacter(edge, inParts) : here.previousCharacter(edge, inParts);
  return { from: anchor, to: anchor, edge: moved };
}

function moveByLine(way, extend) {
  const native = getSelection();
  const before = { ...caret };
  const column = extend ? caret.edge : bounds(caret).start;
  const focus = field(caret.field).range(column, column);
  native.collapse(focus.startContainer, focus.startOffset);
  native.modify("move", way > 0 ? "forward" : "backward", "line");
  const landed = fieldAround(native.focusNode);
  if (!landed) return place(before);
  const unit = landed.unitOf(native.focusNode, native.focusOffset);
  const word = wordsOf(landed.name).near(unit);
  if (!word) return place(before);
  if (!extend) return select(landed.name, word.start, word.end);
  if (landed.name !== before.field) return place(before);
  place({ ...before, edge: word.start < before.from ? word.start : Math.max(word.end, before.to) });
}

// A place moved by one word or character, for the ends of what is marked.
export function moved(name, unit, { way, by, isStart }) {
  const here = wordsOf(name);
  if (by === "character") return way > 0 ? here.nextCharacter(unit, inParts) : here.previousCharacter(unit, inParts);
  if (isStart) return (way > 0 ? here.after(unit + 1) : here.before(unit))?.start ?? (way > 0 ? unit : 0);
  return (way > 0 ? here.after(unit) : here.before(unit - 1))?.end ?? unit;
}

onSheet(() => {
  caret = null;
  isRough = false;
  words.clear();
});
