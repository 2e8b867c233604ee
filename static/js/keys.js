// One key for each thing to do. Nothing here works while somebody is typing words.
import { activeQuestion, clearPicks, go, pick, takeSuggestions } from "./answer.js";
import { focusFilter } from "./filter.js";
import { form, isSending } from "./sheet.js";

const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])";
const PRESSABLE = "button, a, summary";
const openPopover = () => document.querySelector("[popover]:popover-open");

const ACTIONS = {
  s: () => document.getElementById("skip")?.showPopover(),
  z: undo,
  "?": () => document.getElementById("keys").showPopover(),
  "/": () => focusFilter(activeQuestion()),
  Escape: clearPicks,
};

function undo() {
  const button = document.getElementById("undo-button");
  if (button && !button.disabled) button.form.requestSubmit();
}

function pickByKey(scope, key) {
  const choice = scope?.querySelector(`[data-key="${CSS.escape(key)}"] input`);
  if (!choice) return false;
  if (choice.name === "reason") choice.click();
  else pick(choice);
  choice.closest(".choice")?.scrollIntoView({ block: "nearest" });
  return true;
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
  takeSuggestions();
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
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (key === "Enter") return enter(event);
  if (key === " ") return space(event);
  if (form() && pickByKey(activeQuestion(), key)) return true;
  if (!(key in ACTIONS)) return false;
  ACTIONS[key]();
  return true;
}

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
  else if (!event.repeat && handle(event)) event.preventDefault();
});
