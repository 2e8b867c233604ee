// Marking parts of the text: what a label, a key or a press does to the selection or to a mark.
import { isFresh, refresh } from "./answer.js";
import { clearSelection, hasCaret, isCollapsed, move, moved, selected, selectedUnits, spanOf, standAt } from "./caret.js";
import { draw, field } from "./ink.js";
import { showHiddenButton, hiddenRanges } from "./invisible.js";
import { labelOf, nameOfLabel, readable, showBar, showList } from "./marklist.js";
import * as marks from "./marks.js";
import { announce } from "./say.js";
import { onSheet } from "./sheet.js";

const NOTE_MS = 4_000;
const area = () => document.getElementById("text");
const inText = (target) => target === document.body || Boolean(area()?.contains(target));

// The mark or suggestion that keys are about: {question, span, isOffer}.
let current = null;
// The label that a sweep of the mouse gives at once.
let armed = 0;
let note = null;
let noteTimer = 0;
let isThumb = false;

const isIt = (item, other) => other && item.question === other.question && item.isOffer === other.isOffer && item.span.label === other.span.label && marks.isSamePlace(item.span, other.span);
const quoted = (span) => `“${readable(span.quote)}”`;

export function redraw() {
  if (!area() || !marks.spanQuestions().length) return;
  const items = marks.everything().map((item) => ({ ...item, isCurrent: isIt(item, current) }));
  if (current && !items.some((item) => item.isCurrent)) current = null;
  draw(items, ranges());
  showList(items);
  showBar({ selection: selected(), current });
  for (const label of document.querySelectorAll(".question[data-kind=span] .choice")) {
    const id = Number(label.dataset.label);
    label.setAttribute("aria-pressed", String(current ? id === current.span.label : id === armed));
  }
  refresh();
}

// What is drawn besides marks: the selection where the browser no longer shows it, the caret, words.
function ranges() {
  const units = selectedUnits();
  const isNative = area().contains(getSelection().anchorNode);
  const extra = hiddenRanges();
  if (units && !current && isCollapsed() && hasCaret()) extra.push({ ...units, className: "ink-caret" });
  if (units && !isCollapsed() && !isNative) extra.push({ ...units, className: "ink-held" });
  if (note) extra.push({ ...note, className: "ink-note", once: true });
  return extra;
}

// Quiet words beside what they are about.
function say(words, span = null) {
  announce(words);
  clearTimeout(noteTimer);
  const { offsets } = (span && field(span.field)) ?? {};
  note = offsets ? { field: span.field, start: offsets.units(span.start), end: offsets.units(span.end), text: words } : null;
  if (note) noteTimer = setTimeout(() => ((note = null), redraw()), NOTE_MS);
}

function turnTo(item) {
  current = item;
  if (!item) return redraw();
  const { offsets } = field(item.span.field);
  standAt(item.span.field, offsets.units(item.span.end));
  redraw();
  document.querySelector("#ink .current")?.querySelector(".ink-box")?.scrollIntoView({ block: "nearest" });
  document.querySelector(".mark-row.current")?.scrollIntoView({ block: "nearest" });
  const every = marks.everything();
  const place = every.findIndex((one) => isIt(one, item)) + 1;
  const what = item.isOffer ? `suggested ${nameOfLabel(item.span.label)}, ${Math.round(item.span.score * 100)} %` : nameOfLabel(item.span.label);
  announce(`${quoted(item.span)}, ${what}, ${place} of ${every.length}`);
}

export const byThumb = (is) => (isThumb = is);
export const armedLabel = () => (armed ? labelOf(armed) : null);

// The one of these after the framed one, where several lie over each other.
export const turnToOneOf = (items) => turnTo(items[(items.findIndex((item) => isIt(item, current)) + 1) % (items.length || 1)] ?? null);

// The browser has selected something else.
export function selectionChanged() {
  if (!isCollapsed()) current = null;
}

