// Copies a formula, or all of them, to the clipboard.
import {Refused} from "./api.js";
import {written} from "./card.js";
import {fail, tell} from "./messages.js";
import {now} from "./shown.js";

const NAMES = {latex: "LaTeX", markdown: "Markdown", mathml: "MathML"};

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
    if (!done) return fail(new Refused("The browser does not let this page copy; select the LaTeX and copy it."));
  }
  tell(`Copied ${what}.`);
}

export function copy(item, form) {
  const text = written[form](item);
  if (!text) return fail(new Refused(`Formula ${item.number} cannot be written as ${NAMES[form]}.`));
  return toClipboard(text, `formula ${item.number} as ${NAMES[form]}`);
}

export function copyAll(form) {
  const whole = (item) => (item.kind === "inline" ? `\\(${item.latex}\\)` : `\\[${item.latex}\\]`);
  // Of a formula broken over two lines the first part has the whole LaTeX.
  const kept = now.items.filter((item) => !item.dropped && item.latex && (item.read.continues ?? null) === null);
  return toClipboard(kept.map(form === "latex" ? whole : written[form]).join("\n\n") + "\n", `all as ${NAMES[form]}`);
}
