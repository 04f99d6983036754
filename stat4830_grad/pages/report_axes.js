// Axes: from values to pixels and back, linear or logarithmic, and where their ticks are.

class Axis {
  constructor(low, high, log) {
    this.log = log;
    this.low = log ? Math.log10(low) : low;
    this.high = log ? Math.log10(high) : high;
    if (!(this.high > this.low)) {
      const half = Math.abs(this.low) * 0.05 || 0.5;
      this.low -= half;
      this.high += half;
    }
  }

  share(value) { // 0 at the low end, 1 at the high one; NaN where there is no place
    const at = this.log ? Math.log10(value) : value;
    return (at - this.low) / (this.high - this.low);
  }

  value(share) {
    const at = this.low + share * (this.high - this.low);
    return this.log ? 10 ** at : at;
  }

  ticks(count) {
    return this.log && this.high - this.low > 1.2 ? this.powers(count) : this.round(count);
  }

  powers(count) {
    const by = Math.max(1, Math.ceil((this.high - this.low) / count));
    const found = [];
    for (let e = Math.ceil(this.low / by) * by; e <= this.high + 1e-9; e += by) {
      found.push({ value: 10 ** e, text: `10${superscript(e)}` });
    }
    return found.length > 2 ? found : this.between();
  }

  between() { // 1, 2 and 5 times each power of ten
    const found = [];
    for (let e = Math.floor(this.low); e <= this.high; e += 1) {
      for (const m of [1, 2, 5]) {
        const value = Number((m * 10 ** e).toPrecision(3));
        if (this.share(value) >= 0 && this.share(value) <= 1) found.push({ value, text: numberText(value) });
      }
    }
    return found;
  }

  round(count) {
    const [low, high] = [this.value(0), this.value(1)];
    const rough = (high - low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(rough));
    const by = [1, 2, 5, 10].map((m) => m * power).find((size) => size >= rough);
    const found = [];
    for (let k = Math.ceil(low / by - 1e-9); k * by <= high + by * 1e-9; k += 1) {
      const value = Number((k * by).toPrecision(12));
      found.push({ value, text: numberText(value) });
    }
    return found;
  }
}

function range(values, positive, keep = () => true) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (Math.abs(value) < 3e38 && (!positive || value > 0) && keep(i)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? [low, high] : [positive ? 1 : 0, positive ? 10 : 1];
}

function padded([low, high], log, share = 0.04) {
  if (log) {
    const more = (high / low) ** share || 1.1;
    return [low / Math.max(more, 1.02), high * Math.max(more, 1.02)];
  }
  const more = share * (high - low) || 0.05 * Math.abs(low) || 0.5;
  return [low - more, high + more];
}

// A canvas that is as sharp as the screen, with another above it for what moves.

class Sheet {
  constructor(host, label, height) {
    this.canvas = element("canvas", { class: "sheet", tabindex: "0", role: "img", "aria-label": label });
    this.over = element("canvas", { class: "over", "aria-hidden": "true" });
    this.box = element("div", { class: "sheets", style: `height:${height}` }, this.canvas, this.over);
    host.append(this.box);
    new ResizeObserver(changed).observe(this.box);
  }

  begin(canvas) {
    const scale = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.box;
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    this.em = parseFloat(getComputedStyle(document.documentElement).fontSize);
    pen.font = `${0.75 * this.em}px ${colour("sans")}`;
    [this.width, this.height] = [width, height];
    return pen;
  }

  frame(pen, x, y, xLabel, yLabel, percent = false) {
    // Axes with their ticks; leaves this.inner = [left, top, right, bottom].
    const em = this.em;
    const yTicks = y.ticks(Math.max(2, Math.floor(this.height / (3 * em))));
    const texts = yTicks.map((tick) => (percent ? `${numberText(100 * tick.value)} %` : tick.text));
    const wide = Math.max(0, ...texts.map((text) => pen.measureText(text).width));
    const inner = [wide + 0.7 * em, 1.7 * em, this.width - 0.8 * em, this.height - 2.5 * em];
    this.inner = inner;
    pen.lineWidth = 1;
    pen.strokeStyle = colour("line");
    pen.fillStyle = colour("soft");
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    yTicks.forEach((tick, i) => {
      const at = this.toY(y, tick.value);
      pen.beginPath();
      pen.moveTo(inner[0], at);
      pen.lineTo(inner[2], at);
      pen.stroke();
      pen.fillText(texts[i], inner[0] - 0.35 * em, at);
    });
    pen.textBaseline = "top";
    pen.textAlign = "center";
    for (const tick of x.ticks(Math.max(2, Math.floor(this.width / (6 * em))))) {
      const at = Math.min(this.toX(x, tick.value), this.width - pen.measureText(tick.text).width / 2);
      pen.fillText(tick.text, at, inner[3] + 0.35 * em);
    }
    pen.fillText(xLabel, (inner[0] + inner[2]) / 2, inner[3] + 1.4 * em);
    pen.textAlign = "left";
    pen.fillStyle = colour("ink");
    pen.fillText(yLabel, 2, 0.2 * em);
    pen.strokeStyle = colour("soft");
    pen.beginPath();
    pen.moveTo(inner[0], inner[3]);
    pen.lineTo(inner[2], inner[3]);
    pen.stroke();
  }

  toX(axis, value) {
    return this.inner[0] + axis.share(value) * (this.inner[2] - this.inner[0]);
  }

  toY(axis, value) {
    return this.inner[3] - axis.share(value) * (this.inner[3] - this.inner[1]);
  }

  clip(pen) {
    const [left, top, right, bottom] = this.inner;
    pen.beginPath();
    pen.rect(left, top - 4, right - left + 4, bottom - top + 8);
    pen.clip();
  }

  pixels(axis, from, to) { // toX or toY as a function of its own, for very many values
    const by = (to - from) / (axis.high - axis.low);
    const start = from - axis.low * by;
    return axis.log ? (value) => start + Math.log10(value) * by : (value) => start + value * by;
  }
}
