/* The steps of both passes, and one sentence for each. */

/* First the leaves, then each operation forward; the seed, each operation backward in torch's
   order, and the gradients that have come together. */
function stepsOf(trace) {
  const count = trace.nodes.length;
  const nodes = Array.from({ length: count }, (_, i) => i);
  return [
    { kind: "leaves" },
    ...[...nodes].reverse().map((node) => ({ kind: "forward", node })),
    { kind: "seed" },
    ...nodes.map((node) => ({ kind: "backward", node })),
    { kind: "gradients" },
  ];
}

/* The number of the step in which each node is computed, and in which it passes gradients on. */
const forwardStep = (trace, node) => trace.nodes.length - node;
const seedStep = (trace) => trace.nodes.length + 1;
const backwardStep = (trace, node) => trace.nodes.length + 2 + node;

/* The name of what a step is about; "" for the leaves. */
function subject(trace, step) {
  if (step.node !== undefined) return trace.nodes[step.node].name;
  return step.kind === "seed" && trace.nodes.length ? trace.nodes[0].name : "";
}

/* What each name is passed, in order: [{step, node, edge}]. */
function contributionsOf(trace) {
  const found = {};
  trace.nodes.forEach((node, i) => node.edges.forEach((edge, k) => {
    (found[edge.to] ??= []).push({ step: backwardStep(trace, i), node: i, edge: k });
  }));
  return found;
}

/* One English sentence, with the numbers of `now`. */
function sentence(trace, step, now) {
  return unbroken(SENTENCES[step.kind](trace, now, step.node));
}

/* No line ends inside ∂f/∂x: a word joiner stands after the stroke. */
const unbroken = (text) => text.replaceAll("/∂", "/\u2060∂");

const SENTENCES = {
  leaves(trace, now) {
    const given = trace.leaves.slice(0, 4).map((leaf) =>
      `${subscripted(leaf.name)} = ${tensorText(now.values[leaf.name][0])}`);
    const more = trace.leaves.length > 4 ? ` and ${trace.leaves.length - 4} more` : "";
    return `The forward pass starts from ${listed(given)}${more}.`;
  },
  forward(trace, now, i) {
    const node = trace.nodes[i];
    const where = node.line ? `Line ${node.line}: ` : "";
    const result = now.values[node.name].map(tensorText).join(", ");
    return `${where}${node.operation} computes ${node.name} = ${node.expression}${equals(node.expression, result)}.`;
  },
  seed(trace, now) {
    const f = trace.function;
    return `backward() starts at the end: ${partial(f, f)} = 1. Nothing has been passed on yet.`;
  },
  backward(trace, now, i) {
    const node = trace.nodes[i];
    const where = `${node.operation} (${node.name})`;
    const received = arrivalText(trace, now, node.name);
    if (!node.edges.length) return `${where} received ${received} and passes nothing on.`;
    const parts = node.edges.map((edge, k) => passingText(trace, now, i, edge, k));
    return `${where} received ${received}${parts[0].by}${listed(parts.map((p) => p.on), "; ")}.`;
  },
  gradients(trace, now) {
    const found = trace.leaves.map((leaf) => {
      const what = partial(trace.function, leaf.name);
      return `${what} = ${arrivalText(trace, now, leaf.name)}`;
    });
    return `Every path has arrived: ${found.slice(0, 4).join("; ")}.`;
  },
};

const equals = (expression, result) => (expression === result ? "" : ` = ${result}`);

