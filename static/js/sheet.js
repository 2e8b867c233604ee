// The sheet on screen: one document with its form. The DOM is the only state.
export const desk = () => document.querySelector(".desk");
export const sheet = () => document.getElementById("sheet");
export const form = () => document.getElementById("answer");
export const openDocument = () => Number(sheet()?.dataset.document ?? 0) || null;
export const clientId = () => form()?.elements.client_id.value;
export const user = () => desk().dataset.user;

export const questions = () => [...document.querySelectorAll("#answer .question")];
export const picked = (question) => [...question.querySelectorAll(".choices input:checked")];
export const offered = (question) => [...question.querySelectorAll(".choices .choice[data-offered] input")];
export const isStarted = () => questions().some((question) => picked(question).length > 0 || isMarked(question));
// A span question that holds marks, or whose suggestions somebody has dealt with.
const isMarked = (question) =>
  "touched" in question.dataset || !["", "[]", undefined].includes(question.querySelector("input[data-spans]")?.value);

// An answer is on its way: what is pressed now would be about a document not seen yet.
export const isSending = () => Boolean(sheet().querySelector(".htmx-request"));

// Calls back for the sheet of the page and for every one that replaces it.
export function onSheet(callback) {
  callback();
  addEventListener("sheet", callback);
}

// Brings whatever document is this person's turn now.
export const loadNext = () =>
  htmx.ajax("GET", desk().dataset.next, { target: "#sheet", swap: "outerHTML" });

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "sheet") dispatchEvent(new Event("sheet"));
});