// A label was pressed, by key, mouse or thumb; `beside`: what else is suggested is taken as well.
export function press(label, { selection = selected(), beside = false } = {}) {
  const id = Number(label.dataset.label);
  const question = labelOf(id).closest(".question");
  if (beside && !isFresh() && (selection || current)) {
    press(label, { selection });
    if (marks.offersOf(question).length) marks.accept(question, marks.offersOf(question));
    return;
  }
  if (selection) return markSelection(question, id, selection);
  if (current) return current.question === question ? relabel(id) : markSelection(question, id, current.span);
  armed = armed === id ? 0 : id;
  announce(armed ? `${nameOfLabel(id)}: what you select by mouse is marked at once. Escape ends it.` : "No label held.");
  redraw();
}

function markSelection(question, label, { field: name, start, end, quote }) {
  const span = { field: name, start, end, label, quote };
  const same = marks.marksOf(question).find((one) => marks.isSamePlace(one, span));
  if (same && !("overlapping" in question.dataset)) {
    current = { question, span: same, isOffer: false };
    return relabel(label);
  }
  const other = marks.inTheWay(question, span);
  if (other) return refuse(span, other);
  // The key of another label puts a slip right, unless keys and thumbs are for what comes next.
  current = armed || isThumb ? null : { question, span, isOffer: false };
  standAt(name, field(name).offsets.units(end));
  say(`Marked ${quoted(span)} as ${nameOfLabel(label)}`);
  marks.add(question, span);
}

function refuse(span, other) {
  const is = `${quoted(other)} is ${nameOfLabel(other.label)} already`;
  say(marks.isSamePlace(span, other) ? `${is}.` : `${is}, and marks may not overlap here.`, span);
  redraw();
}

function relabel(label) {
  const { question, span, isOffer } = current;
  const { score, ...changed } = { ...span, label };
  if (label === span.label && !isOffer) return refuse(span, span);
  const other = marks.inTheWay(question, changed, isOffer ? null : span);
  if (other) return refuse(changed, other);
  current = { question, span: changed, isOffer: false };
  say(isOffer ? `Marked ${quoted(span)} as ${nameOfLabel(label)}` : `${quoted(span)} is now ${nameOfLabel(label)}`);
  if (isOffer) marks.add(question, changed);
  else marks.replace(question, span, changed);
}

function resize({ way, by, isStart }) {
  const { question, span } = current;
  const { offsets } = field(span.field);
  const [start, end] = [offsets.units(span.start), offsets.units(span.end)];
  const edge = moved(span.field, isStart ? start : end, { way, by, isStart });
  const [from, to] = isStart ? [edge, end] : [start, edge];
  if (from >= to || edge === (isStart ? start : end)) return;
  const changed = { ...spanOf(span.field, from, to), label: span.label };
  const other = marks.inTheWay(question, changed, span);
  if (other) return refuse(changed, other);
  current = { question, span: changed, isOffer: false };
  standAt(span.field, to);
  say(`${quoted(changed)}, ${nameOfLabel(span.label)}`);
  marks.replace(question, span, changed);
}

// The suggestion after this one, once this one has had its answer.
function onToNextOffer(item) {
  const place = (one) => one.isOffer && (one.span.field !== item.span.field || one.span.start >= item.span.start);
  const next = marks.everything().find(place);
  if (next) turnTo(next);
}

function remove(item = current) {
  const { question, span, isOffer } = item;
  current = null;
  say(`${isOffer ? "Dismissed" : "Removed"} ${quoted(span)}, ${nameOfLabel(span.label)}`);
  if (!isOffer) return marks.remove(question, span);
  marks.dismiss(question, marks.offersOf(question).find((one) => isIt({ ...item, span: one }, item)));
  onToNextOffer(item);
}

function accept(item = current) {
  const { question, span } = item;
  current = null;
  say(`Accepted ${quoted(span)} as ${nameOfLabel(span.label)}`);
  marks.accept(question, [marks.offersOf(question).find((one) => isIt({ ...item, span: one }, item))]);
  onToNextOffer(item);
}

