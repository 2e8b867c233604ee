// The colour theme a person chose, set before the first paint: hence a plain script in the head.
(() => {
  const KEY = "annotate.theme";
  const chosen = () => localStorage.getItem(KEY) ?? "system";

  function show(theme) {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-choice]"))
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }

  show(chosen());
  addEventListener("DOMContentLoaded", () => show(chosen()));
  addEventListener("storage", (event) => event.key === KEY && show(chosen()));
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    localStorage.setItem(KEY, button.dataset.themeChoice);
    show(chosen());
  });
})();
