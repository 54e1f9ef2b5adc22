// Reviews a folder: a queue of pages, least confident first, each marked once it is checked.
import * as api from "./api.js";
import {attempt, byId, tell} from "./messages.js";
import {begin, now, show} from "./shown.js";

let queue = []; // {id, name, confidence, done}

function list() {
  byId("queue").replaceChildren(...queue.map((one, n) => {
    const sure = one.confidence === null ? "no formula" : `${Math.round(one.confidence * 100)} %`;
    return new Option(`${one.done ? "✓ " : ""}${one.name} (${sure})`, n, false, one === now.image?.queued);
  }));
  byId("progress").textContent = `${queue.filter((one) => one.done).length} of ${queue.length} checked`;
}

async function openQueued(at) {
  const isLast = begin();
  const queued = queue[at];
  const [{page, mathml}, blob] = await Promise.all([api.queued(queued.id), api.queuedImage(queued.id)]);
  if (!isLast()) return;
  await show({blob, name: queued.name, queued}, page, mathml, isLast);
  list();
}

const step = (by) => attempt(() => openQueued((queue.indexOf(now.image?.queued) + by + queue.length) % queue.length));

// The page of this image was saved; go on to the next, unless the user went elsewhere meanwhile.
export async function markChecked(image) {
  image.queued.done = true;
  list();
  if (image !== now.image) return;
  const left = queue.findIndex((one) => !one.done);
  if (left >= 0) await attempt(() => openQueued(left));
  else tell("All pages are checked.");
}

export async function startReview() {
  queue = await api.queue();
  byId("review").hidden = false;
  byId("open").hidden = true;
  byId("consent").checked = true;
  byId("queue").addEventListener("change", () => attempt(() => openQueued(Number(byId("queue").value))));
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  await openQueued(Math.max(0, queue.findIndex((one) => !one.done)));
}
