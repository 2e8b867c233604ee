// Marking by mouse and by thumb: sweeps over the text, presses on labels and on marks.
import { readSelection, selected, settle } from "./caret.js";
import { marksAt } from "./ink.js";
import { spanQuestions } from "./marks.js";
import { armedLabel, byThumb, press, redraw, selectionChanged, turnToOneOf } from "./spans.js";

const CLICK_PX = 4;
const LABELS = ".question[data-kind=span] .choice, #span-bar [data-label]";
const PRESSED = "#span-bar, .question[data-kind=span] .choice";

// What was selected when a press began: a thumb on a label may end the selection before the click.
let held = null;
document.addEventListener("click", (event) => {
  const label = event.target.closest(LABELS);
  if (label) press(label, { selection: selected() ?? held });
});

// A press on a label takes neither the selection nor the place of the keys away.
document.addEventListener("pointerdown", (event) => {
  held = event.target.closest(PRESSED) ? selected() : null;
});
document.addEventListener("mousedown", (event) => {
  if (event.target.closest(PRESSED)) event.preventDefault();
});

let isThumb = false;
let sweeping = null;
document.addEventListener("pointerdown", (event) => {
  isThumb = event.pointerType === "touch";
  byThumb(isThumb);
  sweeping = !isThumb && event.target.closest(".marked-text") && { x: event.clientX, y: event.clientY };
});

// A click in a selection ends it only after this event, so what it is must be told by the way.
document.addEventListener("mouseup", (event) => {
  const from = sweeping;
  sweeping = null;
  if (!from || isThumb) return;
  const isClick = event.detail < 2 && Math.hypot(event.clientX - from.x, event.clientY - from.y) < CLICK_PX;
  if (!isClick) settle(event.altKey);
  const selection = isClick ? null : selected();
  if (selection && armedLabel()) press(armedLabel(), { selection });
  else turnToOneOf(selection ? [] : marksAt(event.clientX, event.clientY));
});

document.addEventListener("click", (event) => {
  if (!isThumb || !event.target.closest(".marked-text") || selected()) return;
  turnToOneOf(marksAt(event.clientX, event.clientY));
});

let waiting = 0;
document.addEventListener("selectionchange", () => {
  if (!spanQuestions().length) return;
  const isNews = readSelection();
  if (isNews) selectionChanged();
  if (!sweeping || isNews) waiting ||= requestAnimationFrame(() => ((waiting = 0), sweeping || redraw()));
});
