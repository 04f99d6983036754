// The curves: a panel for each metric (of one run, for those that share one), with hover, zoom,
// logarithmic axes and the step.

const packedCurves = (() => {
  if (!data.curves) return null;
  const { counts } = data.curves;
  const starts = new Uint32Array(counts.length + 1);
  counts.forEach((count, i) => { starts[i + 1] = starts[i] + count; });
  const metrics = data.curves.metrics.map((m) => ({ ...m, values: unpack(m.values) }));
  return { starts, steps: unpack(data.curves.steps), metrics, runs: counts.length };
})();

const lastStep = packedCurves ? range(packedCurves.steps, false)[1] : 0;

function rowAt(run, step) { // the last row of a run that is not after a step
  const { starts, steps } = packedCurves;
  let [low, high] = [starts[run], starts[run + 1] - 1];
  if (low > high) return null; // it logged nothing
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (steps[middle] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}

function runColour(run) {
  if (data.shades) return onRamp(data.shades[run]);
  return category(run);
}

class Curves {
  constructor(host, lines) {
    this.lines = lines; // [{metric, title}]
    const [first] = lines.map((line) => line.metric);
    this.percent = first.percent;
    this.label = lines.length > 1 ? first.panel : first.label;
    this.logX = false;
    this.logY = this.spans();
    this.zoom = null;
    const box = element("figure", { class: "panel" });
    this.sheet = new Sheet(box, `${this.label} against the number of updates`, "17rem");
    box.append(this.controls());
    host.append(box);
  }

  spans() { // whether a logarithmic axis shows more
    if (this.percent) return false;
    let positive = true;
    const ends = this.lines.map(({ metric }) => {
      positive = positive && metric.values.every((value) => !(value <= 0));
      return range(metric.values, true);
    });
    return positive && Math.max(...ends.map((e) => e[1])) > 50 * Math.min(...ends.map((e) => e[0]));
  }

  controls() {
    const box = (text, key) => {
      const input = element("input", { type: "checkbox", onchange: () => {
        this[key] = input.checked;
        this.zoom = null;
        changed();
      } });
      input.checked = this[key];
      return element("label", {}, input, ` ${text}`);
    };
    this.reset = element("button", { type: "button", onclick: () => this.zoomTo(null) }, "Whole");
    this.reset.title = "Show the whole curve again (0)";
    const legend = this.lines.length > 1
      ? this.lines.map((line, i) => element("span", { class: "key" },
        element("i", { style: `background:var(--category-${i % onLight.length})` }), line.title))
      : [];
    return element("figcaption", {}, ...legend, box("log y", "logY"), box("log x", "logX"), this.reset);
  }

  zoomTo(window) {
    this.zoom = window;
    changed();
  }

  draw() {
    const { steps } = packedCurves;
    const pen = this.sheet.begin(this.sheet.canvas);
    const keep = packedCurves.runs > 1 ? this.rowsThatCount() : undefined;
    const ys = this.lines.map(({ metric }) => range(metric.values, this.logY, keep));
    let y = padded([Math.min(...ys.map((e) => e[0])), Math.max(...ys.map((e) => e[1]))], this.logY);
    let x = this.logX ? [Math.max(1, range(steps, true)[0]), Math.max(2, lastStep)] : [0, lastStep];
    if (this.zoom) [x, y] = this.zoom;
    this.x = new Axis(...x, this.logX);
    this.y = new Axis(...y, this.logY);
    this.sheet.frame(pen, this.x, this.y, "updates", this.label, this.percent);
    pen.save();
    this.sheet.clip(pen);
    pen.lineJoin = "round";
    this.lines.forEach((line, i) => this.drawLine(pen, line, i));
    pen.restore();
    this.reset.disabled = !this.zoom;
    this.drawOver();
  }

  rowsThatCount() { // rows that the axis must show: of a run that failed, only the first
    const { starts, steps, runs } = packedCurves;
    const counts = new Uint8Array(steps.length);
    for (let run = 0; run < runs; run += 1) {
      if (!isShown(run)) continue;
      const whole = data.statuses[run] === "completed";
      counts.fill(1, starts[run], whole ? starts[run + 1] : Math.min(starts[run] + 1, starts[run + 1]));
    }
    return (i) => counts[i] === 1;
  }

  drawLine(pen, { metric }, i) {
    const { runs } = packedCurves;
    const many = runs > 40;
    pen.lineWidth = many ? 1 : 1.8;
    pen.globalAlpha = many ? Math.max(0.08, Math.min(0.7, 60 / runs)) : 0.95;
    for (let run = 0; run < runs; run += 1) {
      if (!isShown(run)) continue;
      pen.strokeStyle = runs > 1 ? runColour(run) : category(i);
      this.trace(pen, metric, run);
    }
    pen.globalAlpha = 1;
  }

  trace(pen, metric, run) {
    const { starts, steps } = packedCurves;
    const [left, top, right, bottom] = this.sheet.inner;
    const toX = this.sheet.pixels(this.x, left, right);
    const toY = this.sheet.pixels(this.y, bottom, top);
    pen.beginPath();
    let down = false;
    for (let k = starts[run]; k < starts[run + 1]; k += 1) {
      const at = toX(steps[k]);
      const up = Math.max(-1e5, Math.min(1e5, toY(metric.values[k])));
      if (Number.isNaN(up) || !Number.isFinite(at)) down = false;
      else if (down) pen.lineTo(at, up);
      else { pen.moveTo(at, up); down = true; }
    }
    pen.stroke();
  }

  drawOver() { // what moves: the step, and the runs that are hovered or chosen
    const pen = this.sheet.begin(this.sheet.over);
    const inner = this.sheet.inner;
    const { runs, steps } = packedCurves;
    if (state.step !== null) {
      const at = this.sheet.toX(this.x, state.step);
      if (at >= inner[0] && at <= inner[2]) {
        pen.strokeStyle = colour("soft");
        pen.setLineDash([4, 3]);
        pen.beginPath();
        pen.moveTo(at, inner[1]);
        pen.lineTo(at, inner[3]);
        pen.stroke();
        pen.setLineDash([]);
      }
    }
    this.sheet.clip(pen);
    for (let run = 0; run < runs; run += 1) {
      if (runs > 1 && !isLit(run)) continue;
      this.lines.forEach(({ metric }, i) => {
        pen.strokeStyle = runs > 1 ? colour("ink") : category(i);
        pen.lineWidth = 2.6;
        if (runs > 1) this.trace(pen, metric, run);
        if (state.step === null) return;
        const row = rowAt(run, state.step);
        if (row === null) return;
        pen.fillStyle = pen.strokeStyle;
        pen.beginPath();
        pen.arc(this.sheet.toX(this.x, steps[row]), this.sheet.toY(this.y, metric.values[row]), 4, 0, 7);
        pen.fill();
      });
    }
    if (this.drag) {
      const [from, to] = this.drag;
      pen.fillStyle = colour("focus");
      pen.globalAlpha = 0.15;
      pen.fillRect(...from, to[0] - from[0], to[1] - from[1]);
    }
  }
}

function choose(run) {
  const chosen = new Set(state.chosen);
  if (!chosen.delete(run)) chosen.add(run);
  setState({ chosen });
}
