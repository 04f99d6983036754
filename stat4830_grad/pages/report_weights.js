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

const signed = (text) => new Int8Array(bytesOf(text).buffer);

function weightImage(layer, unit) {
  const canvas = element("canvas", { class: "weight heat", role: "img" });
  canvas.setAttribute("aria-label", `${layer.name}, unit ${unit + 1}, as an image of 28 by 28`);
  let shown = layer.frames.at(-1);
  const share = (row, column) => shown[(unit * SIDE + row) * SIDE + column] / 127;
  canvas.paint = (frame) => {
    shown = layer.frames[frame];
    paintNumbers(canvas, SIDE, SIDE, share);
  };
  canvas.addEventListener("pointermove", (event) => {
    const [row, column] = pixelAt(event, canvas);
    const value = numberText(Number((share(row, column) * layer.top).toPrecision(2)));
    tip(`unit ${unit + 1}, row ${row}, column ${column}: about ${value}`, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", () => tip(""));
  return canvas;
}
