// The labelling form, for an owner who corrects somebody's answer: no queue, no drafts, no socket.
import "./answer.js";
import "./spans.js";
import "./keys.js";
import "./filter.js";
import { activeMs } from "./active.js";

document.addEventListener("submit", ({ target }) => {
  if (target.id === "answer") target.elements.active_ms.value = activeMs();
});
