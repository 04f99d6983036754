// f with the iterates on it: its graph over one parameter, or its contours over two.

class Landscape {
  constructor(host) {
    const { names, grid, values, heights, solution } = data.function;
    this.names = names;
    this.grid = grid.map(unpack);
    this.values = unpack(values);
    this.heights = heights;
    this.solution = solution;
    this.columns = names.map((name) => packedCurves.metrics.find((m) => m.name === name));
    this.loss = packedCurves.metrics[0];
    const what = names.length === 1 ? `The graph of f over ${names[0]}` : `The contours of f over ${names.join(" and ")}`;
    this.sheet = new Sheet(host, `${what}, with the iterates`, names.length === 1 ? "22rem" : "28rem");
    this.sheet.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.sheet.canvas.addEventListener("pointerleave", () => { tip(""); setState({ hovered: null }); });
    this.sheet.canvas.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      moveStep(event.key === "ArrowRight" ? 1 : -1);
      event.preventDefault();
    });
    if (names.length === 2) this.contours = contoursOf(this.values, this.grid);
  }

  axes() {
    const ends = (axis) => [axis[0], axis[axis.length - 1]];
    const y = this.names.length === 1 ? this.heights : ends(this.grid[1]);
    return [new Axis(...ends(this.grid[0]), false), new Axis(...y, false)];
  }

  point(run, row) { // where an iterate is on the axes
    const x = this.columns[0].values[row];
    return [x, this.names.length === 1 ? this.loss.values[row] : this.columns[1].values[row]];
  }

  draw() {
    const pen = this.sheet.begin(this.sheet.canvas);
    [this.x, this.y] = this.axes();
    const yName = this.names.length === 1 ? "f" : this.names[1];
    this.sheet.frame(pen, this.x, this.y, this.names[0], yName);
    pen.save();
    this.sheet.clip(pen);
    if (this.names.length === 1) this.drawGraph(pen);
    else this.drawContours(pen);
    pen.restore();
    this.drawOver();
  }

  drawGraph(pen) {
    pen.strokeStyle = colour("soft");
    pen.lineWidth = 2;
    pen.beginPath();
    this.grid[0].forEach((x, i) => {
      const at = Math.max(-1e5, Math.min(1e5, this.sheet.toY(this.y, this.values[i])));
      if (Number.isFinite(this.values[i])) pen.lineTo(this.sheet.toX(this.x, x), at);
    });
    pen.stroke();
  }

  drawContours(pen) {
    const { levels, lines } = this.contours;
    pen.lineWidth = 1.1;
    lines.forEach((segments, k) => {
      pen.strokeStyle = onRamp(k / Math.max(1, levels.length - 1));
      pen.globalAlpha = 0.75;
      pen.beginPath();
      for (let i = 0; i < segments.length; i += 4) {
        pen.moveTo(this.sheet.toX(this.x, segments[i]), this.sheet.toY(this.y, segments[i + 1]));
        pen.lineTo(this.sheet.toX(this.x, segments[i + 2]), this.sheet.toY(this.y, segments[i + 3]));
      }
      pen.stroke();
    });
    pen.globalAlpha = 1;
  }

  drawOver() {
    const pen = this.sheet.begin(this.sheet.over);
    this.sheet.clip(pen);
    const { runs } = packedCurves;
    const lit = [...Array(runs).keys()].filter((run) => isShown(run));
    const few = lit.length > MOST_PATHS ? lit.filter(isLit) : lit;
    for (const run of few) this.path(pen, run);
    if (this.solution) this.star(pen);
  }

  path(pen, run) {
    const { starts, runs } = packedCurves;
    const end = state.step === null ? starts[run + 1] - 1 : rowAt(run, state.step);
    if (end === null || end < starts[run]) return;
    const at = (row) => {
      const [x, y] = this.point(run, row);
      return [this.sheet.toX(this.x, x), this.sheet.toY(this.y, y)]
        .map((v) => Math.max(-1e5, Math.min(1e5, v)));
    };
    pen.strokeStyle = pen.fillStyle = runs > 1 && !isLit(run) ? runColour(run) : colour("backward");
    pen.lineWidth = isLit(run) && runs > 1 ? 2.6 : 1.4;
    pen.beginPath();
    const fails = runs > 1 && data.statuses[run] !== "completed";
    for (let row = starts[run]; row <= end; row += 1) {
      pen.lineTo(...at(row));
      if (fails && this.isOutside(run, row)) break; // such a run comes back from far away
    }
    pen.stroke();
    if (runs === 1 && end - starts[run] < 400) {
      for (let row = starts[run]; row < end; row += 1) {
        pen.beginPath();
        pen.arc(...at(row), 2.2, 0, 7);
        pen.fill();
      }
    }
    pen.beginPath();
    pen.arc(...at(end), 5, 0, 7);
    pen.fill();
  }

  isOutside(run, row) {
    const [x, y] = this.point(run, row);
    const shares = [this.x.share(x), this.y.share(y)];
    return !shares.every((share) => share >= 0 && share <= 1);
  }

  star(pen) {
    if (this.names.length !== 2) return;
    const [x, y] = [this.sheet.toX(this.x, this.solution[0]), this.sheet.toY(this.y, this.solution[1])];
    pen.strokeStyle = colour("ink");
    pen.lineWidth = 2;
    for (const [dx, dy] of [[6, 6], [6, -6]]) {
      pen.beginPath();
      pen.moveTo(x - dx, y - dy);
      pen.lineTo(x + dx, y + dy);
      pen.stroke();
    }
  }

  hover(event) {
    const { left, top } = this.sheet.box.getBoundingClientRect();
    const { starts, runs, steps } = packedCurves;
    let [best, least] = [null, 20 ** 2];
    for (let run = 0; run < runs; run += 1) {
      if (!isShown(run) || (runs > MOST_PATHS && !isLit(run))) continue;
      for (let row = starts[run]; row < starts[run + 1]; row += 1) {
        const [x, y] = this.point(run, row);
        const far = (this.sheet.toX(this.x, x) - event.clientX + left) ** 2
          + (this.sheet.toY(this.y, y) - event.clientY + top) ** 2;
        if (far < least) [best, least] = [{ run, row }, far];
      }
    }
    if (!best) { tip(""); return; }
    const at = this.columns.map((m) => `${m.name} = ${numberText(m.values[best.row])}`).join(", ");
    const name = runs > 1 ? `${data.labels[best.run]}\n` : "";
    tip(`${name}step ${numberText(steps[best.row])}: ${at}, f = ${numberText(this.loss.values[best.row])}`,
      event.clientX, event.clientY);
    if (runs > 1 && state.hovered !== best.run) setState({ hovered: best.run });
  }
}

