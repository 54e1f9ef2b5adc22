// The page: opens images, shows what was read in them, sends what the user corrects.
import * as api from "./api.js";
import {Card, written} from "./card.js";
import {Sheet} from "./sheet.js";

const byId = (id) => document.getElementById(id);
const image = {element: byId("image"), blob: null, name: "", width: 0, height: 0, sha256: null, file: null};
const ids = new Map(); // a record that is sent again keeps its id, and is kept once
let items = [];
let models = {};
let drawingFor = null;
let opened = 0;
let review = null; // the queue: {items: [{id, name, confidence, done}], at}
let keeping = {enabled: false, images: "never", retention_days: null, review: false};
const sheet = new Sheet(byId("boxes"), {onSelect: (item) => select(item, true), onDraw: drawn});

function tell(text) { byId("status").textContent = text; }

function fail(error) {
  byId("error").textContent = error.message;
  byId("error").hidden = false;
  tell("");
  if (!(error instanceof api.Refused)) console.error(error);
}

async function attempt(doing) {
  byId("error").hidden = true;
  try {
    return await doing();
  } catch (error) {
    fail(error);
    return undefined;
  }
}

// ---- opening and reading

async function open(file, page = 1) {
  const turn = ++opened;
  await attempt(async () => {
    tell(`Reading ${file.name || "the image"} ...`);
    const shown = await viewable(file, page);
    const {page: result, mathml} = await api.predict(shown.blob, file.name || "image.png", {mode: byId("mode").value});
    if (turn !== opened) return; // another image was opened meanwhile
    image.file = file;
    byId("pages").hidden = shown.count < 2;
    byId("page-number").value = page;
    byId("page-number").max = shown.count;
    byId("pages").querySelector("span").textContent = `of ${shown.count}`;
    await show(shown, file.name || "image.png", result, mathml);
  });
}

// What the browser can show is sent as it is; the server draws the rest, and that drawing is what is read and kept.
async function viewable(file, page) {
  if (file.type !== "application/pdf") {
    try {
      (await createImageBitmap(file)).close();
      return {blob: file, count: 1};
    } catch { /* a kind that browsers do not know, or no image at all: the server says */ }
  }
  return api.pageImage(file, file.name || "image", page);
}

async function show({blob}, name, result, mathml) {
  URL.revokeObjectURL(image.element.src);
  image.element.src = URL.createObjectURL(blob);
  await image.element.decode();
  Object.assign(image, {blob, name, width: result.width, height: result.height, sha256: null});
  image.element.alt = `${name}, ${result.width} by ${result.height} pixels`;
  models = result.models;
  sheet.size(result.width, result.height);
  byId("result").hidden = false;
  stopDrawing();
  byId("cards").replaceChildren();
  items = result.formulas.map((formula, n) => makeItem(formula, mathml[n]));
  items.forEach(add);
  tell(items.length === 1 ? "1 formula was read." : `${items.length} formulas were read.`);
}

function makeItem(formula, mathml) {
  const {box, kind, latex, tag} = formula;
  return {read: formula, box, kind, latex, tag, mathml, state: null, missed: false, dropped: false};
}

function add(item, index) {
  item.number = index + 1;
  item.card = new Card(item, item.number, image, {
    select, copy, correct, confirm, flag, drawFor: startDrawing,
  });
  byId("cards").append(item.card.element);
  refresh(item);
}

function refresh(item) {
  const said = item.read ? `, confidence ${Math.round(item.read.confidence * 100)} %` : "";
  sheet.mark(item, `Formula ${item.number}, ${item.kind}${said}: ${item.latex}`);
  item.card.show();
  item.card.element.querySelectorAll(".keep").forEach((one) => { one.hidden = !keeping.enabled; });
}

function select(item, jump) {
  for (const one of items) {
    one.rect.classList.toggle("selected", one === item);
    one.card.element.classList.toggle("selected", one === item);
  }
  if (jump) {
    item.card.element.scrollIntoView({block: "nearest"});
    item.card.find(".copy").focus({preventScroll: true});
  }
}

// ---- places drawn by hand

async function drawn(box) {
  const item = drawingFor;
  stopDrawing();
  if (!item) return void readPlace(box);
  item.card.setBox(box);
  await attempt(async () => {
    const {page} = await readAt(box);
    const read = page.formulas[0];
    if (read) item.card.suggest([read.latex, ...read.alternatives]);
    tell("The new place was read; the readings are offered below the LaTeX.");
  });
}

