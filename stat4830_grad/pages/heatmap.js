/* Tensors as pictures: red is positive, blue negative, as strong as the entry is large. */

const PICTURE = 28; // rows and columns of an image of MNIST's kind

/* How entries lie in a picture: a vector is a strip, 784 entries are an image, rows of 784 and the
   slices of three dimensions or more are images side by side. place(row, column) is the entry
   there, or −1. */
function arrangement(shape) {
  const size = sizeOf(shape);
  const width = shape.at(-1) ?? 1;
  if (width === PICTURE * PICTURE) return tiles(size / width, PICTURE, PICTURE);
  if (shape.length > 2) return tiles(size / (width * shape.at(-2)), shape.at(-2), width);
  const columns = shape.length < 2 ? size : width;
  return { rows: size / columns, columns, place: (row, column) => row * columns + column };
}

/* `count` images of h rows and w columns, with a line between them. */
function tiles(count, h, w) {
  const across = Math.min(count, Math.ceil(Math.sqrt((count * 2 * h) / w)));
  const gap = count === 1 ? 0 : 1;
  const place = (row, column) => {
    const [y, x] = [row % (h + gap), column % (w + gap)];
    const image = Math.floor(row / (h + gap)) * across + Math.floor(column / (w + gap));
    return y === h || x === w || image >= count ? -1 : (image * h + y) * w + x;
  };
  const down = Math.ceil(count / across);
  return { rows: (h + gap) * down - gap, columns: (w + gap) * across - gap, place };
}

/* Three numbers from 0 to 255 of a colour that the style sheet names. */
function colour(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16));
}

/* Paint a tensor, one pixel an entry; the style sheet makes it larger. */
function paint(canvas, t) {
  const { rows, columns, place } = arrangement(t.shape);
  [canvas.width, canvas.height] = [columns, rows];
  const image = new ImageData(columns, rows);
  const [none, plus, minus] = ["--heat-zero", "--heat-plus", "--heat-minus"].map(colour);
  const top = largest(t) || 1;
  for (let i = 0; i < rows * columns; i++) {
    const entry = place(Math.floor(i / columns), i % columns);
    if (entry < 0) continue;
    const x = t.data[entry] / top;
    const strength = Number.isFinite(x) ? Math.sqrt(Math.abs(x)) : 1;
    const end = x < 0 ? minus : plus;
    none.forEach((from, k) => (image.data[4 * i + k] = from + (end[k] - from) * strength));
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/* A picture of a tensor that says each number under the pointer. */
function heatmap(t, name) {
  const canvas = document.createElement("canvas");
  canvas.className = "heat";
  canvas.setAttribute("role", "img");
  const extent = `from ${numberText(least(t))} to ${numberText(most(t))}`;
  canvas.setAttribute("aria-label", `${name}, ${shapeText(t.shape)}, ${extent}`);
  paint(canvas, t);
  const { rows, columns, place } = arrangement(t.shape);
  const scale = Math.max(1, Math.min(28, Math.floor(224 / columns), Math.floor(224 / rows)));
  canvas.style.width = `${Math.max(columns * scale, 6)}px`;
  canvas.style.aspectRatio = `${Math.max(columns * scale, 6)} / ${Math.max(rows * scale, 6)}`;
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const row = Math.min(rows - 1, Math.floor(((event.clientY - box.top) / box.height) * rows));
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const entry = place(Math.max(row, 0), Math.min(Math.max(column, 0), columns - 1));
    if (entry >= 0) showTip(event, `${name}[${indexText(entry, t.shape)}] = ${numberText(t.data[entry])}`);
  });
  canvas.addEventListener("pointerleave", hideTip);
  return canvas;
}

const least = (t) => t.data.reduce((a, b) => Math.min(a, b), Infinity);
const most = (t) => t.data.reduce((a, b) => Math.max(a, b), -Infinity);

/* The index of an entry, as Python counts. */
function indexText(entry, shape) {
  const index = [];
  for (const length of [...shape].reverse()) {
    index.unshift(entry % length);
    entry = Math.floor(entry / length);
  }
  return index.join(", ");
}

function showTip(event, text) {
  const tip = document.getElementById("tip");
  tip.textContent = text;
  tip.hidden = false;
  const left = Math.min(event.clientX + 12, window.innerWidth - tip.offsetWidth - 8);
  tip.style.transform = `translate(${left}px, ${event.clientY + 16}px)`;
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}
