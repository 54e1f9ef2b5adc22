// Talks to the server, a function for each route; asks for a key where the server wants one.
let key = sessionStorage.getItem("key") ?? "";
let asking = null;

export class Refused extends Error {}

function askForKey() {
  asking ??= new Promise((resolve, reject) => {
    const dialog = document.getElementById("login");
    dialog.addEventListener("close", () => {
      asking = null;
      const given = document.getElementById("key").value.trim();
      if (!given || dialog.returnValue === "cancelled") return reject(new Refused("This server asks for a key."));
      key = given;
      sessionStorage.setItem("key", key);
      resolve();
    }, {once: true});
    dialog.addEventListener("cancel", () => { dialog.returnValue = "cancelled"; }, {once: true});
    dialog.returnValue = "";
    dialog.showModal();
  });
  return asking;
}

async function call(path, options = {}) {
  const headers = new Headers(options.headers);
  if (key) headers.set("X-API-Key", key);
  let answer;
  try {
    answer = await fetch(path, {...options, headers});
  } catch {
    throw new Refused("The server cannot be reached; nothing is lost here, try again.");
  }
  if (answer.status === 401) {
    await askForKey();
    return call(path, options);
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => null);
    throw new Refused(problem?.detail ?? `The server answered ${answer.status}.`);
  }
  return answer;
}

const post = (path, body) =>
  call(path, {method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)});

function form(blob, name, fields) {
  const data = new FormData();
  data.append("file", blob, name);
  for (const [field, value] of Object.entries(fields)) data.append(field, value);
  return {method: "POST", body: data};
}

export async function predict(blob, name, fields) {
  const answer = await (await call("v1/predict", form(blob, name, {formats: "mathml", ...fields}))).json();
  return {page: answer.pages[0], mathml: answer.outputs[0].mathml};
}

export async function pageImage(blob, name, number) {
  const answer = await call("v1/image", form(blob, name, {pages: String(number)}));
  return {blob: await answer.blob(), count: Number(answer.headers.get("X-Page-Count"))};
}

export const render = async (latex, kind) => (await post("v1/render", {latex, kind})).json();
export const rules = async () => (await call("v1/feedback")).json();
export const say = async (record) => (await post("v1/feedback", record)).json();
export const queue = async () => (await call("v1/review")).json();
export const queued = async (id) => (await call(`v1/review/${id}`)).json();
export const queuedImage = async (id) => (await call(`v1/review/${id}/image`)).blob();

export function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Refused("The image cannot be read any more; open it again."));
    reader.readAsDataURL(blob);
  });
}
