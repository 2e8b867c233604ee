// How long somebody worked on the document: on screen, and not away for more than half a minute.
import { form, onSheet } from "./sheet.js";

const AWAY_MS = 30_000;
let worked = 0;
let last = performance.now();

function tick() {
  const now = performance.now();
  worked += Math.min(now - last, AWAY_MS);
  last = now;
}

export function activeMs() {
  if (!document.hidden) tick();
  return Math.round(worked);
}

for (const kind of ["pointermove", "pointerdown", "keydown", "scroll"])
  addEventListener(kind, () => !document.hidden && tick(), { passive: true, capture: true });

document.addEventListener("visibilitychange", () => {
  if (document.hidden) tick();
  else last = performance.now();
});

onSheet(() => {
  worked = Number(form()?.elements.active_ms.value ?? 0);
  last = performance.now();
});