function listed(parts, separator = ", ") {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(separator)}${separator === ", " ? " and " : separator}${parts.at(-1)}`;
}

/* `−3 + 12 = 9`: everything that came together at a name. */
function arrivalText(trace, now, name) {
  const terms = (trace.contributions[name] ?? []).map((c) => now.passed[c.node][c.edge]);
  const whole = now.arrived[name].map(rowText).join(", ");
  const single = now.arrived[name].length === 1;
  return (single ? sumText(terms.filter(Boolean)) : "") + whole;
}

/* How one edge is taken: `by` what the row is multiplied, and what goes `on` to where. */
function passingText(trace, now, i, edge, k) {
  const to = subscripted(edge.to);
  const [m, n] = edge.jacobian;
  const given = now.passed[i][k];
  if (!given) return { by: "; ", on: `nothing goes on to ${to}` };
  const local = now.local[i]?.[k];
  const formula = edge.formula ?? partial(trace.nodes[i].name, edge.to);
  let factor = `${formula} (${m}×${n})`;
  if (m === 1 && n === 1) {
    const value = local ? tensorText(local) : "";
    factor = [...new Set([formula, edge.numbers, value].filter(Boolean))].join(" = ");
  }
  if (k === 0 && trace.nodes[i].edges.length === 1) {
    return { by: ` and multiplies it by ${factor}; `, on: `${rowText(given)} goes on to ${to}` };
  }
  return { by: "; ", on: `times ${factor} gives ${rowText(given)} for ${to}` };
}

function passName(step) {
  const forwards = step.kind === "leaves" || step.kind === "forward";
  return forwards ? "forward pass" : "backward pass";
}

/* What a row of the table of steps says: the operation, and what comes out of the step. */
function stepTexts(trace, step, now) {
  const f = trace.function;
  const node = trace.nodes[step.node];
  if (step.kind === "leaves") return ["start", trace.leaves.map((l) => subscripted(l.name)).join(", ")];
  if (step.kind === "seed") return ["seed", `${partial(f, f)} = 1`];
  if (step.kind === "forward") {
    return [node.operation, `${node.name} = ${now.values[node.name].map(tensorText).join(", ")}`];
  }
  if (step.kind === "backward") {
    const passed = now.passed[step.node];
    const on = node.edges.map((edge, k) => `${rowText(passed[k])} to ${subscripted(edge.to)}`);
    return [node.operation, on.join("; ")];
  }
  const found = trace.leaves.map((l) => `${partial(f, l.name)} = ${rowText(now.arrived[l.name][0])}`);
  return ["gradients", found.join("; ")];
}

/* The tensors of a step, with what each is called: what is read and what comes of it. */
function tensorsOf(trace, step, now) {
  const node = trace.nodes[step.node];
  const f = trace.function;
  if (step.kind === "seed") return [];
  if (step.kind === "forward") {
    const read = node.edges.map((edge) => [subscripted(edge.to), now.values[edge.to][edge.output]]);
    const constants = (node.do?.operands ?? []).filter((o) => o.tensor);
    const called = constants.map((operand) => [operand.called, operand.tensor]);
    return [...new Map([...read, ...called]), [node.name, now.values[node.name][0]]];
  }
  if (step.kind === "backward") {
    const passed = now.passed[step.node];
    const on = node.edges.map((edge, k) => [`to ${subscripted(edge.to)}`, passed[k]]);
    return [[partial(f, node.name), now.arrived[node.name][0]], ...on];
  }
  return trace.leaves.flatMap((leaf) => {
    const value = [subscripted(leaf.name), now.values[leaf.name][0]];
    if (step.kind === "leaves") return [value];
    return [value, [partial(f, leaf.name), now.arrived[leaf.name][0]]];
  });
}

/* The next step after `at`, round to the first again, of which something contains the words; −1
   if there is none. */
function nextStepWith(words, at, trace, steps, now) {
  const wanted = words.trim().toLowerCase();
  for (let k = 1; wanted && k <= steps.length; k++) {
    const i = (at + k) % steps.length;
    const node = trace.nodes[steps[i].node];
    const about = node ? [node.name, node.expression, node.torch] : [];
    if ([...about, ...stepTexts(trace, steps[i], now)].join(" ").toLowerCase().includes(wanted)) return i;
  }
  return -1;
}