const readAt = (box) =>
  // A least score of 1 leaves out all that the detector found by itself.
  api.predict(image.blob, image.name, {mode: "page", regions: box.join(","), min_score: "1"});

async function readPlace(box) {
  const turn = opened;
  await attempt(async () => {
    tell("Reading the place ...");
    const {page, mathml} = await readAt(box);
    if (turn !== opened) return;
    if (!page.formulas.length) throw new api.Refused("Nothing could be read there.");
    const item = makeItem(page.formulas[0], mathml[0]);
    item.missed = true;
    items.push(item);
    add(item, items.length - 1);
    select(item, true);
    tell(`The place was read as formula ${item.number}.`);
  });
}

function startDrawing(item) {
  const again = drawingFor === item;
  stopDrawing();
  if (again) return;
  drawingFor = item;
  item.card.find(".draw").setAttribute("aria-pressed", "true");
  tell(`Drag over formula ${item.number} on the page.`);
}

function stopDrawing() {
  drawingFor?.card.find(".draw").setAttribute("aria-pressed", "false");
  drawingFor = null;
}

// ---- copying

async function toClipboard(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard for pages that came without encryption
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) return fail(new api.Refused("The browser does not let this page copy; select the LaTeX and copy it."));
  }
  tell(`Copied ${what}.`);
}

const NAMES = {latex: "LaTeX", markdown: "Markdown", mathml: "MathML"};

function copy(item, form) {
  const text = written[form](item);
  if (!text) return fail(new api.Refused(`Formula ${item.number} cannot be written as ${NAMES[form]}.`));
  return toClipboard(text, `formula ${item.number} as ${NAMES[form]}`);
}

function copyAll(form) {
  const whole = (item) => (item.kind === "inline" ? `\\(${item.latex}\\)` : `\\[${item.latex}\\]`);
  // Of a formula broken over two lines the first part has the whole LaTeX.
  const kept = items.filter((item) => !item.dropped && item.latex && (item.read?.continues ?? null) === null);
  return toClipboard(kept.map(form === "latex" ? whole : written[form]).join("\n\n") + "\n", `all as ${NAMES[form]}`);
}

// ---- what the user says

const onPage = ([x0, y0, x1, y1]) =>
  [Math.max(0, x0), Math.max(0, y0), Math.min(image.width, x1), Math.min(image.height, y1)];
const same = (a, b) => a.every((edge, n) => Math.abs(edge - b[n]) < 0.06); // fields show tenths

