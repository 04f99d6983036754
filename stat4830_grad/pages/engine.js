/* Both passes over a graph, computed here.

   The rules are rows of the program's one table of derivatives: a formula is a number, the name of
   an operand (a, b, c, out, …) or a list [operation, …]. What an operation is differentiated by
   is nowhere else in this page. */

const sigma = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const logSigma = (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
const huber = (x, delta) =>
  Math.abs(x) <= delta ? (x * x) / 2 : delta * (Math.abs(x) - delta / 2);

const ENTRY = {
  "+": (x, y) => x + y, "−": (x, y) => x - y, "·": (x, y) => x * y, "/": (x, y) => x / y,
  "beside": (x, y) => x * y, "^": (x, y) => x ** y, "negate": (x) => -x,
  ">": (x, y) => Number(x > y), "=": (x, y) => Number(x === y),
  "√": Math.sqrt, "exp": Math.exp, "expm1": Math.expm1, "log": Math.log, "log1p": Math.log1p,
  "log2": Math.log2, "log10": Math.log10, "sin": Math.sin, "cos": Math.cos, "tan": Math.tan,
  "asin": Math.asin, "acos": Math.acos, "atan": Math.atan, "sinh": Math.sinh, "cosh": Math.cosh,
  "tanh": Math.tanh, "abs": Math.abs, "sign": Math.sign, "max": Math.max, "min": Math.min,
  "σ": sigma, "log σ": logSigma,
  "huber": huber, "clip": (x, delta) => Math.min(Math.max(x, -delta), delta),
  "bce": (z, y) => Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z))),
};

/* The value of a formula. In the rules of matrices two factors side by side are their product. */
function evaluate(tree, scope) {
  if (typeof tree === "number") return scalar(tree);
  if (typeof tree === "string") return scope[tree];
  const [operation, ...rest] = tree;
  const parts = rest.map((part) => evaluate(part, scope));
  if (operation === "beside" && scope.matrices) return matmul(...parts);
  if (operation === "T") return transposed(parts[0]);
  if (operation === "Σ" || operation === "mean") return gathered(parts[0], scope, operation);
  if (operation === "log softmax") return logSoftmax(parts[0]);
  return entrywise(ENTRY[operation], ...parts);
}

/* The sums or means of groups of entries; without groups, of all. */
function gathered(t, scope, operation) {
  const result = zeros(scope.shape);
  t.data.forEach((x, i) => (result.data[scope.groups ? scope.groups[i] : 0] += x));
  return operation === "Σ" ? result : times(result, result.data.length / t.data.length);
}

function logSoftmax(t) {
  if (t.shape.length === 2) return stacked(slices(t).map(logSoftmax));
  const top = Math.max(...t.data);
  const log = top + Math.log(t.data.reduce((sum, x) => sum + Math.exp(x - top), 0));
  return entrywise((x) => x - log, t);
}

/* The row g times a matrix of derivatives that a formula describes. g has the shape of the
   operation's result; what comes back has as many entries as the operand. */
function rowTimes(g, tree, scope) {
  if (tree === "I") return g;
  if (tree === 1) return scalar(total(g)); // a column of ones
  const [operation, left, right] = Array.isArray(tree) ? tree : ["matrix"];
  if (operation === "T" && left === 1) return spreadOut(g, scope);
  if (operation === "T") return times(evaluate(left, scope), g.data[0]);
  if (operation === "/") return times(rowTimes(g, left, scope), 1 / evaluate(right, scope).data[0]);
  if (operation === "−") {
    return add(rowTimes(g, left, scope), times(rowTimes(g, right, scope), -1));
  }
  if (operation === "beside") return rowTimes(rowTimes(g, left, scope), right, scope);
  if (operation === "⊗") return kronecker(g, left, right, scope);
  if (operation === "each") return eachTimes(g, left, scope);
  return matmul(reshaped(g, [1, g.data.length]), evaluate(tree, scope));
}

/* 1ᵀ for each sum: everything that was added up gets what its sum gets. */
function spreadOut(g, scope) {
  const result = zeros(scope.a.shape);
  result.data.forEach((_, i) => (result.data[i] = g.data[scope.groups ? scope.groups[i] : 0]));
  return result;
}

/* g (L ⊗ R) = vec(Lᵀ G R), with the entries of G row by row. */
function kronecker(g, left, right, scope) {
  const G = asMatrix(g);
  const first = left === "I" ? G : matmul(transposed(evaluate(left, scope)), G);
  return right === "I" ? first : matmul(first, evaluate(right, scope));
}

/* The same for each slice of the operands; a vector is one slice. */
function eachTimes(g, tree, scope) {
  if (g.shape.length < 2) return rowTimes(g, tree, scope);
  const parts = slices(g).map((slice, k) => {
    const inner = { ...scope, out: slices(scope.out)[k] };
    for (const name of ["a", "b"]) if (scope[name]) inner[name] = slices(scope[name])[k];
    return rowTimes(slice, tree, inner);
  });
  return stacked(parts);
}

/* What an operand is made of: entries of a node's value or of a leaf, or a constant. */
function operandValue(operand, values) {
  if (operand.tensor) return operand.tensor;
  const whole = values[operand.of][operand.output];
  if (!operand.entries) return whole;
  return tensor(operand.shape, Float64Array.from(operand.entries, (place) => whole.data[place]));
}

