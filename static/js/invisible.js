// Characters that leave no trace: shown on demand by a sign, and then selected one by one.
import { takeApart } from "./caret.js";
import { allFields } from "./ink.js";
import { HIDDEN, signOf } from "./marklist.js";

const MOST = 2_000;
let isShown = false;

const button = () => document.getElementById("show-hidden");
const found = () => allFields().flatMap((one) => [...one.text.matchAll(HIDDEN)].map((hit) => ({ field: one.name, start: hit.index, end: hit.index + hit[0].length, text: signOf(hit[0]) })));
const isOrdinary = ({ text }) => text === "↵";

// Only where there is something hidden besides the ends of lines.
export function showHiddenButton() {
  if (!button()) return;
  button().hidden = found().every(isOrdinary);
  isShown &&= !button().hidden;
  show();
}

function show() {
  takeApart(isShown);
  button().setAttribute("aria-pressed", String(isShown));
  button().textContent = isShown ? "Hide hidden characters" : "Show hidden characters";
}

export const hiddenRanges = () => (isShown ? found().slice(0, MOST).map((one) => ({ ...one, className: "ink-sign", once: true })) : []);

document.addEventListener("click", (event) => {
  if (!event.target.closest("#show-hidden")) return;
  isShown = !isShown;
  show();
  document.getElementById("text").focus({ preventScroll: true });
  document.dispatchEvent(new Event("hiddenshown"));
});
