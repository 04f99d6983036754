/* Layers as one box: a product of matrices, what is added to it, and the function of that. */

/* For each node of a layer the last one of the layer, which stands for it, by their names. */
function layersOf(trace) {
  const readers = new Map();
  for (const node of trace.nodes) {
    for (const edge of node.edges) readers.set(edge.to, [...(readers.get(edge.to) ?? []), node]);
  }
  const found = new Map();
  for (const node of trace.nodes) {
    if (!node.operation.includes("matmul")) continue;
    const layer = layerFrom(node, trace, readers);
    if (layer.length > 1) layer.forEach((member) => found.set(member.name, layer.at(-1).name));
  }
  return found;
}

/* The product, then its only reader, as long as that is a sum with a leaf, or one function. */
function layerFrom(product, trace, readers) {
  const leaves = new Set(trace.leaves.map((leaf) => leaf.name));
  const layer = [product];
  for (;;) {
    const before = layer.at(-1);
    const [reader, ...others] = readers.get(before.name) ?? [];
    const same = reader && sizeOf(reader.shapes[0]) === sizeOf(before.shapes[0]);
    if (!same || others.length || reader === trace.nodes[0]) return layer;
    const rest = reader.edges.filter((edge) => edge.to !== before.name);
    if (reader.operation.includes("matmul") || rest.some((edge) => !leaves.has(edge.to))) return layer;
    layer.push(reader);
    if (!rest.length) return layer;
  }
}

/* What a layer computes, its members' expressions put into each other: max(X w₁ᵀ + b₁, 0). */
function layerExpression(trace, layers, last) {
  const members = trace.nodes.filter((node) => layers.get(node.name) === last);
  let text = members[0].expression;
  for (const member of members.slice(1)) {
    text = text.replace(member.name, (name, at) => {
      const alone = /[(,]\s*$/.test(text.slice(0, at)) || !/ [+−] /.test(member.expression);
      return alone ? member.expression : `(${member.expression})`;
    });
  }
  return text;
}
