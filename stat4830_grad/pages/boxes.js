/* What the boxes and links of a graph say, and how large they are for it. */

function sizeOfBox(view, name, now) {
  const texts = textsOf(view, name, now);
  const wide = Math.max(
    textWidth(texts.head, FONT.strong), textWidth(texts.value, FONT.plain),
    textWidth(texts.gradient, FONT.plain));
  const picture = pictured(view, name, now) ? 62 : 0;
  return { w: Math.min(Math.max(wide + 34, 116), 340), h: 76 + picture };
}

function sizeOfLabel(view, link, now) {
  const texts = labelTexts(view, link, now);
  const wide = texts.map((text) => textWidth(text, FONT.label));
  return { w: Math.min(Math.max(...wide, 8) + LANE + 8, 320), h: texts[2] ? 56 : 38 };
}

function pictured(view, name, now) {
  const value = now.values[name][0];
  return Boolean(value?.data && value.data.length > MOST_LISTED);
}

function textsOf(view, name, now) {
  const i = view.nodeOf.get(name);
  const value = now.values[name].map(tensorText).join(", ");
  const gradient = `${partial(view.trace.function, name)} = ${arrivalText(view.trace, now, name)}`;
  if (i === undefined) return { head: subscripted(name), value, gradient };
  const { expression, operation } = view.trace.nodes[i];
  if (!view.layers || !view.folded.has(name)) {
    return { head: `${name} = ${expression}`, value: `${operation}: ${value}`, gradient };
  }
  const whole = layerExpression(view.trace, view.folded, name);
  return { head: `${name} = ${whole}`, value: `layer: ${value}`, gradient };
}

/* The local derivative, and what is passed. */
function labelTexts(view, link, now) {
  const node = view.trace.nodes[link.node];
  const edges = link.edges.map((k) => node.edges[k]);
  const [m, n] = edges[0].jacobian;
  const formulas = edges.map((edge) => edge.formula).filter(Boolean).join(" + ");
  const locals = link.edges.map((k) => now.local[link.node]?.[k]).filter(Boolean).map(tensorText);
  const alone = edges.length === 1 && locals.length && locals[0] !== formulas;
  const derivative = m === 1 && n === 1
    ? [formulas, alone ? locals[0] : ""].filter(Boolean).join(" = ")
    : `${formulas} (${m}×${n})`.trim();
  const passed = link.edges.map((k) => now.passed[link.node][k]).filter(Boolean).map(rowText);
  const plumbing = edges.flatMap((edge) => edge.through);
  const on = passed.length ? `passes ${passed.join(" + ")}` : "passes nothing";
  const shown = view.plumbing && plumbing.length;
  return [derivative, on, shown ? `through ${[...plumbing].reverse().join(", ")}` : ""];
}

/* What has arrived at a box by now: how many of how many terms, and their text. */
function arrivalAt(view, name) {
  const expected = view.trace.contributions[name] ?? [];
  const root = view.nodeOf.get(name) === 0;
  const seeded = root && view.at >= seedStep(view.trace);
  const come = expected.filter((c) => c.step <= view.at);
  const count = come.length + (seeded ? 1 : 0);
  const of = expected.length + (root ? 1 : 0);
  const what = partial(view.trace.function, name);
  if (count === 0) return { count, of, text: "" };
  if (count === of) return { count, of, text: `${what} = ${arrivalText(view.trace, view.now, name)}` };
  const terms = come.map((c) => view.now.passed[c.node][c.edge]).filter(Boolean).map(rowText);
  const some = terms.length <= 3 ? terms.join(" + ") : `${count} of ${of}`;
  return { count, of, text: `${what} = ${some} + …` };
}
