// The report as a whole: which parts there are, and the slider through the steps.

const drawn = [];

function show(id, fill) {
  const section = byId(id);
  section.hidden = false;
  fill(section);
}

function moveStep(by) {
  if (!packedCurves) return;
  const { starts, steps } = packedCurves;
  const longest = longestRun();
  const row = state.step === null ? starts[longest + 1] - 1 : rowAt(longest, state.step);
  const next = Math.max(starts[longest], Math.min(starts[longest + 1] - 1, row + by));
  setState({ step: steps[next] });
}

function longestRun() {
  const { counts } = data.curves;
  return counts.reduce((best, count, run) => (count > counts[best] ? run : best), 0);
}

function stepper() {
  const { starts, steps } = packedCurves;
  const longest = longestRun();
  const input = byId("step");
  byId("stepper").hidden = false;
  input.max = starts[longest + 1] - starts[longest] - 1;
  input.value = input.max;
  input.addEventListener("input", () => setState({ step: steps[starts[longest] + Number(input.value)] }));
  return () => {
    const row = state.step === null ? starts[longest + 1] - 1 : rowAt(longest, state.step);
    input.value = row - starts[longest];
    const values = packedCurves.runs === 1
      ? packedCurves.metrics.map((m) => `${m.title} ${numberText(m.values[row], m.percent)}`).join(", ")
      : "";
    byId("at").textContent = `${numberText(steps[row])}${values ? `: ${values}` : ""}`;
    input.setAttribute("aria-valuetext", byId("at").textContent);
  };
}

function panels(host) {
  const { metrics, runs } = packedCurves;
  const groups = new Map();
  for (const metric of metrics) {
    if (runs > 1 && data.panels && !data.panels.includes(metric.name)) continue;
    const key = runs === 1 ? metric.panel : metric.name;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push({ metric, title: runs === 1 ? metric.line : metric.title });
  }
  for (const lines of groups.values()) {
    for (let i = 0; i < lines.length; i += onLight.length) {
      drawn.push(new Panel(host, lines.slice(i, i + onLight.length)));
    }
  }
  if (runs > 1 && runs <= onLight.length && !data.shades) {
    const keys = data.labels.map((label, run) => element("span", { class: "key" },
      element("i", { style: `background:var(--category-${run % onLight.length})` }), label));
    host.before(element("p", { class: "keys" }, ...keys));
  }
  if (data.shades) host.before(shadesKey());
}

function shadesKey() { // what the colours of many runs mean
  const { title, values } = data.table.find((c) => c.name === data.shaded_by);
  const [low, high] = range(values.map(asNumber), false).map((value) => numberText(value));
  return element("p", { class: "keys" }, element("span", { class: "key" },
    `${title} ${low}`, element("i", { class: "ramp" }), high));
}

function commandBox(text) {
  const button = element("button", { type: "button", onclick: () => copy(text, button) }, "Copy");
  return element("p", { class: "command" }, element("code", {}, text), button);
}

const MOST_CHOSEN = 8;

function showChosen() { // those that were clicked in a picture or in the table, the last ones
  const runs = [...state.chosen].slice(-MOST_CHOSEN);
  byId("chosen").hidden = runs.length === 0;
  if (byId("commands").dataset.runs === runs.join()) return;
  byId("commands").dataset.runs = runs.join();
  byId("commands").replaceChildren(...runs.map((run) => element("div", {},
    element("h3", {}, data.labels[run]), data.commands[run] ? commandBox(data.commands[run]) : null)));
}

function facts(section, rows) {
  const lines = rows.map(([key, value]) => element("tr", {}, element("th", { scope: "row" }, key), element("td", {}, value)));
  section.append(element("table", { class: "facts" }, element("tbody", {}, ...lines)));
}

function ends(section) {
  const head = ["metric", "final", "best", "at step"].map((text) => element("th", { scope: "col" }, text));
  const rows = data.ends.map((m) => element("tr", {}, element("th", { scope: "row" }, m.title),
    ...[m.final, m.best].map((v) => element("td", { class: "number" }, numberText(v, m.percent))),
    element("td", { class: "number" }, numberText(m.at))));
  section.append(element("table", { class: "facts" }, element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows)));
}

function lecture(section) {
  for (const row of data.lecture) {
    const kind = { exact: "exact", "not run": "open" }[row.verdict] ?? "wrong";
    const claims = row.claims.map((c) => element("tr", {}, element("th", { scope: "row" }, c.what),
      element("td", {}, c.stated), element("td", {}, c.obtained),
      element("td", {}, c.exact === null ? "–" : c.exact ? "✓ exact" : "✗ not exact")));
    const head = ["what", "the lecture", "here", "verdict"].map((text) => element("th", { scope: "col" }, text));
    section.append(element("article", { id: row.id },
      element("h2", {}, `${row.id} ${row.title} `, element("span", { class: `verdict ${kind}` }, row.verdict)),
      row.not_run ? element("p", {}, row.not_run) : null,
      element("table", { class: "facts claims" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...claims)),
      ...row.figures.map((f) => element("figure", {}, element("img", { src: f.source, alt: f.caption, loading: "lazy" }),
        element("figcaption", {}, f.caption)))));
  }
}

function begin() {
  byId("title").textContent = data.title;
  byId("summary").textContent = data.summary ?? `${data.status}, ${numberText(data.steps)} updates`;
  const command = data.command ?? data.commands?.[0];
  if (command) show("repeat", () => byId("command").append(commandBox(command)));
  if (data.ends) show("ends", ends);
  if (packedCurves) {
    show("curves", () => panels(byId("panels")));
    drawn.push({ draw: stepper() });
  }
  if (data.function) show("function", (section) => drawn.push(new Landscape(section)));
  if (data.weights?.length) show("weights", (section) => drawn.push(new Weights(section)));
  if (data.table?.some((c) => c.swept)) {
    const numbers = (c) => c.values.some((v) => typeof v === "number");
    if (data.table.some((c) => c.swept && numbers(c))) show("points", (section) => drawn.push(new Points(section)));
  }
  if (data.table) show("jobs", (section) => drawn.push(new Jobs(section), { draw: showChosen }));
  if (data.differences?.length) {
    show("differences", (section) => section.append(element("ul", {}, ...data.differences.map((t) => element("li", {}, t)))));
  }
  if (data.lecture) show("lecture", lecture);
  for (const id of ["configuration", "environment"]) if (data[id]?.length) show(id, (section) => facts(section, data[id]));
  listeners.push(redraw);
  redraw();
}

let before = {};

function redraw() {
  const { style } = document.documentElement;
  onLight.forEach((_, i) => style.setProperty(`--category-${i}`, category(i)));
  style.setProperty("--ramp", [0, 0.25, 0.5, 0.75, 1].map(onRamp).join(","));
  // What is filtered moves the axes; what is hovered only what lies above them.
  const light = before.shown === state.shown && before.width === innerWidth && before.dark === dark.matches
    && before.only === true && before.changes === changes();
  for (const part of drawn) {
    if (light && part.drawOver) part.drawOver();
    else part.draw();
  }
  before = { shown: state.shown, width: innerWidth, dark: dark.matches, only: true, changes: changes() };
}

function changes() { // what else the pictures depend on
  return drawn.map((p) => [p.logX, p.logY, p.zoom?.join(), p.x?.name, p.y?.name, p.by?.name,
    p.sheet?.box.clientWidth, p.sheet?.box.clientHeight].join("|")).join("/");
}

begin();
addEventListener("beforeprint", () => { before = {}; redraw(); });