function dismissAll() {
  const offered = marks.spanQuestions().filter((question) => marks.offersOf(question).length);
  for (const question of offered) marks.dismiss(question, ...marks.offersOf(question));
  if (offered.length) say("Dismissed all suggestions");
  return offered.length > 0;
}

function stepThrough(way) {
  const every = marks.everything();
  const at = every.findIndex((item) => isIt(item, current));
  const units = selectedUnits();
  const begin = ({ span }) => field(span.field).offsets.units(span.start);
  const beside = () => (way > 0 ? every.find((item) => item.span.field === units.field && begin(item) >= units.start) : every.findLast((item) => item.span.field === units.field && begin(item) < units.start));
  const next = at >= 0 ? every[at + way] : units ? beside() : way > 0 ? every[0] : null;
  if (!next) return false;
  turnTo(next);
  return true;
}

function leave() {
  if (!current && !armed && !selected()) return false;
  [current, armed, note] = [null, 0, null];
  clearSelection();
  redraw();
  return true;
}

const isRightward = () => getComputedStyle(field(selectedUnits()?.field)?.element ?? area().querySelector(".text")).direction === "rtl";

function arrow(event) {
  if ((event.ctrlKey && event.altKey) || event.metaKey) return false;
  const isLine = event.key === "ArrowUp" || event.key === "ArrowDown";
  if (isLine && !hasCaret()) return false;
  const by = event.ctrlKey || event.altKey ? "character" : "word";
  const onward = isLine ? event.key === "ArrowDown" : (event.key === "ArrowRight") !== isRightward();
  const way = onward ? 1 : -1;
  if (current && !current.isOffer && event.shiftKey) resize({ way, by, isStart: isLine });
  else {
    current = null;
    move({ way, by: isLine ? "line" : by, extend: event.shiftKey });
    showCaret();
  }
  return true;
}

function showCaret() {
  const now = selected();
  redraw();
  const units = selectedUnits();
  if (!units) return;
  const { top, bottom } = field(units.field).range(units.start, units.end).getBoundingClientRect();
  const [first, last] = [document.querySelector(".top").offsetHeight + 16, innerHeight - document.querySelector(".foot").offsetHeight - 32];
  if (top < first || bottom > last) scrollBy(0, top < first ? top - first : Math.min(bottom - last, top - first));
  if (now) announce(readable(now.quote));
}

// Keys that mark; true when one did something. Labels' own keys are told by keys.js.
export function spanKey(event) {
  if (!marks.spanQuestions().length) return false;
  const { key, target } = event;
  if (key === "Escape") return leave();
  if (!inText(target) && !target.closest(".mark-row")) return false;
  if (key === "Backspace" || key === "Delete") {
    if (event.shiftKey) return dismissAll();
    if (current) remove();
    return Boolean(current) || key === "Backspace";
  }
  if (!inText(target)) return false;
  if (key.startsWith("Arrow")) return arrow(event);
  if (key === "Tab") return stepThrough(event.shiftKey ? -1 : 1);
  if (key === " " && current?.isOffer) {
    accept();
    return true;
  }
  return false;
}

export function undoMark() {
  if (!marks.undoStep()) return false;
  say("Undone");
  redraw();
  return true;
}

function itemOf(row) {
  const { field: name, start, end, label } = row.dataset;
  const span = { field: name, start: Number(start), end: Number(end), label: Number(label) };
  const question = row.closest(".question");
  return marks.everything().find((item) => isIt(item, { question, span, isOffer: row.classList.contains("offer") }));
}

const ACTS = { go: turnTo, remove, accept, leave };

document.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]");
  if (!act) return;
  const row = act.closest(".mark-row");
  ACTS[act.dataset.act](row ? itemOf(row) : current);
});

document.addEventListener("change", (event) => event.target.matches("input[data-spans]") && redraw());
document.addEventListener("hiddenshown", redraw);

onSheet(() => {
  [current, note] = [null, null];
  if (armed && !labelOf(armed)) armed = 0;
  showHiddenButton();
  redraw();
});
