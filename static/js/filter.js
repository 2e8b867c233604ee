// Finding one label among many: type, Enter picks the first that fits, Escape gives up.
import { pick } from "./answer.js";
import { onSheet, questions } from "./sheet.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const choices = (question) => [...question.querySelectorAll(".choices .choice")];

export function focusFilter(question) {
  question?.querySelector(".filter input")?.focus();
}

function narrow(question, words) {
  const wanted = plain(words).split(/\s+/).filter(Boolean);
  for (const choice of choices(question)) {
    const name = plain(choice.querySelector(".name").textContent);
    choice.hidden = !wanted.every((word) => name.includes(word));
  }
}

function leave(field) {
  field.value = "";
  narrow(field.closest(".question"), "");
  field.blur();
}

document.addEventListener("input", (event) => {
  if (event.target.closest(".filter")) narrow(event.target.closest(".question"), event.target.value);
});

document.addEventListener("keydown", (event) => {
  const field = event.target.closest(".filter input");
  if (!field || event.isComposing) return;
  if (event.key === "Escape") leave(field);
  if (event.key !== "Enter") return;
  event.preventDefault();
  const first = choices(field.closest(".question")).find((choice) => !choice.hidden);
  if (!first || !field.value.trim()) return;
  leave(field);
  const input = first.querySelector("input");
  if (input) pick(input, true);
  else first.click();
  first.scrollIntoView({ block: "nearest" });
});

onSheet(() => {
  for (const question of questions()) {
    const filter = question.querySelector(".filter");
    if (!filter) continue;
    filter.hidden = false;
    question.querySelector(".picks")?.toggleAttribute("hidden", false);
    question.classList.add("long");
  }
});
