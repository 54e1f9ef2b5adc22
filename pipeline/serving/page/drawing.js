// Places drawn by hand: one that was missed is read as a further formula, one for a card replaces its place.
import * as api from "./api.js";
import {attempt, tell} from "./messages.js";
import {add, makeItem, now, select} from "./shown.js";

let drawingFor = null;

export async function drawn(box) {
  const item = drawingFor;
  stopDrawing();
  if (!item) return void readPlace(box);
  item.card.setBox(box);
  await attempt(async () => {
    const {page} = await readAt(now.image, box);
    const read = page.formulas[0];
    if (read) item.card.suggest([read.latex, ...read.alternatives]);
    tell("The new place was read; the readings are offered below the LaTeX.");
  });
}

const readAt = ({blob, name}, box) =>
  // A least score of 1 leaves out all that the detector found by itself.
  api.predict(blob, name, {mode: "page", regions: box.join(","), min_score: "1"});

async function readPlace(box) {
  const image = now.image;
  await attempt(async () => {
    tell("Reading the place ...");
    const {page, mathml} = await readAt(image, box);
    if (image !== now.image) return; // another image is shown meanwhile
    if (!page.formulas.length) throw new api.Refused("Nothing could be read there.");
    const item = makeItem(page.formulas[0], mathml[0]);
    item.missed = true;
    add(item);
    select(item, true);
    tell(`The place was read as formula ${item.number}.`);
  });
}

export function startDrawing(item) {
  const again = drawingFor === item;
  stopDrawing();
  if (again) return;
  drawingFor = item;
  item.card.find(".draw").setAttribute("aria-pressed", "true");
  tell(`Drag over formula ${item.number} on the page.`);
}

export function stopDrawing() {
  drawingFor?.card.find(".draw").setAttribute("aria-pressed", "false");
  drawingFor = null;
}
