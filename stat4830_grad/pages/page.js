/* What the scripts of all pages share: elements, colours, bytes, the tip at the pointer, pictures
   of numbers. */

const byId = (id) => document.getElementById(id);

/* A real minus sign. */
const minus = (text) => text.replaceAll("-", "−");

const SUPERSCRIPTS = Object.fromEntries([..."0123456789-−"].map((c, i) => [c, "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻"[i]]));
const translated = (text, letters) => [...text].map((c) => letters[c] ?? c).join("");
const superscript = (number) => translated(String(number), SUPERSCRIPTS);

/* The bytes of base64. */
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/* A colour of the style sheet, by its name there. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/* The same as three numbers from 0 to 255. */
function channels(name) {
  return [1, 3, 5].map((k) => parseInt(colour(name).slice(k, k + 2), 16));
}

/* A text beside the pointer; none hides it. */
function tip(text, x, y) {
  const shown = byId("tip");
  shown.hidden = !text;
  if (!text) return;
  shown.textContent = text;
  const left = Math.min(x + 14, innerWidth - shown.offsetWidth - 8);
  const top = y + 18 + shown.offsetHeight > innerHeight ? y - shown.offsetHeight - 10 : y + 18;
  shown.style.transform = `translate(${Math.max(4, left)}px, ${top}px)`;
}

/* Numbers as a picture of one pixel each: red is positive, blue negative, the stronger the larger.
   shareOf(row, column) is from −1 to 1, or undefined where there is no number. */
function paintNumbers(canvas, rows, columns, shareOf) {
  [canvas.width, canvas.height] = [columns, rows];
  const image = new ImageData(columns, rows);
  const [zero, positive, negative] = ["heat-zero", "heat-plus", "heat-minus"].map(channels);
  for (let i = 0; i < rows * columns; i++) {
    const share = shareOf(Math.floor(i / columns), i % columns);
    if (share === undefined) continue;
    const strength = Number.isFinite(share) ? Math.sqrt(Math.min(1, Math.abs(share))) : 1;
    const end = share < 0 ? negative : positive;
    zero.forEach((from, k) => (image.data[4 * i + k] = from + (end[k] - from) * strength));
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/* The row and the column of such a picture that the pointer is on. */
function pixelAt(event, canvas) {
  const box = canvas.getBoundingClientRect();
  const at = (offset, size, count) =>
    Math.min(count - 1, Math.max(0, Math.floor((offset / size) * count)));
  return [at(event.clientY - box.top, box.height, canvas.height),
    at(event.clientX - box.left, box.width, canvas.width)];
}