/* What the formulas of an operation may name. */
function scopeOf(node, values) {
  const [a, b, c] = node.do.operands.map((operand) => operandValue(operand, values));
  const { alpha, delta, groups } = node.do;
  return {
    a, b, c, groups, alpha: scalar(alpha), delta: scalar(delta), shape: node.shapes[0],
    count: scalar(a.data.length / sizeOf(node.shapes[0])),
    matrices: node.rule.spread === "as is",
  };
}

/* An operation's results. */
function forward(node, values) {
  const scope = scopeOf(node, values);
  if (node.do.moves) {
    return node.do.moves.map((from, k) =>
      tensor(node.shapes[k], Float64Array.from(from, (place) => scope.a.data[place] ?? 0)));
  }
  if (node.do.row) return [scalar(node.do.row.reduce((sum, x, i) => sum + x * scope.a.data[i], 0))];
  return [reshaped(evaluate(node.rule.compute, scope), node.shapes[0])];
}

/* g ∂out/∂operand in the operand's shape, for the gradients g of the operation's results. */
function passedTo(node, gradients, place, values) {
  const operand = node.do.operands[place];
  const scope = scopeOf(node, values);
  scope.out = values[node.name][0];
  const g = gradients[0];
  if (node.do.moves) return scattered(operand.shape, node.do.moves, gradients);
  if (node.do.row) return tensor(operand.shape, Float64Array.from(node.do.row, (x) => x * g.data[0]));
  const tree = node.rule.differentiate[place];
  if (node.rule.spread === "diagonal") {
    return summedTo(operand.shape, entrywise((x, y) => x * y, g, evaluate(tree, scope)));
  }
  return summedTo(operand.shape, reshaped(rowTimes(g, tree, scope), operandShape(scope, place)));
}

const operandShape = (scope, place) =>
  place === 0 && !scope.b ? scope.a.shape : [scope.a, scope.b, scope.c][place].shape;

/* Each entry is added where it came from; a zero that was put in comes from −1. */
function scattered(shape, moves, gradients) {
  const result = zeros(shape);
  moves.forEach((from, k) =>
    from.forEach((place, i) => {
      if (place >= 0) result.data[place] += gradients[k].data[i];
    }));
  return result;
}

/* The whole of both passes: every value, what arrives at each node, what it passes on.

   nodes stand in the order of the backward pass; leaves are {name, tensor}. */
function bothPasses(nodes, leaves) {
  const values = Object.fromEntries(leaves.map((leaf) => [leaf.name, [leaf.tensor]]));
  for (const node of [...nodes].reverse()) values[node.name] = forward(node, values);
  const arrived = Object.fromEntries(nodes.map((node) => [node.name, node.shapes.map(() => null)]));
  for (const leaf of leaves) arrived[leaf.name] = [null];
  if (nodes.length) arrived[nodes[0].name][0] = entrywise(() => 1, values[nodes[0].name][0]);
  const passed = [];
  const local = [];
  for (const node of nodes) {
    passed.push(node.edges.map((edge) => onward(node, edge, arrived[node.name], values)));
    local.push(localDerivatives(node, values));
    node.edges.forEach((edge, k) => {
      const sum = arrived[edge.to];
      const given = passed.at(-1)[k];
      sum[edge.output] = sum[edge.output] ? add(sum[edge.output], given) : given;
    });
  }
  for (const leaf of leaves) arrived[leaf.name][0] ??= zeros(leaf.tensor.shape);
  return { values, arrived, passed, local };
}

/* What a node passes along one edge, through the plumbing on the way. */
function onward(node, edge, gradients, values) {
  const place = edge.slot + node.do.first;
  const operand = node.do.operands[place];
  if (!gradients.some(Boolean)) return zeros(values[edge.to][edge.output].shape);
  const filled = gradients.map((g, k) => g ?? zeros(node.shapes[k]));
  const given = passedTo(node, filled, place, values);
  if (!operand.entries) return given;
  return scattered(values[edge.to][edge.output].shape, [operand.entries], [given]);
}

/* ∂out/∂operand for each edge, where out is one number. */
function localDerivatives(node, values) {
  if (node.shapes.length !== 1 || sizeOf(node.shapes[0]) !== 1) return null;
  const one = [entrywise(() => 1, values[node.name][0])];
  return node.edges.map((edge) => passedTo(node, one, edge.slot + node.do.first, values));
}

/* The largest difference between two results of `bothPasses`, each relative to the largest entry
   of the tensor or, where terms cancel, of the terms that it is the sum of. */
function relativeDifference(ours, theirs, nodes) {
  let worst = { difference: 0, at: "" };
  const compare = (a, b, at, scale = 0) => {
    if (!a?.data || !b?.data) return;
    const apart = a.data.reduce((most, x, i) => Math.max(most, gap(x, b.data[i])), 0);
    const relative = apart && apart / Math.max(scale, largest(a), largest(b));
    if (!(relative <= worst.difference)) worst = { difference: relative, at };
  };
  const terms = {};
  nodes.forEach((node, i) => node.edges.forEach((edge, k) => {
    compare(ours.passed[i][k], theirs.passed[i][k], `${node.name} → ${edge.to}`);
    terms[edge.to] = Math.max(terms[edge.to] ?? 0, largest(ours.passed[i][k]));
  }));
  for (const name of Object.keys(ours.values)) {
    ours.values[name].forEach((t, k) => compare(t, theirs.values[name]?.[k], name));
    ours.arrived[name].forEach((t, k) =>
      compare(t, theirs.arrived[name]?.[k], `∂${name}`, terms[name]));
  }
  return worst;
}

/* Infinities and nan are equal to themselves. */
function gap(x, y) {
  return Object.is(x, y) || x === y ? 0 : Math.abs(x - y);
}
