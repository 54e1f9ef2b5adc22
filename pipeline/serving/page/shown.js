// What is shown now: one image, the formulas read in it, a box and a card for each.
import {Card} from "./card.js";
import {byId, tell} from "./messages.js";
import {Sheet} from "./sheet.js";

// `image` is another object for each image that is shown, so whoever awaits something keeps the one it began with.
export const now = {image: null, items: []};
export const keeping = {enabled: false, images: "never", retention_days: null, review: false}; // the server's rules
export const hooks = {}; // what cards and boxes ask for: copy, correct, confirm, flag, drawFor, drawn, leave

const sheet = new Sheet(byId("boxes"), {onSelect: (item) => select(item, true), onDraw: (box) => hooks.drawn(box)});
let turn = 0;

// Work that shows another image in the end; `isLast()` tells it whether a later one has begun meanwhile.
export function begin() {
  const mine = ++turn;
  return () => mine === turn;
}

// fields: blob, name, models, and file or queued: where the image came from
export async function show(fields, result, mathml, isLast) {
  const url = URL.createObjectURL(fields.blob);
  const element = new Image();
  element.src = url;
  await element.decode();
  if (!isLast()) return URL.revokeObjectURL(url);
  hooks.leave();
  URL.revokeObjectURL(byId("image").src);
  byId("image").src = url;
  const {width, height, models} = result;
  byId("image").alt = `${fields.name}, ${width} by ${height} pixels`;
  now.image = {...fields, element, width, height, models, sha256: null, ids: new Map()};
  sheet.size(width, height);
  byId("result").hidden = false;
  byId("cards").replaceChildren();
  now.items = result.formulas.map((formula, n) => makeItem(formula, mathml[n]));
  now.items.forEach(addCard);
  tell(now.items.length === 1 ? "1 formula was read." : `${now.items.length} formulas were read.`);
}

export function makeItem(formula, mathml) {
  const {box, kind, latex, tag} = formula;
  return {read: formula, box, kind, latex, tag, mathml, state: null, missed: false, dropped: false};
}

export function add(item) {
  now.items.push(item);
  addCard(item, now.items.length - 1);
}

function addCard(item, index) {
  item.number = index + 1;
  item.card = new Card(item, item.number, now.image, {...hooks, select});
  byId("cards").append(item.card.element);
  refresh(item);
}

export function refresh(item) {
  const said = item.read ? `, confidence ${Math.round(item.read.confidence * 100)} %` : "";
  if (now.items.includes(item)) sheet.mark(item, `Formula ${item.number}, ${item.kind}${said}: ${item.latex}`);
  item.card.show();
  item.card.element.querySelectorAll(".keep").forEach((one) => { one.hidden = !keeping.enabled; });
}

export function select(item, jump) {
  for (const one of now.items) {
    one.rect.classList.toggle("selected", one === item);
    one.card.element.classList.toggle("selected", one === item);
  }
  if (jump) {
    item.card.element.scrollIntoView({block: "nearest"});
    item.card.find(".copy").focus({preventScroll: true});
  }
}
