// Weights of pixels as images: red where they are positive, blue where negative.

const SIDE = 28;

function drawWeights(host) {
  host.append(weightsSlider());
  data.weights.forEach((layer) => {
    const [first, last] = [unpack(layer.first), unpack(layer.last)];
    const top = Math.max(...range(first, false).map(Math.abs), ...range(last, false).map(Math.abs));
    const row = element("div", { class: "weights" });
    for (let unit = 0; unit < layer.units; unit += 1) row.append(weightImage(layer, unit, first, last, top));
    const kind = layer.units > 1 ? `${layer.units} units` : "one unit";
    host.append(element("h3", {}, `${layer.name}: ${kind}`), row);
  });
}

function weightsSlider() {
  const input = element("input", { type: "range", min: 0, max: 1, step: 1, id: "weights-step" });
  input.value = 1;
  const said = element("output", { for: "weights-step" });
  const show = () => {
    const end = input.value === "1";
    said.textContent = end ? `after ${numberText(data.steps)} updates` : "at the initial point";
    for (const image of document.querySelectorAll("canvas.weight")) image.paint(end);
  };
  input.addEventListener("input", show);
  listeners.push(show);
  const label = element("label", { for: "weights-step" }, "Weights ");
  return element("p", { class: "step" }, label, input, " ", said);
}

function weightImage(layer, unit, first, last, top) {
  const canvas = element("canvas", { class: "weight heat", width: SIDE, height: SIDE, role: "img" });
  canvas.setAttribute("aria-label", `${layer.name}, unit ${unit + 1}, as an image of 28 by 28`);
  let shown = last;
  canvas.paint = (end) => {
    shown = end ? last : first;
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(SIDE, SIDE);
    const ends = ["heat-zero", "heat-plus", "heat-minus"].map((name) => channels(colour(name)));
    for (let i = 0; i < SIDE * SIDE; i += 1) {
      const value = shown[unit * SIDE * SIDE + i] / top;
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
    const value = shown[unit * SIDE * SIDE + row * SIDE + column];
    tip(`unit ${unit + 1}, row ${row}, column ${column}: ${numberText(value)}`, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", () => tip(""));
  return canvas;
}

function channels(hex) {
  return [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
}
