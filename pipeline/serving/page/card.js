// The card of one formula: crop beside rendered result, copying, correcting, flagging.
import {render} from "./api.js";

const TYPING_MS = 250; // of silence before a preview is asked for

export const written = {
  latex: (item) => item.latex,
  markdown: (item) => (item.kind === "inline" ? `$${item.latex}$` : `$$\n${item.latex}\n$$`),
  mathml: (item) => item.mathml ?? "",
};

export function draw(target, mathml, latex) {
  const root = mathml && new DOMParser().parseFromString(mathml, "application/xml").documentElement;
  if (root?.localName === "math") {
    target.replaceChildren(document.importNode(root, true));
  } else {
    const code = document.createElement("code");
    code.textContent = latex || "(nothing)";
    target.replaceChildren(code);
  }
}

export class Card {
  // hooks: select, copy, correct, confirm, flag, drawFor; each gets the item
  constructor(item, number, image, hooks) {
    this.item = item;
    this.number = number;
    this.image = image;
    this.hooks = hooks;
    this.element = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.form = this.find(".correct");
    this.flagForm = this.find(".flag");
    this.element.addEventListener("focusin", () => hooks.select(item, false));
    this.element.addEventListener("click", () => hooks.select(item, false));
    for (const button of this.all(".copy")) button.addEventListener("click", () => hooks.copy(item, button.dataset.form));
    this.find(".right").addEventListener("click", () => hooks.confirm(item));
    this.find(".edit").addEventListener("click", () => this.open(this.form.hidden ? "correct" : null));
    this.find(".report").addEventListener("click", () => this.open(this.flagForm.hidden ? "flag" : null));
    for (const button of this.all(".cancel")) button.addEventListener("click", () => this.close());
    this.find(".draw").addEventListener("click", () => hooks.drawFor(item));
    this.form.addEventListener("submit", (event) => { event.preventDefault(); hooks.correct(item, this.typed()); });
    this.flagForm.addEventListener("submit", (event) => {
      event.preventDefault();
      const {reason, comment} = this.flagForm.elements;
      hooks.flag(item, reason.value, comment.value.trim() || null);
    });
    this.form.elements.latex.addEventListener("input", () => this.later());
    this.form.elements.kind.addEventListener("change", () => this.preview());
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      if (event.key === "Enter" && event.ctrlKey && !this.form.hidden) this.form.requestSubmit();
    });
    this.show();
  }

  find(selector) { return this.element.querySelector(selector); }
  all(selector) { return this.element.querySelectorAll(selector); }

  show() {
    const {item} = this;
    const percent = item.read ? `${Math.round(item.read.confidence * 100)} %` : "";
    this.find(".title").textContent = `${this.number}. ${item.kind}${item.tag ? ` ${item.tag}` : ""}`;
    this.find(".state").textContent = item.state ?? "";
    this.find("meter").value = item.read?.confidence ?? 0;
    this.find("meter").textContent = this.find(".percent").textContent = percent;
    this.find(".latex").textContent = item.latex || "(nothing was read)";
    this.find(".latex").setAttribute("aria-label", `LaTeX of formula ${this.number}`);
    this.element.setAttribute("aria-label", `Formula ${this.number}`);
    draw(this.find(".drawn"), item.mathml, item.latex);
    this.crop();
  }

  crop() {
    const canvas = this.find("canvas");
    const scale = this.image.element.naturalWidth / this.image.width;
    const margin = 4;
    const [x0, y0, x1, y1] = this.item.box;
    const [left, top] = [Math.max(0, x0 - margin), Math.max(0, y0 - margin)];
    const [right, bottom] = [Math.min(this.image.width, x1 + margin), Math.min(this.image.height, y1 + margin)];
    canvas.width = Math.max(1, Math.round((right - left) * scale));
    canvas.height = Math.max(1, Math.round((bottom - top) * scale));
    canvas.setAttribute("aria-label", `Image of formula ${this.number}`);
    canvas.getContext("2d").drawImage(
      this.image.element, left * scale, top * scale, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height);
  }

  open(which) {
    this.form.hidden = which !== "correct";
    this.flagForm.hidden = which !== "flag";
    this.find(".edit").setAttribute("aria-expanded", String(which === "correct"));
    this.find(".report").setAttribute("aria-expanded", String(which === "flag"));
    if (which === "correct") {
      this.form.elements.latex.value = this.item.latex;
      this.form.elements.kind.value = this.item.kind;
      this.setBox(this.item.box);
      this.suggest(this.item.read?.alternatives ?? []);
      this.preview();
      this.form.elements.latex.focus();
    } else if (which === "flag") {
      this.flagForm.elements.reason.focus();
    }
  }

  close() {
    const opener = !this.form.hidden ? ".edit" : !this.flagForm.hidden ? ".report" : null;
    this.open(null);
    if (opener) this.find(opener).focus();
  }

  setBox(box) {
    ["x0", "y0", "x1", "y1"].forEach((name, n) => { this.form.elements[name].value = Math.round(box[n] * 10) / 10; });
  }

  suggest(texts) {
    this.find(".suggestions").replaceChildren(...texts.map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => { this.form.elements.latex.value = text; this.preview(); });
      return button;
    }));
  }

  typed() {
    const {latex, kind, x0, y0, x1, y1} = this.form.elements;
    return {latex: latex.value.trim(), kind: kind.value, box: [x0, y0, x1, y1].map((field) => Number(field.value))};
  }

  later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.preview(), TYPING_MS);
  }

  async preview() {
    clearTimeout(this.timer);
    const {latex, kind} = this.typed();
    const asked = this.asked = {};
    const target = this.find(".preview");
    const found = latex
      ? await render(latex, kind).catch((error) => ({mathml: null, problems: [error.message]}))
      : {mathml: null, problems: []};
    if (this.asked !== asked) return; // typed on meanwhile
    draw(target, found.mathml, latex);
    this.form.elements.latex.setAttribute("aria-invalid", String(found.problems.length > 0));
    for (const problem of found.problems) {
      const line = document.createElement("p");
      line.className = "problem";
      line.textContent = problem;
      target.append(line);
    }
  }
}
