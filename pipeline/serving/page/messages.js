// What the page tells its user: the status line, errors, and attempts that end in one of them.
import {Refused} from "./api.js";

export const byId = (id) => document.getElementById(id);

export function tell(text) { byId("status").textContent = text; }

export function fail(error) {
  byId("error").textContent = error.message;
  byId("error").hidden = false;
  tell("");
  if (!(error instanceof Refused)) console.error(error);
}

export async function attempt(doing) {
  byId("error").hidden = true;
  try {
    return await doing();
  } catch (error) {
    fail(error);
    return undefined;
  }
}
