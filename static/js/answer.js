// Picking, accepting and submitting, and the button that says what Enter will do now.
import { accept, canUndo, isSpan, marksOf, offersOf } from "./marks.js";
import { announce } from "./say.js";
import { form, isStarted, offered, onSheet, picked, questions } from "./sheet.js";

// Nothing is accepted sooner than this after it changed: nobody has read it yet.
const SETTLE_MS = 250;
let changedAt = 0;
export const isFresh = () => performance.now() - changedAt < SETTLE_MS;
let activeId = "";

const title = (question) => question.querySelector(".question-name").textContent.trim();
const isNone = (input) => "none" in input.dataset;
const isOpen = (question) => (isSpan(question) ? marksOf(question) : picked(question)).length === 0;
const offers = (question) => (isSpan(question) ? offersOf(question) : offered(question));
const hasAnswer = (question) => !isOpen(question);
const wouldHaveAnswer = (question) => hasAnswer(question) || offers(question).length > 0;

// The question that stands in the way: a required one without an answer. An optional one may
// stay open, but an answer that says nothing at all must be meant: that is what 0 is for. Only a
// text in which there is nothing to mark is answered by saying so on the button.
function missing(isAnswered) {
  const all = questions();
  const required = all.find((question) => "required" in question.dataset && !isAnswered(question));
  return required ?? (all.some(isAnswered) ? undefined : all.find((question) => !isSpan(question)));
}

// The one that keys pick in: where the person was last, else the first without an answer.
export function activeQuestion() {
  const all = questions();
  return all.find((question) => question.dataset.question === activeId) ?? all.find(isOpen) ?? all.at(-1);
}

// One label is all that a single choice needs: on to the next open question.
function moveOn(question) {
  const done = !isOpen(question) && !isSpan(question) && !("multiple" in question.dataset);
  const next = done && questions().find(isOpen);
  activeId = (next || question).dataset.question;
}

// Keys act on the next question now.
export function nextQuestion() {
  const all = questions();
  if (all.length < 2) return;
  const next = all[(all.indexOf(activeQuestion()) + 1) % all.length];
  activeId = next.dataset.question;
  document.getElementById("text").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  announce(`Keys choose for: ${title(next)}`);
  refresh();
}

export function pick(input, on = !input.checked) {
  input.checked = on;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

// A slip beside suggestions that are right: this one as well, or all but this one.
export function pickBeside(question, input) {
  if (isFresh()) return;
  if (isOpen(question)) for (const one of offered(question)) pick(one, true);
  pick(input);
}

export function clearPicks() {
  for (const question of questions()) for (const input of picked(question)) pick(input, false);
}

// Picks what is suggested wherever nothing was picked, and with `rest` the spans still offered
// beside those marked. True when that picked something.
export function takeSuggestions({ rest = false } = {}) {
  if (isFresh()) return false;
  const inputs = questions().filter(isOpen).flatMap(offered);
  const takes = (question) => isSpan(question) && (rest || isOpen(question));
  const spans = questions().filter((question) => takes(question) && offersOf(question).length);
  for (const input of inputs) pick(input, true);
  for (const question of spans) accept(question, offersOf(question));
  return inputs.length + spans.length > 0;
}

// What Enter does: accept if nothing is picked, then submit if nothing is missing.
export function go() {
  if (!form()) return;
  const { kind } = plan();
  if (kind === "accept" && !takeSuggestions()) return;
  if (kind === "nothing" && isFresh()) return;
  const question = missing(hasAnswer);
  if (question) {
    announce(`${title(question)} ${isSpan(question) ? "Mark something" : "Pick a label"} first.`);
    (isSpan(question) ? document.getElementById("text") : question.querySelector(".choice input")).focus();
    return;
  }
  form().requestSubmit();
}

function plan() {
  const stuck = missing(wouldHaveAnswer);
  if (stuck) return { kind: "pick", words: isSpan(stuck) ? "Mark something" : "Pick a label" };
  if (questions().some((question) => isOpen(question) && offers(question).length))
    return { kind: "accept", words: "Accept and next" };
  if ("revising" in form().dataset) return { kind: "submit", words: "Save the change" };
  if (questions().every(isOpen)) return { kind: "nothing", words: "Nothing to mark, next" };
  const left = questions().filter(isSpan).flatMap(offersOf).length;
  return { kind: "submit", words: left ? `Submit, leave ${left} suggested` : "Submit and next" };
}

export function refresh() {
  const button = document.getElementById("go");
  if (!button || !form()) return;
  const { kind, words } = plan();
  const waiting = kind === "pick" || (["accept", "nothing"].includes(kind) && isFresh());
  button.querySelector(".go-text").textContent = words;
  button.setAttribute("aria-disabled", String(waiting));
  for (const question of questions())
    question.classList.toggle("active", questions().length > 1 && question === activeQuestion());
  const undo = document.getElementById("undo-button");
  if (undo) undo.disabled = !canUndo() && !document.querySelector(".marks .mark");
  showRule();
}

// The first choice is another one than a moment ago.
export function suggestionChanged() {
  changedAt = performance.now();
  refresh();
  setTimeout(refresh, SETTLE_MS + 10);
}

// The owner's words on the label in question, in a place that is kept free for them.
function showRule() {
  const rule = document.getElementById("rule");
  const choices = [...form().querySelectorAll(".choices .choice[data-rule]")];
  const choice =
    choices.find((one) => one.matches(":focus-within")) ??
    choices.find((one) => one.matches("[aria-pressed=true]") || one.querySelector(":checked")) ??
    choices.find((one) => "offered" in one.dataset);
  rule.hidden = choices.length === 0;
  rule.querySelector("h2").textContent = choice?.querySelector(".name").textContent ?? "";
  rule.querySelector("p").textContent = choice?.dataset.rule ?? "";
}

function keepNoneAlone(input) {
  if (input.type !== "checkbox" || !input.checked) return;
  for (const other of picked(input.closest(".question")))
    if (isNone(other) !== isNone(input)) other.checked = false;
}

document.addEventListener("change", (event) => {
  const question = event.target.closest("#answer .question");
  if (!question) return;
  keepNoneAlone(event.target);
  moveOn(question);
  refresh();
});
document.addEventListener("focusin", (event) => {
  const question = event.target.closest("#answer .question");
  if (!question) return;
  activeId = question.dataset.question;
  refresh();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("#go")) return;
  event.preventDefault();
  // The second click of a double click was meant for the page before.
  if (event.detail < 2) go();
});

onSheet(() => {
  changedAt = performance.now();
  activeId = "";
  refresh();
  setTimeout(refresh, SETTLE_MS + 10);
  if (isStarted() && "restored" in (form()?.dataset ?? {})) announce("Your earlier picks are back.");
});
