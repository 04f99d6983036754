// A point for each run: any two columns against each other, step sizes with what theory says.

class Points {
  constructor(host) {
    this.numeric = data.table.filter((c) => c.values.some((v) => typeof v === "number"));
    const swept = this.numeric.filter((c) => c.swept);
    const pick = (name) => this.numeric.find((c) => c.name === name);
    const minimiser = pick("converged_to");
    this.x = pick("optimizer.lr") && swept.includes(pick("optimizer.lr")) ? pick("optimizer.lr") : swept[0];
    const otherSwept = swept.find((c) => c !== this.x);
    this.y = minimiser && otherSwept ? otherSwept : pick(data.deciding) ?? this.numeric.find((c) => !c.swept);
    this.by = minimiser ?? (otherSwept && otherSwept !== this.y ? otherSwept : null);
    host.append(this.choices());
    this.sheet = new Sheet(host, "A point for each run", "22rem");
    this.sheet.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.sheet.canvas.addEventListener("pointerleave", () => { tip(""); setState({ hovered: null }); });
    this.sheet.canvas.addEventListener("click", (event) => {
      const run = this.nearest(event);
      if (run !== null) choose(run);
    });
  }

  choices() {
    const select = (key, label, none) => {
      const made = element("select", { onchange: () => {
        this[key] = this.numeric[made.value] ?? null;
        changed();
      } }, ...(none ? [element("option", { value: "" }, "status")] : []),
      ...this.numeric.map((c, i) => element("option", { value: i }, c.title)));
      made.value = this[key] ? this.numeric.indexOf(this[key]) : "";
      return element("label", {}, `${label} `, made);
    };
    return element("p", { class: "choices" }, select("x", "across"), " ", select("y", "up"), " ", select("by", "colour", true));
  }

  axis(column) {
    const log = !column.percent && column.values.every((v) => typeof v !== "number" || v > 0)
      && (() => { const [low, high] = range(column.values.map(asNumber), true); return high > 20 * low; })();
    const good = (i) => data.statuses[i] === "completed" || column.swept;
    const keep = (i) => isShown(i) && good(i);
    return new Axis(...padded(range(column.values.map(asNumber), log, keep), log), log);
  }

  draw() {
    const pen = this.sheet.begin(this.sheet.canvas);
    [this.ax, this.ay] = [this.axis(this.x), this.axis(this.y)];
    this.sheet.frame(pen, this.ax, this.ay, this.x.title, this.y.title, this.y.percent);
    pen.save();
    this.sheet.clip(pen);
    this.theory(pen);
    const [low, high] = this.by ? range(this.by.values.map(asNumber), false) : [0, 1];
    const size = data.labels.length > 2000 ? 2 : 4.5;
    for (let run = 0; run < data.labels.length; run += 1) {
      if (!isShown(run)) continue;
      pen.fillStyle = this.colourOf(run, low, high);
      this.dot(pen, run, size);
    }
    pen.restore();
    this.drawOver();
  }

  colourOf(run, low, high) {
    if (!this.by) return data.statuses[run] === "completed" ? category(0) : colour("backward");
    const value = asNumber(this.by.values[run]);
    return Number.isFinite(value) ? onRamp((value - low) / (high - low || 1)) : colour("soft");
  }

  place(run) { // a run that failed is at an end where it has no place, one without a number nowhere
    const [x, y] = [asNumber(this.x.values[run]), asNumber(this.y.values[run])];
    const up = this.sheet.toY(this.ay, y);
    const [top, bottom] = [this.sheet.inner[1], this.sheet.inner[3]];
    const failed = data.statuses[run] !== "completed";
    const held = failed && y !== null && Number.isNaN(up) ? top : Math.max(top, Math.min(bottom, up));
    return [this.sheet.toX(this.ax, x), failed ? held : up];
  }

  dot(pen, run, size) {
    const [x, y] = this.place(run);
    if (!Number.isFinite(x + y)) return;
    pen.beginPath();
    if (data.statuses[run] === "completed") {
      pen.arc(x, y, size, 0, 7);
      pen.fill();
    } else {
      pen.strokeStyle = pen.fillStyle;
      pen.lineWidth = 1.6;
      pen.moveTo(x - size, y - size);
      pen.lineTo(x + size, y + size);
      pen.moveTo(x - size, y + size);
      pen.lineTo(x + size, y - size);
      pen.stroke();
    }
  }

  theory(pen) {
    const [left, top, right, bottom] = this.sheet.inner;
    const texts = []; // written last, so that no line crosses them
    const on = (axis, at, vertical, text) => {
      const share = axis.share(at);
      if (!(share >= 0 && share <= 1)) return;
      pen.strokeStyle = pen.fillStyle = colour("soft");
      pen.setLineDash([5, 4]);
      pen.beginPath();
      const p = vertical ? left + share * (right - left) : bottom - share * (bottom - top);
      if (vertical) { pen.moveTo(p, top); pen.lineTo(p, bottom); } else { pen.moveTo(left, p); pen.lineTo(right, p); }
      pen.stroke();
      pen.setLineDash([]);
      const late = vertical && share > 0.8;
      const down = vertical ? top + 1.2 * this.sheet.em * texts.length : p + 3;
      texts.push({ text, align: late ? "right" : "left", x: vertical ? p + (late ? -4 : 4) : left + 6, y: down });
    };
    for (const line of data.lines ?? []) {
      if (line.key === this.x.name) on(this.ax, line.at, true, line.text);
      if (line.key === this.y.name) on(this.ay, line.at, false, line.text);
    }
    pen.textBaseline = "top";
    for (const { text, align, x, y } of texts) {
      pen.textAlign = align;
      pen.strokeStyle = colour("ground"); // a ground for the words, where lines cross them
      pen.lineWidth = 4;
      pen.strokeText(text, x, y);
      pen.fillText(text, x, y);
    }
  }

  drawOver() {
    const pen = this.sheet.begin(this.sheet.over);
    pen.fillStyle = colour("ink");
    for (let run = 0; run < data.labels.length; run += 1) if (isLit(run)) this.dot(pen, run, 7);
  }

  nearest(event) {
    const { left, top } = this.sheet.box.getBoundingClientRect();
    let [best, least] = [null, 18 ** 2];
    for (let run = 0; run < data.labels.length; run += 1) {
      if (!isShown(run)) continue;
      const [x, y] = this.place(run);
      const far = (x - event.clientX + left) ** 2 + (y - event.clientY + top) ** 2;
      if (far < least) [best, least] = [run, far];
    }
    return best;
  }

  hover(event) {
    const run = this.nearest(event);
    const said = (c) => `${c.title} ${numberText(c.values[run], c.percent)}`;
    const third = this.by && this.by !== this.x && this.by !== this.y ? `\n${said(this.by)}` : "";
    tip(run === null ? "" : `${data.labels[run]}\n${said(this.x)}\n${said(this.y)}${third}`, event.clientX, event.clientY);
    if (state.hovered !== run) setState({ hovered: run });
  }
}
