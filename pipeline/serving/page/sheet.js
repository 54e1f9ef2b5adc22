// The page with a box for each formula; a drag over it draws a new one. Boxes are [x0, y0, x1, y1] in page pixels.
const SVG = "http://www.w3.org/2000/svg";
const LEAST = 3; // page pixels: a smaller drag is a click that trembled

export class Sheet {
  constructor(svg, {onSelect, onDraw}) {
    this.svg = svg;
    this.onSelect = onSelect;
    this.onDraw = onDraw;
    this.start = this.band = null;
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    svg.addEventListener("pointerup", () => this.up());
    svg.addEventListener("pointercancel", () => this.drop());
    addEventListener("keydown", (event) => { if (event.key === "Escape") this.drop(); });
  }

  size(width, height) {
    this.width = width;
    this.height = height;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren();
  }

  mark(item, label) {
    if (!item.rect) {
      item.rect = document.createElementNS(SVG, "rect");
      item.rect.setAttribute("tabindex", "0");
      item.rect.setAttribute("role", "button");
      item.rect.addEventListener("click", () => this.onSelect(item));
      item.rect.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          this.onSelect(item);
        }
      });
      this.svg.append(item.rect);
    }
    place(item.rect, item.box);
    item.rect.setAttribute("class", `${item.kind}${item.dropped ? " dropped" : ""}`);
    item.rect.setAttribute("aria-label", label);
  }

  point(event) {
    const frame = this.svg.getBoundingClientRect();
    const share = (value, from, length) => Math.min(1, Math.max(0, (value - from) / length));
    return [share(event.clientX, frame.left, frame.width) * this.width, share(event.clientY, frame.top, frame.height) * this.height];
  }

  down(event) {
    if (event.button === 0) this.start = this.point(event);
  }

  move(event) {
    if (!this.start) return;
    const [x, y] = this.point(event);
    const box = [Math.min(x, this.start[0]), Math.min(y, this.start[1]), Math.max(x, this.start[0]), Math.max(y, this.start[1])];
    if (!this.band) {
      if (box[2] - box[0] < LEAST || box[3] - box[1] < LEAST) return;
      this.svg.setPointerCapture(event.pointerId); // from here on it is no click
      this.band = document.createElementNS(SVG, "rect");
      this.band.setAttribute("class", "band");
      this.svg.append(this.band);
    }
    this.box = box;
    place(this.band, box);
  }

  up() {
    const box = this.band ? this.box.map((edge) => Math.round(edge * 10) / 10) : null;
    this.drop();
    if (box && box[2] - box[0] >= LEAST && box[3] - box[1] >= LEAST) this.onDraw(box);
  }

  drop() {
    this.band?.remove();
    this.start = this.band = null;
  }
}

function place(rect, [x0, y0, x1, y1]) {
  rect.setAttribute("x", x0);
  rect.setAttribute("y", y0);
  rect.setAttribute("width", x1 - x0);
  rect.setAttribute("height", y1 - y0);
}
