// One key for each thing to do. Nothing here works while somebody is typing words.
import { activeQuestion, clearPicks, go, isFresh, nextQuestion, pick, pickBeside, takeSuggestions } from "./answer.js";
import { focusFilter } from "./filter.js";
import { spanQuestions } from "./marks.js";
import { form, isSending, questions } from "./sheet.js";
import { press, spanKey, undoMark } from "./spans.js";

const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const PRESSABLE = "button, a, summary";
const openPopover = () => document.querySelector("[popover]:popover-open");

const ACTIONS = {
  s: () => document.getElementById("skip")?.showPopover(),
  z: undo,
  q: nextQuestion,
  u: () => document.getElementById("newer")?.click(),
  "?": () => document.getElementById("keys").showPopover(),
  "/": () => focusFilter(activeQuestion()),
  Escape: clearPicks,
};

// What was marked last; if nothing was, the last answer.
function undo() {
  if (undoMark()) return;
  const button = document.getElementById("undo-button");
  if (button && !button.disabled) button.form.requestSubmit();
}

// `beside`: what is suggested is taken as well.
function pickByKey(scope, key, beside = false) {
  const row = scope?.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (row?.matches("button")) {
    press(row, { beside });
    return true;
  }
  const choice = row?.control;
  if (!choice) return false;
  if (choice.name === "reason") choice.click();
  else if (beside && choice.type === "checkbox") pickBeside(scope, choice);
  // A place among the likeliest is another label when these have just changed.
  else if (!row.closest(".picks") || !isFresh()) pick(choice);
  choice.closest(".choice")?.scrollIntoView({ block: "nearest" });
  return true;
}

// In the question that is active; where text is marked too, labels of the others answer as well.
function pickLabel(key, beside) {
  const others = spanQuestions().length ? questions() : [];
  return [activeQuestion(), ...others].some((question) => pickByKey(question, key, beside));
}

// Shift and the key of a label. On figures it shows in the key's place only, for its character is
// another; where figures need Shift themselves, it says nothing.
function withShift({ shiftKey, key, code }) {
  if (!shiftKey) return "";
  if (/^\p{L}$/u.test(key)) return key.toLowerCase();
  return /^\d$/.test(key) ? "" : (/^Digit(\d)$/.exec(code)?.[1] ?? "");
}

function enter(event) {
  if (event.target.closest(PRESSABLE)) return false;
  go();
  return true;
}

function space(event) {
  if (event.target.closest(PRESSABLE)) return false;
  // Somebody who walks the list with Tab and arrows picks with Space.
  if (event.target.matches("#answer input:focus-visible")) return false;
  takeSuggestions({ rest: true });
  return true;
}

function handle(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (isSending()) return key === "Enter" || key === " ";
  if (openPopover()) return pickByKey(openPopover(), key);
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && key === "z") {
    undo();
    return true;
  }
  if (spanKey(event)) return true;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (key === "Enter") return enter(event);
  if (key === " ") return space(event);
  const shifted = withShift(event);
  if (form() && pickLabel(shifted || key, shifted !== "")) return true;
  if (!(key in ACTIONS)) return false;
  ACTIONS[key]();
  return true;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("#undo-button") && undoMark()) event.preventDefault();
});

// The reasons are there to be picked: the focus goes to the first of them.
document.addEventListener(
  "toggle",
  ({ target, newState }) => target.id === "skip" && newState === "open" && target.querySelector("input[name=reason]").focus(),
  true,
);

document.addEventListener("keydown", (event) => {
  // A key held down must not run through the queue.
  if (event.defaultPrevented || event.isComposing || event.target.closest(TYPING)) return;
  if (event.repeat && ["Enter", " "].includes(event.key)) event.preventDefault();
  else if ((!event.repeat || event.key.startsWith("Arrow")) && handle(event)) event.preventDefault();
});
