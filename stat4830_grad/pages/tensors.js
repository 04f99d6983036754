/* Tensors: {shape, data}, a list of lengths and all entries, row by row, in a Float64Array.
   One that was too large to be kept has no data, but a norm. */

const sizeOf = (shape) => shape.reduce((product, length) => product * length, 1);
const tensor = (shape, data) => ({ shape, data });
const scalar = (number) => tensor([], Float64Array.of(number));
const zeros = (shape) => tensor(shape, new Float64Array(sizeOf(shape)));
const reshaped = (t, shape) => tensor(shape, t.data);
const copied = (t) => tensor(t.shape, t.data && t.data.slice());

/* What Python wrote: a number, {s: shape, b: place in the pool, t: bytes of an entry},
   {s: shape, n: norm}, or null. */
function decoded(value, pool) {
  if (value === null) return null;
  if (typeof value === "number") return scalar(value);
  if (value.b === undefined) return { shape: value.s, data: null, norm: value.n };
  const bytes = bytesOf(pool[value.b]);
  const entries = value.t === 4 ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
  return tensor(value.s, Float64Array.from(entries));
}

/* The shape of two tensors that are combined entry by entry, as torch broadcasts them. */
function commonShape(a, b) {
  const shape = [];
  for (let k = Math.max(a.length, b.length); k > 0; k--) {
    const [m, n] = [a[a.length - k] ?? 1, b[b.length - k] ?? 1];
    shape.push(m === 1 ? n : m);
  }
  return shape;
}

/* For each entry of `shape`, the place of the entry of a tensor of shape `from` that stands there
   once it is broadcast. */
function places(from, shape) {
  const found = new Int32Array(sizeOf(shape));
  let stride = 1;
  let inner = 1;
  for (let k = 1; k <= from.length; k++) {
    const [length, own] = [shape[shape.length - k], from[from.length - k]];
    if (own > 1) {
      for (let i = 0; i < found.length; i++) found[i] += (Math.floor(i / inner) % length) * stride;
    }
    stride *= own;
    inner *= length;
  }
  return found;
}

/* f of each entry of one or more tensors. */
function entrywise(f, ...tensors) {
  const shape = tensors.map((t) => t.shape).reduce(commonShape, []);
  const from = tensors.map((t) => places(t.shape, shape));
  const result = zeros(shape);
  for (let i = 0; i < result.data.length; i++) {
    result.data[i] = f(...tensors.map((t, k) => t.data[from[k][i]]));
  }
  return result;
}

/* The reverse of broadcasting: entries that were copied are added up. */
function summedTo(shape, t) {
  if (String(shape) === String(t.shape)) return t;
  const result = zeros(shape);
  places(shape, t.shape).forEach((place, i) => (result.data[place] += t.data[i]));
  return result;
}

const add = (a, b) => entrywise((x, y) => x + y, a, b);
const times = (t, factor) => entrywise((x) => x * factor, t);
const total = (t) => t.data.reduce((sum, x) => sum + x, 0);
const norm = (t) => (t.data ? Math.sqrt(t.data.reduce((sum, x) => sum + x * x, 0)) : t.norm);
const largest = (t) => t.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

/* Vectors are columns. */
function asMatrix(t) {
  if (t.shape.length === 2) return t;
  return reshaped(t, t.shape.length === 0 ? [1, 1] : [t.data.length, 1]);
}

function transposed(t) {
  const [m, n] = asMatrix(t).shape;
  const result = zeros([n, m]);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) result.data[j * m + i] = t.data[i * n + j];
  return result;
}

/* A B; of three dimensions, slice by slice. */
function matmul(left, right) {
  if (left.shape.length === 3) {
    const products = slices(left).map((slice, k) => matmul(slice, slices(right)[k]));
    return stacked(products);
  }
  const [A, B] = [asMatrix(left), asMatrix(right)];
  const [m, inner] = A.shape;
  const n = B.shape[1];
  const result = zeros([m, n]);
  for (let i = 0; i < m; i++)
    for (let k = 0; k < inner; k++)
      for (let j = 0; j < n; j++) result.data[i * n + j] += A.data[i * inner + k] * B.data[k * n + j];
  return result;
}

/* A tensor along its first dimension, and back. */
function slices(t) {
  const [count, ...rest] = t.shape;
  const size = sizeOf(rest);
  return Array.from({ length: count }, (_, k) =>
    tensor(rest, t.data.subarray(k * size, (k + 1) * size)));
}

function stacked(parts) {
  const result = zeros([parts.length, ...parts[0].shape]);
  parts.forEach((part, k) => result.data.set(part.data, k * part.data.length));
  return result;
}
