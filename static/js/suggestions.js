// Painting what the model suggests. It never moves what a pointer is over. Where an answer has been
// started it waits, and a quiet sign says so.
import { suggestionChanged } from "./answer.js";
import { field } from "./ink.js";
import { isSpan, offer, offersOf } from "./marks.js";
import { announce } from "./say.js";
import { form, isStarted, onSheet, openDocument, questions } from "./sheet.js";
import { redraw } from "./spans.js";

const KEPT = 20;
const PICKS = 5;
// Frames for documents that are not on screen yet: "document question" to frame.
const early = new Map();
// The newest frames that wait because an answer was started: question to frame.
const waiting = new Map();
// What was drawn last: question to how it looks.
const drawn = new Map();
const looksOf = ({ items }) => JSON.stringify(items.map((item) => ({ ...item, score: Math.round(item.score * 100) })));

export function receive(frame) {
  if (frame.document !== openDocument()) return keep(frame);
  const question = questions().find((one) => Number(one.dataset.question) === frame.question);
  if (!question) return;
  if (isStarted()) return wait(frame);
  show(question, frame);
}

function show(question, frame) {
  const moving = question.querySelector(".picks, .mark-list:not(:empty)");
  if (moving?.matches(":hover")) {
    moving.addEventListener("pointerleave", () => receive(frame), { once: true });
    return;
  }
  draw(question, frame);
}

function draw(question, frame) {
  drawn.set(frame.question, looksOf(frame));
  waiting.delete(frame.question);
  showSign();
  if (isSpan(question)) paintSpans(question, frame);
  else paint(question, frame);
}

function wait(frame) {
  // That the model would rather say nothing now is no news to somebody who is answering.
  if (frame.items.length && looksOf(frame) !== drawn.get(frame.question)) waiting.set(frame.question, frame);
  else waiting.delete(frame.question);
  showSign();
}

function showSign() {
  const sign = document.getElementById("newer");
  const words = [...waiting.keys()].some((id) => drawn.has(id)) ? "A newer suggestion is there" : "A suggestion is there";
  if (waiting.size && sign.hidden) announce(`${words}. Press U to see it.`);
  sign.hidden = waiting.size === 0;
  if (waiting.size) sign.querySelector(".newer-text").textContent = words;
}

// What waited is drawn beside what was picked, which stays.
function showNewer() {
  for (const question of questions()) {
    const frame = waiting.get(Number(question.dataset.question));
    if (frame) draw(question, frame);
  }
}

// Promises in the text: drawn beside it, so that no letter moves.
function paintSpans(question, frame) {
  const inText = ({ offered, field: name, end }) => offered && end <= (field(name)?.offsets.length ?? -1);
  const spans = frame.items.filter(inText).map(({ label, score, field: name, start, end }) => {
    return { field: name, start, end, label, score, quote: field(name).offsets.slice(start, end) };
  });
  const before = JSON.stringify(offersOf(question));
  offer(question, spans);
  if (frame.items.length) markPainted(frame.exposure);
  if (JSON.stringify(offersOf(question)) === before) return;
  redraw();
  suggestionChanged();
  if (spans.length) announce(spans.length === 1 ? "One suggestion in the text" : `${spans.length} suggestions in the text`);
}

function keep(frame) {
  const name = `${frame.document} ${frame.question}`;
  early.delete(name);
  early.set(name, frame);
  if (early.size > KEPT) early.delete(early.keys().next().value);
}

function paint(question, frame) {
  const before = firstOffered(question);
  const items = new Map(frame.items.map((item) => [item.label, item]));
  for (const choice of question.querySelectorAll(".choices .choice[data-label]"))
    paintChoice(choice, items.get(Number(choice.dataset.label)));
  paintPicks(question, frame.items);
  if (frame.items.length) markPainted(frame.exposure);
  const now = firstOffered(question);
  if (now === before) return;
  suggestionChanged();
  if (now) announce(`Suggested: ${now.querySelector(".name").textContent.trim()}, ${now.dataset.share}`);
}

const firstOffered = (question) => question.querySelector(".choices .choice[data-offered]");

function paintChoice(choice, item) {
  const percent = item ? Math.round(item.score * 100) : 0;
  choice.toggleAttribute("data-offered", Boolean(item?.offered));
  choice.toggleAttribute("data-share", percent > 0);
  if (percent > 0) choice.dataset.share = `${percent} %`;
  choice.querySelector(".share").textContent = percent > 0 ? `${percent} %` : "";
  choice.querySelector(".bar > span").style.width = `${percent}%`;
}

// The likeliest few on top of a long list, each a second handle on its row.
function paintPicks(question, items) {
  const picks = question.querySelector(".picks");
  if (!picks) return;
  const rows = items.map((item) => question.querySelector(`.choices [data-label="${item.label}"]`));
  const keyed = "keyed" in picks.dataset;
  picks.replaceChildren(...rows.filter(Boolean).slice(0, PICKS).map((row, place) => handleOn(row, keyed ? String(place + 1) : "")));
}

// With a key by its place, where labels outnumber keys.
function handleOn(choice, key) {
  const row = choice.cloneNode(true);
  row.querySelector("input").remove();
  row.htmlFor = `label-${choice.dataset.label}`;
  row.hidden = false;
  if (key) row.querySelector(".key").textContent = row.dataset.key = key;
  else row.removeAttribute("data-key");
  return row;
}

// Shown means that a frame was drawn: a tab in the background draws none.
function markPainted(exposure) {
  const painted = form().elements.painted;
  requestAnimationFrame(() => {
    const ids = painted.value ? painted.value.split(",") : [];
    if (!ids.includes(exposure)) painted.value = [...ids, exposure].join(",");
  });
}

document.addEventListener("click", (event) => event.target.closest("#newer") && showNewer());

onSheet(() => {
  waiting.clear();
  drawn.clear();
  for (const [name, frame] of early) {
    if (frame.document !== openDocument()) continue;
    early.delete(name);
    receive(frame);
  }
});
