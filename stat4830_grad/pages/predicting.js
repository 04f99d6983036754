/* Predict, then reveal: what to ask before a step is shown, and whether an answer is right. */

const CLOSE = 1e-3; // of the right number, as four digits are shown; near 0 absolute

/* {text, answer} for a step, where answer is a number or a shape; null if there is nothing to ask. */
function questionOf(trace, step, now) {
  const node = trace.nodes[step.node];
  if (step.kind === "forward") return forwardQuestion(node, now);
  if (step.kind === "backward") return backwardQuestion(trace, step.node, now);
  if (step.kind === "gradients") return gradientQuestion(trace, now);
  return null;
}

function forwardQuestion(node, now) {
  const value = now.values[node.name][0];
  const read = [...new Set(node.edges.map((edge) => edge.to))].map((name) =>
    `${subscripted(name)} = ${tensorText(now.values[name][0])}`);
  const given = read.length ? ` with ${listed(read)}` : "";
  if (sizeOf(value.shape) === 1 && value.data) {
    return { text: `What is ${node.name} = ${node.expression}${given}?`, answer: value.data[0] };
  }
  const shape = value.shape;
  return { text: `Which shape has ${node.name} = ${node.expression}${given}?`, answer: shape };
}

/* A derivative of numbers is asked for as the number that goes on; of tensors, by its shape. */
function backwardQuestion(trace, i, now) {
  const node = trace.nodes[i];
  if (!node.edges.length) return null;
  const edge = node.edges.at(-1);
  const passed = now.passed[i][node.edges.length - 1];
  const [m, n] = edge.jacobian;
  const to = subscripted(edge.to);
  const received = `${node.operation} (${node.name}) received ${rowText(now.arrived[node.name][0])}.`;
  if (m === 1 && n === 1 && passed?.data) {
    return { text: `${received} What does it pass on to ${to}?`, answer: passed.data[0] };
  }
  return { text: `${received} Which shape has ${partial(node.name, edge.to)}?`, answer: [m, n] };
}

function gradientQuestion(trace, now) {
  const leaf = trace.leaves.find((one) => sizeOf(one.tensor.shape) === 1);
  if (!leaf) return null;
  const gradient = now.arrived[leaf.name][0];
  return { text: `Everything has arrived. What is ${partial(trace.function, leaf.name)}?`, answer: gradient.data[0] };
}

/* Whether a typed answer is right: a number to three digits, or a shape such as 3×8 or 3x8. */
function isRight(question, typed) {
  if (Array.isArray(question.answer)) {
    return (typed.match(/\d+/g) ?? []).map(Number).join() === question.answer.join();
  }
  const given = Number(typed.replaceAll("−", "-").replace(",", "."));
  const right = question.answer;
  return typed.trim() !== "" && Math.abs(given - right) <= CLOSE * Math.max(Math.abs(right), CLOSE);
}

/* The mode of the page in which each number is asked before it is shown. */
class Quiz {
  constructor(page) {
    Object.assign(this, { page, on: false, open: null, answers: new Map() });
    byId("predict").addEventListener("click", () => this.turn(!this.on));
    byId("question").addEventListener("submit", (event) => {
      event.preventDefault();
      this.answer(byId("answer").value);
    });
  }

  turn(on) {
    this.on = on;
    byId("predict").setAttribute("aria-pressed", String(on));
    this.open = null;
    this.page.table.renew();
    this.page.show();
  }

  /* Called when the page comes to a step: ask, unless it was answered before. */
  come(at) {
    const { trace, steps, now } = this.page;
    this.open = this.on && !this.answers.has(at) ? questionOf(trace, steps[at], now) : null;
  }

  answer(typed) {
    this.answers.set(this.page.at, { typed: typed.trim(), right: isRight(this.open, typed) });
    this.open = null;
    this.page.show();
    byId("graph").focus({ preventScroll: true });
  }

  /* The form of an open question, or the verdict on an answer that was given. */
  show() {
    const asked = this.open !== null;
    byId("question").hidden = !asked;
    byId("sentence").hidden = asked;
    if (asked) {
      byId("ask").textContent = this.open.text;
      byId("answer").value = "";
      byId("answer").focus({ preventScroll: true });
    }
    const given = this.on && !asked ? this.answers.get(this.page.at) : undefined;
    byId("verdict").textContent = given ? verdict(given) : "";
    byId("verdict").className = given?.right ? "right" : "wrong";
    const all = [...this.answers.values()];
    byId("score").textContent = this.on && all.length
      ? `${all.filter((one) => one.right).length} of ${all.length} right` : "";
  }
}

function verdict(given) {
  if (given.right) return `✓ ${given.typed} is right.`;
  return given.typed ? `✗ You said ${given.typed}.` : "Shown without an answer.";
}
