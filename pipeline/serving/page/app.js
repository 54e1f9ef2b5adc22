// The page: joins its parts and asks the server what it does with corrections.
import * as api from "./api.js";
import {copy, copyAll} from "./copying.js";
import {drawn, startDrawing, stopDrawing} from "./drawing.js";
import {attempt, byId} from "./messages.js";
import {wireOpening} from "./opening.js";
import {markChecked, startReview} from "./review.js";
import {confirm, correct, flag, sayChecked} from "./saying.js";
import {hooks, keeping, now, refresh} from "./shown.js";

Object.assign(hooks, {copy, correct, confirm, flag, drawFor: startDrawing, drawn, leave: stopDrawing});

function listRules() {
  document.querySelectorAll(".keep").forEach((one) => { one.hidden = !keeping.enabled; });
  byId("agree").hidden = !keeping.enabled || keeping.images !== "consent" || keeping.review;
  const days = keeping.retention_days === null ? "" : ` for ${keeping.retention_days} days`;
  const images = {always: "with the image", never: "without the image", consent: "and the image where you agree"};
  byId("rules").textContent = !keeping.enabled || keeping.review ? ""
    : `What you correct or flag is kept${days}, ${images[keeping.images]}.`;
}

function wireTheme() {
  const set = (dark) => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    byId("theme").setAttribute("aria-pressed", String(dark));
  };
  const chosen = localStorage.getItem("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  set(chosen ? chosen === "dark" : system.matches);
  system.addEventListener("change", () => { if (!localStorage.getItem("theme")) set(system.matches); });
  byId("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme !== "dark";
    localStorage.setItem("theme", dark ? "dark" : "light");
    set(dark);
  });
}

byId("region").addEventListener("submit", (event) => {
  event.preventDefault();
  drawn(["x0", "y0", "x1", "y1"].map((name) => Number(byId("region").elements[name].value)));
});
byId("checked").addEventListener("click", async () => {
  const image = await sayChecked();
  if (image?.queued) await markChecked(image);
});
document.querySelectorAll(".copy-all").forEach((one) => one.addEventListener("click", () => copyAll(one.dataset.form)));
wireTheme();
wireOpening();
attempt(async () => {
  Object.assign(keeping, await api.rules());
  listRules();
  now.items.forEach(refresh);
  if (keeping.review) await startReview();
});
