"use strict";
// Filters and sorts the cases; switches the verdicts on pages on and off.
(() => {
  const byId = (id) => document.getElementById(id);
  const cases = byId("cases");
  if (cases) {
    const articles = [...cases.children];
    const orders = {
      order: () => 0,
      edit: (a, b) => a.dataset.edit - b.dataset.edit,
      sure: (a, b) => b.dataset.confidence - a.dataset.confidence,
      unsure: (a, b) => a.dataset.confidence - b.dataset.confidence,
      length: (a, b) => b.dataset.length - a.dataset.length,
    };
    const update = () => {
      const search = byId("search").value.toLowerCase();
      const wanted = ["group", "outcome", "kind"].map((name) => [name, byId(name).value]);
      let shown = 0;
      for (const article of articles) {
        article.hidden = !(article.dataset.text.includes(search) &&
          wanted.every(([name, value]) => !value || article.dataset[name] === value));
        shown += !article.hidden;
      }
      cases.append(...[...articles].sort(orders[byId("sort").value]));
      byId("shown").textContent = `${shown} of ${articles.length} shown`;
    };
    byId("controls").addEventListener("input", update);
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    update();
  }
  for (const box of document.querySelectorAll("#verdicts input")) {
    box.addEventListener("change", () => {
      for (const rect of document.querySelectorAll(`.sheet .${box.dataset.verdict}`)) {
        rect.style.display = box.checked ? "" : "none";
      }
    });
  }
})();
