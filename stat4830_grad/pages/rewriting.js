/* Formulas with the numbers of `now`, as the table of derivatives writes them. */
function rewrite(trace, now) {
  for (const node of trace.nodes) {
    if (!node.do || node.rule.spread === "moved") continue;
    const symbols = node.do.symbols.map((symbol, k) => {
      const constant = node.do.operands[k]?.tensor;
      return constant && constant.data.length === 1 ? signed(constant.data[0]) : symbol;
    });
    const numbers = symbols.map((symbol, k) => {
      const operand = node.do.operands[k];
      const value = operand && operandValue(operand, now.values);
      return value && value.data.length === 1 ? signed(value.data[0]) : symbol;
    });
    const shape = node.shapes[0];
    const [alpha, delta] = [node.do.alpha, node.do.delta].map(numberText);
    const common = { alpha, delta, shape };
    node.expression = filled(node.rule.value, { ...common, operands: symbols, out: node.name, count: 1 });
    for (const edge of node.edges) rewriteEdge(node, edge, symbols, numbers, common, now);
  }
}

function rewriteEdge(node, edge, symbols, numbers, common, now) {
  const place = edge.slot + node.do.first;
  const template = node.rule.derivatives[place];
  if (template === undefined) return;
  const [outSize, inSize] = edge.jacobian;
  const read = sizeOf(node.do.operands[place].shape);
  const count = Math.floor(read / Math.max(sizeOf(common.shape), 1));
  const out = now.values[node.name][0];
  const outText = out.data.length === 1 ? signed(out.data[0]) : node.name;
  const write = (operands, name) => spreadText(node.rule,
    filled(template, { ...common, operands, out: name, count }), outSize, inSize);
  const plain = write(symbols, node.name);
  const formula = edge.permuted ? permutedText(plain) : plain;
  const inNumbers = write(numbers, outText);
  edge.formula = formula;
  edge.numbers = outSize === 1 && inSize === 1 && inNumbers !== formula ? inNumbers : null;
}

function permutedText(formula) {
  if (formula === "I") return "P";
  return / |⊗/.test(formula) ? `(${formula}) P` : `${formula} P`;
}
