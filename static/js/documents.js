// Ticking every row of the page at once.
const all = document.querySelector("#tick-all");
const rows = () => [...document.querySelectorAll(".tick")];

if (all) {
  const box = all.querySelector("input");
  all.hidden = false;
  box.addEventListener("change", () => rows().forEach((row) => (row.checked = box.checked)));
  document.addEventListener("change", (event) => {
    if (event.target.matches(".tick")) box.checked = rows().every((row) => row.checked);
  });
}
