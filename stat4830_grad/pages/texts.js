/* Numbers and formulas as text, written as the program's table of steps writes them. */

const SUBSCRIPTS = Object.fromEntries([..."0123456789"].map((c, i) => [c, "₀₁₂₃₄₅₆₇₈₉"[i]]));

/* w1 -> w₁ */
const subscripted = (name) =>
  name.replace(/([A-Za-z])(\d+)$/, (_, letter, digits) => letter + translated(digits, SUBSCRIPTS));

/* Four significant digits, with a real minus sign. */
function numberText(x) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "−inf" : "inf";
  if (x === 0) return "0";
  const [digits, exponent] = x.toExponential(3).split("e").map(Number);
  const small = exponent < -4 || exponent >= 4;
  const sign = exponent < 0 ? "-" : "+";
  const text = small
    ? `${digits}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`
    : String(Number(x.toPrecision(4)));
  return minus(text);
}

/* As numberText, with a superscript: 2·10⁻¹⁶. */
function powerText(x) {
  if (!(x > 0)) return numberText(x);
  const [digits, exponent] = x.toExponential(0).split("e").map(Number);
  return `${digits === 1 ? "" : `${digits}·`}10${superscript(exponent)}`;
}

/* In parentheses where its sign, or a power of ten, would run into what stands before it. */
function signed(x) {
  const text = numberText(x);
  return x < 0 || !Number.isFinite(x) || text.includes("e") ? `(${text})` : text;
}

const factorText = (text) => (text.startsWith("−") ? `(${text})` : text);

/* 32×784; n-vector; scalar. */
function shapeText(shape) {
  if (!shape.length) return "scalar";
  return shape.length === 1 ? `${shape[0]}-vector` : shape.join("×");
}

const MOST_LISTED = 3;

/* 3, (1, −2), 1×2 (1, 0), or 32×784, norm 5.1. */
function tensorText(t) {
  if (!t) return "nothing";
  if (t.data && t.data.length === 1) return numberText(t.data[0]);
  if (t.data && t.data.length <= MOST_LISTED) {
    const listed = `(${[...t.data].map(numberText).join(", ")})`;
    return t.shape.length <= 1 ? listed : `${shapeText(t.shape)} ${listed}`;
  }
  const size = norm(t);
  return shapeText(t.shape) + (size === null ? "" : `, norm ${numberText(size)}`);
}

/* A derivative, which is a row. */
function rowText(t) {
  return t && sizeOf(t.shape) !== 1
    ? tensorText({ ...t, shape: [1, sizeOf(t.shape)] })
    : tensorText(t);
}

/* ∂f/∂x */
function partial(of, by) {
  const [top, bottom] = [of, by].map((n) => (n.startsWith("Σ") ? `(${n})` : subscripted(n)));
  return `∂${top}/∂${bottom}`;
}

/* −3 + 12 = ; nothing where there is one term. */
function sumText(terms) {
  if (terms.length < 2) return "";
  if (terms.length > 6 || terms.some((t) => sizeOf(t.shape) !== 1)) return `sum of ${terms.length} = `;
  const texts = terms.map(tensorText);
  return `${[texts[0], ...texts.slice(1).map(factorText)].join(" + ")} = `;
}

/* The formulas of the table, with names or numbers in the place of {a}, {b}, {out}, … */
function filled(template, { operands, out, alpha, delta, count, shape }) {
  const [a, b, c] = [...operands, "c", "c", "c"];
  const [rows, columns] = [...shape, 0, 0];
  const fields = {
    a, b, c, out, alpha, delta, count: String(count),
    scaled_b: alpha === "1" ? b : productText(alpha, b),
    product: isNumber(b) ? productText(b, a) : productText(a, b),
    power: powerOf(a, b), slope: slopeText(a, b),
    aT: transposeText(a), bT: transposeText(b), cT: transposeText(c),
    left: rows === 1 ? transposeText(b) : `I⊗${transposeText(b)}`,
    right: columns === 1 ? a : `${a}⊗I`,
    ones: sizeOf(shape) === 1 ? "1ᵀ" : "1ᵀ for each sum",
    dot: isNumber(out) ? "·" : "",
  };
  return template.replace(/\{(\w+)\}/g, (_, name) => fields[name])
    .replaceAll("−−", "").replace(/^\((−[\d.]+)\)/, "$1");
}

const isNumber = (text) => /^\(?−?\d/.test(text);
const transposeText = (name) => (name.endsWith("ᵀ") ? name.slice(0, -1) : `${name}ᵀ`);
const productText = (a, b) => (isNumber(a) && a !== "1" && !isNumber(b) ? a + b : `${a}·${b}`);

function powerOf(a, b) {
  const whole = /^\(?(−?\d+)\)?$/.exec(b);
  return whole ? a + superscript(whole[1]) : `${a}^${b}`;
}

/* b aᵇ⁻¹ */
function slopeText(a, b) {
  if (!isNumber(b)) return `${productText(b, a)}^(${b} − 1)`;
  const exponent = Number(b.replace(/[()]/g, "").replace("−", "-")) - 1;
  if (exponent === 0) return b;
  return productText(b, exponent === 1 ? a : powerOf(a, numberText(exponent)));
}

/* The formula of one entry as the matrix of all of them. */
function spreadText(rule, formula, outSize, inSize) {
  if (rule.spread !== "diagonal" || outSize === 1) {
    return formula === "I" && outSize === 1 && inSize === 1 ? "1" : formula;
  }
  let whole = `diag(${formula})`;
  if (/^−?1$/.test(formula)) whole = formula.replace("1", "I");
  else if (/^\(?−?[\d.e−]+\)?$/.test(formula)) whole = `${formula.replace(/^\(|\)$/g, "")} I`;
  return inSize === outSize ? whole : `${whole}, broadcast`;
}
