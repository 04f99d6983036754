/* Tensors as pictures: red is positive, blue negative, as strong as the entry is large. */

const PICTURE = 28; // rows and columns of an image of MNIST's kind

const STRIP = 64; // entries of a vector in one line

/* How entries lie in a picture: a vector is a strip, in several lines if it is long; 784 entries are
   an image, rows of 784 and the slices of three dimensions or more are images side by side.
   place(row, column) is the entry there, or −1. */
function arrangement(shape) {
  const size = sizeOf(shape);
  const width = shape.at(-1) ?? 1;
  if (width === PICTURE * PICTURE) return tiles(size / width, PICTURE, PICTURE);
  if (shape.length > 2) return tiles(size / (width * shape.at(-2)), shape.at(-2), width);
  const long = size > STRIP && (width === 1 || width === size);
  const columns = long ? Math.ceil(Math.sqrt(2 * size)) : shape.length < 2 ? size : width;
  const place = (row, column) => (row * columns + column < size ? row * columns + column : -1);
  return { rows: Math.ceil(size / columns), columns, place };
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

/* Paint a tensor, one pixel an entry; the style sheet makes it larger. */
function paint(canvas, t) {
  const { rows, columns, place } = arrangement(t.shape);
  const top = largest(t) || 1;
  paintNumbers(canvas, rows, columns, (row, column) => {
    const entry = place(row, column);
    return entry < 0 ? undefined : t.data[entry] / top;
  });
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
    const entry = place(...pixelAt(event, canvas));
    if (entry < 0) return;
    const text = `${name}[${indexText(entry, t.shape)}] = ${numberText(t.data[entry])}`;
    tip(text, event.clientX, event.clientY);
  });
  canvas.addEventListener("pointerleave", () => tip(""));
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
