/* What Python wrote into the page, as the other scripts read it. */

/* What Python wrote, with tensors in the place of encoded numbers. */
function readTrace(raw) {
  const tensorOf = (value) => decoded(value, raw.pool);
  const nodes = raw.nodes.map((node) => ({
    ...node,
    out: node.out.map(tensorOf),
    arrived: node.arrived.map(tensorOf),
    edges: node.edges.map((edge) => ({
      ...edge, local: tensorOf(edge.local), passed: tensorOf(edge.passed),
    })),
  }));
  for (const node of nodes) {
    node.shapes = node.out.map((t) => t.shape);
    if (!node.do) continue;
    node.rule = raw.rules[node.do.rule];
    for (const operand of node.do.operands) {
      if (operand.of !== undefined) continue;
      operand.tensor = tensorOf(operand.constant);
      operand.power = node.operation === "power";
    }
  }
  const leaves = raw.leaves.map((leaf) => ({
    ...leaf, tensor: tensorOf(leaf.value), gradient: tensorOf(leaf.gradient),
  }));
  const parting = raw.parting && { ...raw.parting, theirs: tensorOf(raw.parting.theirs) };
  const trace = { ...raw, nodes, leaves, parting };
  trace.contributions = contributionsOf(trace);
  return trace;
}

/* The numbers that torch gave, in the form in which `bothPasses` gives ours. */
function recordedNumbers(trace) {
  const values = {};
  const arrived = {};
  for (const node of trace.nodes) [values[node.name], arrived[node.name]] = [node.out, node.arrived];
  for (const leaf of trace.leaves) {
    [values[leaf.name], arrived[leaf.name]] = [[leaf.tensor], [leaf.gradient]];
  }
  return {
    values, arrived,
    passed: trace.nodes.map((node) => node.edges.map((edge) => edge.passed)),
    local: trace.nodes.map((node) => node.edges.map((edge) => edge.local)),
  };
}

/* Values that nobody has recorded, as a graph keeps only some of them, become ours. */
function complete(recorded, ours) {
  for (const [name, tensors] of Object.entries(ours)) {
    tensors.forEach((t, k) => {
      if (!recorded[name][k].data) recorded[name][k] = t;
    });
  }
}
