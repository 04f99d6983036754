// Weights of pixels as images: red where they are positive, blue where negative.

const SIDE = 28;

class Weights {
  constructor(host) {
    this.layers = data.weights.map((layer) => ({ ...layer, frames: layer.frames.map(signed) }));
    this.said = element("p", { class: "hint", role: "status" });
    host.append(this.said);
    this.images = [];
    for (const layer of this.layers) {
      const row = element("div", { class: "weights" });
      for (let unit = 0; unit < layer.units; unit += 1) {
        this.images.push(weightImage(layer, unit));
        row.append(this.images.at(-1));
      }
      const kind = layer.units > 1 ? `${layer.units} units` : "one unit";
      host.append(element("h3", {}, `${layer.name}: ${kind}`), row);
    }
  }

  draw() { // the weights at the step that the slider shows, or at the last one before it
    const { steps } = this.layers[0];
    const step = state.step ?? steps.at(-1);
    const frame = steps.findLastIndex((at) => at <= step);
    if (frame === this.frame && this.dark === dark.matches) return;
    [this.frame, this.dark] = [frame, dark.matches];
    this.said.textContent = `After ${numberText(steps[frame])} updates; `
      + `they were kept at ${steps.length} steps, which the slider goes through.`;
    for (const image of this.images) image.paint(frame);
  }
}

function signed(text) { // base64 of int8
  const raw = atob(text);
  return Int8Array.from({ length: raw.length }, (_, i) => raw.charCodeAt(i));
}

function weightImage(layer, unit) {
  const canvas = element("canvas", { class: "weight heat", width: SIDE, height: SIDE, role: "img" });
  canvas.setAttribute("aria-label", `${layer.name}, unit ${unit + 1}, as an image of 28 by 28`);
  let shown = layer.frames.at(-1);
  canvas.paint = (frame) => {
    shown = layer.frames[frame];
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(SIDE, SIDE);
    const ends = ["heat-zero", "heat-plus", "heat-minus"].map((name) => channels(colour(name)));
    for (let i = 0; i < SIDE * SIDE; i += 1) {
      const value = shown[unit * SIDE * SIDE + i] / 127;
      const share = Math.sqrt(Math.min(1, Math.abs(value)));
      const end_ = ends[value < 0 ? 2 : 1];
      for (let k = 0; k < 3; k += 1) image.data[4 * i + k] = ends[0][k] + share * (end_[k] - ends[0][k]);
      image.data[4 * i + 3] = 255;
    }
    pen.putImageData(image, 0, 0);
  };
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const at = (offset, size) => Math.min(SIDE - 1, Math.max(0, Math.floor((offset / size) * SIDE)));
    const [row, column] = [at(event.clientY - box.top, box.height), at(event.clientX - box.left, box.width)];
    const value = (shown[unit * SIDE * SIDE + row * SIDE + column] / 127) * layer.top;
    tip(`unit ${unit + 1}, row ${row}, column ${column}: about ${numberText(Number(value.toPrecision(2)))}`, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", () => tip(""));
  return canvas;
}

function channels(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}
