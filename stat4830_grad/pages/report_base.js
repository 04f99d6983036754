// What the parts of a report share: data, elements, numbers in words, and the state of the page.

const data = JSON.parse(byId("data").textContent);

// Base64 of float32, little-endian, as `packed` of reports/packing.py writes it.
const unpack = (text) => new Float32Array(bytesOf(text).buffer);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

function numberText(value, percent = false) {
  if (typeof value !== "number") return { inf: "∞", "-inf": "−∞" }[value] ?? (value == null ? "–" : String(value));
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (percent) return `${(100 * value).toFixed(2)} %`;
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return minus(value.toLocaleString("en"));
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6)
    ? value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e")
    : String(Number(value.toPrecision(5)));
  return minus(text);
}

// ---- the state: what is hovered, chosen and filtered, and the step

const state = { step: null, hovered: null, chosen: new Set(), shown: null };
const listeners = [];
let waiting = false;

function changed() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const listener of listeners) listener();
  });
}

function setState(part) {
  Object.assign(state, part);
  changed();
}

const isShown = (run) => state.shown === null || state.shown[run];

const isLit = (run) => state.hovered === run || state.chosen.has(run);

// ---- colours

const onLight = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#7f3fbf", "#666666"];
const onDark = ["#4aa8e8", "#ff8a3d", "#2fc79a", "#e79fc6", "#e0b03c", "#9ad4f5", "#b894e8", "#b0b0b0"];
const dark = matchMedia("(prefers-color-scheme: dark)");
const category = (i) => (dark.matches ? onDark : onLight)[i % onLight.length];
dark.addEventListener("change", changed);

function onRamp(share) {
  // From dark blue over green to yellow; darker parts are lifted on a dark ground.
  const stops = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [223, 200, 30]];
  const low = dark.matches ? 0.22 : 0;
  const at = (low + (1 - low) * Math.min(1, Math.max(0, share))) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  const mixed = stops[i].map((from, k) => Math.round(from + (at - i) * (stops[i + 1][k] - from)));
  return `rgb(${mixed.join(",")})`;
}

// ---- copying

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", { style: "position:fixed;opacity:0" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  byId("told").textContent = "Copied the command.";
  if (!button) return;
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1200);
}
