// The address follows the name until somebody writes one; using a way to begin chooses it.
const form = document.querySelector("[data-new-project]");
const slug = form.elements.namedItem("slug");
let own = slug.value !== "";

const slugOf = (text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9_]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 55);

form.elements.namedItem("name").addEventListener("input", (event) => {
  if (!own) slug.value = slugOf(event.target.value);
});
slug.addEventListener("input", () => (own = slug.value !== ""));
form.addEventListener("change", (event) => {
  const implied = event.target.dataset.implies;
  if (implied) form.querySelector(`[name="start"][value="${implied}"]`).checked = true;
});
