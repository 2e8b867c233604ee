// What is marked for each span question: in code points, as the hidden field posts it.
// Suggestions wait beside it; undo knows what stood before each step.
import { onSheet, questions } from "./sheet.js";

const UNDO_STEPS = 200;
const steps = [];
// Question id to the suggestions that were neither taken nor dismissed, in the order of the text.
const waiting = new Map();

export const isSpan = (question) => question.dataset.kind === "span";
export const spanQuestions = () => questions().filter(isSpan);
export const questionWith = (id) => questions().find((one) => one.dataset.question === String(id));

const store = (question) => question.querySelector("input[data-spans]");
const read = new WeakMap();

// Not to be changed by who asks: the same list is given out until the hidden field says otherwise.
export function marksOf(question) {
  const { value } = store(question);
  if (read.get(question)?.value !== value) read.set(question, { value, marks: JSON.parse(value || "[]") });
  return read.get(question).marks;
}

export const offersOf = (question) => waiting.get(question.dataset.question) ?? [];

const inOrder = (a, b) => a.field.localeCompare(b.field) || a.start - b.start || a.end - b.end || a.label - b.label;
export const isSamePlace = (a, b) => a.field === b.field && a.start === b.start && a.end === b.end;
const isSame = (a, b) => isSamePlace(a, b) && a.label === b.label;
const touches = (a, b) => a.field === b.field && a.start < b.end && b.start < a.end;
const without = (list, span) => list.filter((one) => !isSame(one, span));
const allowsOverlap = (question) => "overlapping" in question.dataset;

// Everything drawn in the text, as a reader meets it: {question, span, isOffer}.
export function everything() {
  const order = [...document.querySelectorAll("#text .text")].map((one) => one.dataset.field);
  const items = spanQuestions().flatMap((question) => [
    ...marksOf(question).map((span) => ({ question, span, isOffer: false })),
    ...offersOf(question).map((span) => ({ question, span, isOffer: true })),
  ]);
  const place = ({ span }) => order.indexOf(span.field);
  return items.sort((a, b) => place(a) - place(b) || a.span.start - b.span.start || b.span.end - a.span.end);
}

// What stands in the way of a span here: nothing may overlap where the question says so.
export function inTheWay(question, span, except = null) {
  const others = marksOf(question).filter((one) => !except || !isSame(one, except));
  return others.find((one) => (allowsOverlap(question) ? isSame(one, span) : touches(one, span)));
}

function keep(question, marks, offers) {
  const input = store(question);
  input.value = JSON.stringify([...marks].sort(inOrder));
  waiting.set(question.dataset.question, offers);
  question.toggleAttribute("data-touched", true);
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function step(question, marks, offers) {
  steps.push({ id: question.dataset.question, value: store(question).value, offers: offersOf(question) });
  if (steps.length > UNDO_STEPS) steps.shift();
  keep(question, marks, offers);
}

// A suggestion under a mark of one's own has had its answer.
function stillOffered(question, span) {
  const offers = offersOf(question);
  return offers.filter((one) => !isSamePlace(one, span) && (allowsOverlap(question) || !touches(one, span)));
}

export function add(question, span) {
  step(question, [...marksOf(question), span], stillOffered(question, span));
}

export function remove(question, span) {
  step(question, without(marksOf(question), span), offersOf(question));
}

export function replace(question, before, span) {
  step(question, [...without(marksOf(question), before), span], stillOffered(question, span));
}

export function dismiss(question, ...spans) {
  step(question, marksOf(question), offersOf(question).filter((one) => !spans.includes(one)));
}

// Makes marks of these suggestions; the surer one stays where two are in each other's way.
export function accept(question, offers) {
  const marks = [...marksOf(question)];
  for (const { score, ...span } of [...offers].sort((a, b) => b.score - a.score))
    if (!marks.some((one) => (allowsOverlap(question) ? isSame(one, span) : touches(one, span)))) marks.push(span);
  step(question, marks, offersOf(question).filter((one) => !offers.includes(one)));
}

// Shows what the model offers; a question that was touched is left alone.
export function offer(question, spans) {
  waiting.set(question.dataset.question, spans.sort(inOrder));
}

export const canUndo = () => steps.length > 0;

export function undoStep() {
  const last = steps.pop();
  const question = last && questionWith(last.id);
  if (!question) return false;
  keep(question, JSON.parse(last.value || "[]"), last.offers);
  return true;
}

onSheet(() => {
  steps.length = 0;
  waiting.clear();
});
