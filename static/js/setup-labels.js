// Finding one label among many; after a change the keyboard goes on where it was.
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function showFilters() {
  for (const filter of document.querySelectorAll("[data-label-filter]")) filter.hidden = false;
}

document.addEventListener("input", (event) => {
  const filter = event.target.closest("[data-label-filter]");
  if (!filter) return;
  const wanted = plain(event.target.value).split(/\s+/).filter(Boolean);
  for (const row of filter.parentElement.querySelectorAll("[data-labels] > li")) {
    const name = plain(row.querySelector("[data-name]")?.textContent ?? "");
    row.hidden = name !== "" && !wanted.every((word) => name.includes(word));
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  showFilters();
  const editing = document.querySelector(".label-rows .editing input:not([type=hidden])");
  const row = event.detail.requestConfig?.elt.closest("[id^=label-row-]")?.id;
  const back = row && document.getElementById(row)?.querySelector("a");
  (editing ?? back)?.focus();
});

showFilters();
