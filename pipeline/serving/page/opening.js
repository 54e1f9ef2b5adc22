// Opens images: chosen, photographed, pasted, dropped; has each read and shown.
import * as api from "./api.js";
import {attempt, byId, tell} from "./messages.js";
import {begin, keeping, now, show} from "./shown.js";

export async function open(file, page = 1) {
  const isLast = begin();
  await attempt(async () => {
    tell(`Reading ${file.name || "the image"} ...`);
    const {blob, count} = await viewable(file, page);
    const name = file.name || "image.png";
    const {page: result, mathml} = await api.predict(blob, name, {mode: byId("mode").value});
    if (!isLast()) return;
    byId("pages").hidden = count < 2;
    byId("page-number").value = page;
    byId("page-number").max = count;
    byId("pages").querySelector("span").textContent = `of ${count}`;
    await show({blob, name, file}, result, mathml, isLast);
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

async function pasted() {
  const found = await navigator.clipboard.read().catch(() => []);
  for (const entry of found) {
    const type = entry.types.find((one) => one.startsWith("image/"));
    if (type) return open(new File([await entry.getType(type)], "clipboard.png", {type}));
  }
  throw new api.Refused("There is no image in the clipboard, or the browser does not give it.");
}

export function wireOpening() {
  for (const id of ["file", "photo"]) {
    byId(id).addEventListener("change", (event) => {
      if (event.target.files[0]) open(event.target.files[0]);
      event.target.value = "";
    });
  }
  addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (!file || keeping.review) return;
    event.preventDefault();
    open(file);
  });
  addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  addEventListener("dragleave", () => document.body.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (event.dataTransfer.files[0] && !keeping.review) open(event.dataTransfer.files[0]);
  });
  byId("paste").hidden = !navigator.clipboard?.read;
  byId("paste").addEventListener("click", () => attempt(pasted));
  const again = () => { if (now.image?.file) open(now.image.file, Number(byId("page-number").value)); };
  byId("mode").addEventListener("change", again);
  byId("page-number").addEventListener("change", again);
}
