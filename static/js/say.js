// Words about what happened, for eyes and for screen readers.

// Read out politely; the same words twice are read twice.
export function announce(words) {
  const said = document.getElementById("said");
  said.textContent = said.textContent === words ? `${words}\u00a0` : words;
}

// What became of the last answer, beside the progress.
export function showSaved(words, { pending = false } = {}) {
  const place = document.getElementById("saved");
  place.textContent = words;
  place.toggleAttribute("data-pending", pending);
}

// The connection, in words; the dot only helps.
export function showState(words, tone = "") {
  const place = document.getElementById("state");
  if (place.textContent === words && place.dataset.tone === tone) return;
  place.textContent = words;
  place.dataset.tone = tone;
}
