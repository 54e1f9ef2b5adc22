// Sends what the user says of a formula or of the page: corrections, confirmations, flags.
import * as api from "./api.js";
import {attempt, byId, tell} from "./messages.js";
import {keeping, now, refresh} from "./shown.js";

const inside = ({width, height}, [x0, y0, x1, y1]) =>
  [Math.max(0, x0), Math.max(0, y0), Math.min(width, x1), Math.min(height, y1)];
const same = (a, b) => a.every((edge, n) => Math.abs(edge - b[n]) < 0.06); // fields show tenths
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

async function send(image, said) {
  const record = {
    width: image.width, height: image.height, name: image.name.slice(0, 255), models: image.models,
    source: keeping.review ? "review" : "web", consent: byId("consent").checked, ...said,
  };
  const content = JSON.stringify(record);
  if (!image.ids.has(content)) image.ids.set(content, newId()); // sent again it keeps its id, and is kept once
  record.client_id = image.ids.get(content);
  if (image.sha256) record.image_sha256 = image.sha256;
  else record.image = await api.dataUrl(image.blob);
  const answer = await api.say(record);
  image.ids.delete(content);
  if (answer.image_kept) image.sha256 = answer.image_sha256;
}

function about(image, item) {
  const {kind, score, latex, confidence} = item.read;
  return {box: item.missed ? null : inside(image, item.read.box), kind, score, latex, confidence};
}

export async function correct(item, typed) {
  const image = now.image;
  await attempt(async () => {
    const box = inside(image, typed.box);
    if (!(box[0] < box[2] && box[1] < box[3])) throw new api.Refused("The place must have x0 < x1 and y0 < y1, on the page.");
    const said = {...about(image, item), action: "correction"};
    if (item.missed || !same(box, item.read.box)) said.corrected_box = box;
    if (item.missed || typed.kind !== item.read.kind) said.corrected_kind = typed.kind;
    if (item.missed || typed.latex !== item.read.latex) said.corrected_latex = typed.latex;
    const changed = Boolean(said.corrected_box || said.corrected_kind) || said.corrected_latex !== undefined;
    await send(image, changed ? said : {...said, action: "confirmation"});
    const shown = typed.latex ? await api.render(typed.latex, typed.kind).catch(() => null) : null;
    Object.assign(item, {
      box, kind: typed.kind, latex: typed.latex, mathml: shown?.mathml ?? null,
      state: changed ? "corrected" : "right", dropped: false,
    });
    refresh(item);
    item.card.close();
    tell(changed ? `The correction of formula ${item.number} is saved.` : `Formula ${item.number} is saved as right.`);
  });
}

export const confirm = (item) => correct(item, item); // as it is shown now

export async function flag(item, reason, comment) {
  const image = now.image;
  await attempt(async () => {
    await send(image, {...about(image, item), action: "flag", reason, comment});
    Object.assign(item, {state: "flagged", dropped: reason === "not_a_formula"});
    refresh(item);
    item.card.close();
    tell(`The flag on formula ${item.number} is saved.`);
  });
}

// Gives the image whose page was saved, which need not be shown any more; undefined where that failed.
export const sayChecked = () => attempt(async () => {
  const {image, items} = now;
  const broken = new Set(items.flatMap(({read}, n) => ((read.continues ?? null) === null ? [] : [n, read.continues])));
  // Of a formula broken over two lines neither part shows the whole LaTeX, unless the user wrote what the part shows.
  const shows = (item, n) => (broken.has(n) && item.state !== "corrected" ? null : item.latex || null);
  const regions = items.map((item, n) => ({box: inside(image, item.box), kind: item.kind, latex: shows(item, n)}))
    .filter((_, n) => !items[n].dropped);
  await send(image, {action: "page", regions});
  tell(`The page is saved with ${regions.length} formulas.`);
  return image;
});
