// What the pointer and the keyboard do on the curves: hover, zoom, choose, move the step.

class Panel extends Curves {
  constructor(host, lines) {
    super(host, lines);
    this.listen();
  }

  nearest(event) { // {run, line, row} under the pointer
    const { left, top } = this.sheet.box.getBoundingClientRect();
    const [px, py] = [event.clientX - left, event.clientY - top];
    const { starts, steps, runs } = packedCurves;
    let best = null;
    let least = 40 ** 2;
    this.lines.forEach((line, i) => {
      for (let run = 0; run < runs; run += 1) {
        if (!isShown(run)) continue;
        for (let k = starts[run]; k < starts[run + 1]; k += 1) {
          const dx = this.sheet.toX(this.x, steps[k]) - px;
          if (dx > 40 || dx < -40) continue;
          const dy = this.sheet.toY(this.y, line.metric.values[k]) - py;
          const far = dx * dx + dy * dy;
          if (far < least) { least = far; best = { run, line: i, row: k }; }
        }
      }
    });
    return best;
  }

  hover(event) {
    const found = this.nearest(event);
    if (!found) {
      tip("");
      if (state.hovered !== null) setState({ hovered: null });
      return;
    }
    const { metric, title } = this.lines[found.line];
    const name = packedCurves.runs > 1 ? `${data.labels[found.run]}\n` : "";
    const value = numberText(metric.values[found.row], metric.percent);
    tip(`${name}step ${numberText(packedCurves.steps[found.row])}: ${title} ${value}`,
      event.clientX, event.clientY);
    const step = packedCurves.runs > 1 ? state.step : packedCurves.steps[found.row];
    if (state.hovered !== found.run || state.step !== step) setState({ hovered: found.run, step });
  }

  listen() {
    const { canvas } = this.sheet;
    canvas.addEventListener("pointerdown", (event) => {
      const { left, top } = this.sheet.box.getBoundingClientRect();
      const at = [event.clientX - left, event.clientY - top];
      this.drag = [at, at];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.drag) { this.hover(event); return; }
      const { left, top } = this.sheet.box.getBoundingClientRect();
      this.drag[1] = [event.clientX - left, event.clientY - top];
      this.drawOver();
    });
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointerleave", () => { tip(""); setState({ hovered: null }); });
    canvas.addEventListener("dblclick", () => this.zoomTo(null));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  release(event) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    const [[x0, y0], [x1, y1]] = drag;
    if (Math.abs(x1 - x0) < 6 || Math.abs(y1 - y0) < 6) {
      const found = this.nearest(event);
      if (found && packedCurves.runs > 1) choose(found.run);
      this.drawOver();
      return;
    }
    const inner = this.sheet.inner;
    const xs = [x0, x1].map((v) => (v - inner[0]) / (inner[2] - inner[0])).sort((a, b) => a - b);
    const ys = [y0, y1].map((v) => (inner[3] - v) / (inner[3] - inner[1])).sort((a, b) => a - b);
    this.zoomTo([xs.map((s) => this.x.value(s)), ys.map((s) => this.y.value(s))]);
  }

  key(event) {
    const zooms = { "+": [0.2, 0.8], "=": [0.2, 0.8], "-": [-0.3, 1.3] };
    if (event.key === "0" || event.key === "Escape") this.zoomTo(null);
    else if (event.key in zooms) {
      const [low, high] = zooms[event.key];
      const x = [low, high].map((s) => this.x.value(s));
      this.zoomTo([x, [this.y.value(0), this.y.value(1)]]);
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      moveStep(event.key === "ArrowRight" ? 1 : -1);
      event.preventDefault();
    }
  }
}
