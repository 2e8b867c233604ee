// The labelling page, put together.
import "./answer.js";
import "./spans.js";
import "./hands.js";
import "./keys.js";
import "./filter.js";
import "./drafts.js";
import "./active.js";
import "./suggestions.js";
import "./socket.js";
import "./outbox.js";
import { onSheet, questions } from "./sheet.js";

// A new document starts where it begins, for eyes, keys and screen readers alike.
let first = true;
onSheet(() => {
  if (first) return (first = false);
  scrollTo(0, 0);
  if (questions().length && !document.activeElement?.closest("#go")) document.getElementById("text").focus({ preventScroll: true });
});