async function send(said) {
  const record = {
    width: image.width, height: image.height, name: image.name.slice(0, 255), models,
    source: review ? "review" : "web", consent: byId("consent").checked, ...said,
  };
  const content = JSON.stringify([record, opened]);
  if (!ids.has(content)) {
    ids.set(content, [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join(""));
  }
  record.client_id = ids.get(content);
  if (image.sha256) record.image_sha256 = image.sha256;
  else record.image = await api.dataUrl(image.blob);
  const turn = opened;
  const answer = await api.say(record);
  ids.delete(content);
  if (turn === opened && answer.image_kept) image.sha256 = answer.image_sha256;
}

function about(item) {
  const {kind, score, latex, confidence} = item.read;
  return {box: item.missed ? null : onPage(item.read.box), kind, score, latex, confidence};
}

async function correct(item, typed) {
  await attempt(async () => {
    const box = onPage(typed.box);
    if (!(box[0] < box[2] && box[1] < box[3])) throw new api.Refused("The place must have x0 < x1 and y0 < y1, on the page.");
    const said = {...about(item), action: "correction"};
    if (item.missed || !same(box, item.read.box)) said.corrected_box = box;
    if (item.missed || typed.kind !== item.read.kind) said.corrected_kind = typed.kind;
    if (item.missed || typed.latex !== item.read.latex) said.corrected_latex = typed.latex;
    const changed = Boolean(said.corrected_box || said.corrected_kind) || said.corrected_latex !== undefined;
    await send(changed ? said : {...said, action: "confirmation"});
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

const confirm = (item) => correct(item, item); // as it is shown now

async function flag(item, reason, comment) {
  await attempt(async () => {
    await send({...about(item), action: "flag", reason, comment});
    Object.assign(item, {state: "flagged", dropped: reason === "not_a_formula"});
    refresh(item);
    item.card.close();
    tell(`The flag on formula ${item.number} is saved.`);
  });
}

async function pageChecked() {
  await attempt(async () => {
    const regions = items.filter((item) => !item.dropped)
      .map(({box, kind, latex}) => ({box: onPage(box), kind, latex: latex || null}));
    await send({action: "page", regions});
    tell(`The page is saved with ${regions.length} formulas.`);
    if (!review) return;
    review.items[review.at].done = true;
    listQueue();
    const left = review.items.findIndex((one) => !one.done);
    if (left >= 0) await openQueued(left);
    else tell("All pages are checked.");
  });
}

// ---- reviewing a folder

function listQueue() {
  byId("queue").replaceChildren(...review.items.map((one, n) => {
    const sure = one.confidence === null ? "no formula" : `${Math.round(one.confidence * 100)} %`;
    return new Option(`${one.done ? "✓ " : ""}${one.name} (${sure})`, n, false, n === review.at);
  }));
  byId("progress").textContent = `${review.items.filter((one) => one.done).length} of ${review.items.length} checked`;
}

async function openQueued(at) {
  const turn = ++opened;
  const {id, name} = review.items[at];
  const [{page, mathml}, blob] = await Promise.all([api.queued(id), api.queuedImage(id)]);
  if (turn !== opened) return;
  review.at = at;
  listQueue();
  await show({blob}, name, page, mathml);
}

async function startReview() {
  review = {items: await api.queue(), at: 0};
  byId("review").hidden = false;
  byId("open").hidden = true;
  byId("consent").checked = true;
  byId("queue").addEventListener("change", () => attempt(() => openQueued(Number(byId("queue").value))));
  const step = (by) => attempt(() => openQueued((review.at + by + review.items.length) % review.items.length));
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  const first = review.items.findIndex((one) => !one.done);
  await openQueued(Math.max(0, first));
}

// ---- the page itself

function listRules() {
  document.querySelectorAll(".keep").forEach((one) => { one.hidden = !keeping.enabled; });
  byId("agree").hidden = !keeping.enabled || keeping.images !== "consent" || keeping.review;
  const days = keeping.retention_days === null ? "" : ` for ${keeping.retention_days} days`;
  const images = {always: "with the image", never: "without the image", consent: "and the image where you agree"};
  byId("rules").textContent = !keeping.enabled || keeping.review ? ""
    : `What you correct or flag is kept${days}, ${images[keeping.images]}.`;
}

function wireOpening() {
  for (const id of ["file", "photo"]) {
    byId(id).addEventListener("change", (event) => {
      if (event.target.files[0]) open(event.target.files[0]);
      event.target.value = "";
    });
  }
  addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (!file || review) return;
    event.preventDefault();
    open(file);
  });
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  addEventListener("dragleave", () => document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (event.dataTransfer.files[0] && !review) open(event.dataTransfer.files[0]);
  });
  byId("paste").hidden = !navigator.clipboard?.read;
  byId("paste").addEventListener("click", () => attempt(async () => {
    const found = await navigator.clipboard.read().catch(() => []);
    for (const entry of found) {
      const type = entry.types.find((one) => one.startsWith("image/"));
      if (type) return open(new File([await entry.getType(type)], "clipboard.png", {type}));
    }
    throw new api.Refused("There is no image in the clipboard, or the browser does not give it.");
  }));
  byId("mode").addEventListener("change", () => { if (image.file) open(image.file, Number(byId("page-number").value)); });
  byId("page-number").addEventListener("change", (event) => { if (image.file) open(image.file, Number(event.target.value)); });
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
  const box = ["x0", "y0", "x1", "y1"].map((name) => Number(byId("region").elements[name].value));
  drawn(box);
});
byId("checked").addEventListener("click", pageChecked);
document.querySelectorAll(".copy-all").forEach((one) => one.addEventListener("click", () => copyAll(one.dataset.form)));
wireTheme();
wireOpening();
attempt(async () => {
  keeping = await api.rules();
  listRules();
  items.forEach(refresh);
  if (keeping.review) await startReview();
});
