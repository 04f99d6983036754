/* The lines of the graph, and how wide its texts are. */

const pen = document.createElement("canvas").getContext("2d");

function textWidth(text, font) {
  pen.font = font;
  return pen.measureText(text).width;
}

const FONT = Object.fromEntries(Object.entries(
  { strong: "600 14px", plain: "13px", label: "600 13px" },
).map(([use, size]) => [use, `${size} ${getComputedStyle(document.body).fontFamily}`]));

/* Where on its edge a box takes a line: straight ahead for one line, spread evenly for more. */
function port(box, lines, towards) {
  const inner = box.w / 2 - 16;
  if (lines.length === 1) return Math.min(Math.max(towards.x, box.x - inner), box.x + inner);
  const sorted = [...lines].sort((a, b) => a.x - b.x);
  return box.x + inner * ((2 * (sorted.indexOf(towards) + 1)) / (lines.length + 1) - 1);
}

/* A smooth line through points, vertical at each of them. */
function curve(points) {
  return points.map(([x, y], k) => {
    if (k === 0) return `M${x},${y}`;
    const [x0, y0] = points[k - 1];
    const middle = (y0 + y) / 2;
    return `C${x0},${middle} ${x},${middle} ${x},${y}`;
  }).join("");
}

/* Two strokes at the end of a line. */
function head(points) {
  const [x, y] = points.at(-1);
  const back = points.at(-2)[1] < y ? -7 : 7;
  return `M${x - 3.5},${y + back}L${x},${y}L${x + 3.5},${y + back}`;
}