const MOST_PATHS = 200; // of more runs, only those are drawn that are hovered or chosen

function contoursOf(values, [xs, ys]) {
  // Marching squares. Levels are as far apart as f's ranks and their squares: close near the least.
  const sorted = Float32Array.from(values).filter((v) => Number.isFinite(v)).sort();
  const [low, high] = [sorted[0], sorted[Math.floor(0.97 * (sorted.length - 1))]];
  const count = 16;
  const levels = [...Array(count).keys()].map((k) => low + (high - low) * ((k + 0.5) / count) ** 2);
  const lines = levels.map((level) => {
    const found = [];
    for (let i = 0; i + 1 < xs.length; i += 1) {
      for (let j = 0; j + 1 < ys.length; j += 1) cell(i, j, level, found);
    }
    return found;
  });
  return { levels, lines };

  function cell(i, j, level, found) {
    const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
    const at = corners.map(([a, b]) => values[a * ys.length + b]);
    const cuts = [];
    for (let k = 0; k < 4; k += 1) {
      const [a, b] = [at[k], at[(k + 1) % 4]];
      if ((a < level) === (b < level) || !Number.isFinite(a + b)) continue;
      const share = (level - a) / (b - a);
      const [[i0, j0], [i1, j1]] = [corners[k], corners[(k + 1) % 4]];
      cuts.push(xs[i0] + share * (xs[i1] - xs[i0]), ys[j0] + share * (ys[j1] - ys[j0]));
    }
    if (cuts.length >= 4) found.push(...cuts.slice(0, 4));
    if (cuts.length === 8) found.push(...cuts.slice(4));
  }
}
