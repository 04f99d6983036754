/* The page of a trace: reads the data, and keeps formula, graph and table at the same step. */

class Page {
  constructor(raw) {
    this.trace = readTrace(raw);
    this.recorded = recordedNumbers(this.trace);
    this.now = this.recorded;
    this.alive = !raw.obstacle;
    this.steps = stepsOf(this.trace);
    this.stop = this.trace.parting ? backwardStep(this.trace, this.trace.parting.node) : null;
    this.at = this.stop ?? 0;
    this.items = this.alive ? editables(this.trace) : [];
    this.check();
    this.quiz = new Quiz(this);
    this.build();
    this.readAddress();
    addEventListener("hashchange", () => this.readAddress());
    addEventListener("keydown", (event) => this.pressed(event));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
  }

  /* Compute everything anew and compare it with torch's numbers. */
  check() {
    if (!this.alive) return;
    const ours = bothPasses(this.trace.nodes, this.trace.leaves);
    this.difference = relativeDifference(ours, this.recorded, this.trace.nodes);
    complete(this.recorded.values, ours.values);
  }

  build() {
    byId("title").textContent = this.trace.title;
    document.title = this.trace.title;
    byId("formula").textContent = this.trace.formula ?? "";
    this.graph = new GraphView(byId("graph"), this.trace, (name) => this.goTo(name));
    this.table = new Rows(byId("steps"), this.steps.length, (row, i) => this.fillStep(row, i), (i) => this.go(i));
    this.lines = this.linesOfProgram();
    this.listing = new Rows(byId("program"), this.lines.length, (row, i) => this.fillLine(row, i), (i) => this.goToLine(i));
    this.graph.measure(this.now);
    byId("editing").hidden = !this.items.length;
    this.editor = new Editor(byId("editor"), this.items, () => this.recompute(true));
    byId("reset").addEventListener("click", () => this.reset());
    byId("slider").max = this.steps.length - 1;
    byId("slider").addEventListener("input", () => this.go(Number(byId("slider").value)));
    const moves = { first: () => 0, back: () => this.at - 1, next: () => this.at + 1, last: () => this.steps.length - 1 };
    for (const [id, where] of Object.entries(moves)) byId(id).addEventListener("click", () => this.go(where()));
    byId("plumbing").hidden = byId("keys").hidden =
      !this.trace.nodes.some((node) => node.edges.some((edge) => edge.through.length));
    byId("layers").hidden = byId("fold-key").hidden = !this.graph.folded.size;
    for (const what of ["plumbing", "layers"]) {
      byId(what).addEventListener("click", () => this.toggle(what));
    }
    byId("search").addEventListener("input", () => this.search(this.at - 1));
    byId("search").addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.search(this.at);
    });
    byId("play").addEventListener("click", () => this.play(!this.playing));
  }

  /* The file's lines if the trace knows them, else the operations in their order. */
  linesOfProgram() {
    if (this.trace.source) {
      return this.trace.source.text.trimEnd().split("\n").map((text, i) => ({ number: i + 1, text }));
    }
    const operations = this.trace.nodes.map((node, i) => ({ node: i }));
    return operations.reverse().map((line, i) => ({ ...line, number: i + 1 }));
  }

  fillLine(row, i) {
    const line = this.lines[i];
    const node = this.trace.nodes[line.node];
    const text = node ? `${node.name} = ${node.expression}` : line.text;
    setCells(row, [["cell number", line.number], ["cell code", text]]);
  }

  goToLine(i) {
    const { node, number } = this.lines[i];
    const found = node ?? this.trace.nodes.findIndex((one) => one.line === number);
    if (found >= 0) this.goTo(this.trace.nodes[found].name);
  }

  lineOf(step) {
    if (step.node === undefined) return -1;
    const { line } = this.trace.nodes[step.node];
    return this.trace.source ? (line ?? 0) - 1 : this.trace.nodes.length - 1 - step.node;
  }

  fillStep(row, i) {
    const step = this.steps[i];
    const hidden = this.quiz.on && i > this.at - (this.quiz.open ? 1 : 0);
    const [what, result] = stepTexts(this.trace, step, this.now);
    const way = step.kind === "leaves" || step.kind === "forward" ? "→" : "←";
    row.classList.toggle("back", way === "←");
    row.classList.toggle("parts", i === this.stop);
    row.setAttribute("aria-label", `Step ${i}, ${way === "→" ? "forward" : "backward"}`);
    setCells(row, [["cell number", i], ["cell way", way], ["cell what", what], ["cell result", hidden ? "" : result]]);
  }

  /* The step in which a name is computed, or, after the seed, passes on. */
  goTo(name) {
    const i = this.trace.nodes.findIndex((node) => node.name === name);
    if (i < 0) return this.go(this.at > seedStep(this.trace) ? this.lastArrival(name) : 0);
    const back = this.at >= seedStep(this.trace);
    this.go(back ? backwardStep(this.trace, i) : forwardStep(this.trace, i));
  }

  lastArrival(name) {
    return this.trace.contributions[name]?.at(-1).step ?? 0;
  }

  go(at) {
    this.at = Math.min(Math.max(at, 0), this.steps.length - 1);
    if (this.at === this.steps.length - 1 || this.at === this.stop) this.play(false);
    this.quiz.come(this.at);
    this.show();
    this.writeAddress();
  }

  show() {
    const step = this.steps[this.at];
    byId("count").textContent = `Step ${this.at} of ${this.steps.length - 1} · ${passName(step)}`;
    byId("sentence").textContent = sentence(this.trace, step, this.now);
    this.showMistake();
    byId("stage").dataset.kind = step.kind;
    byId("slider").value = this.at;
    byId("slider").setAttribute("aria-valuetext", `step ${this.at}, ${passName(step)}`);
    byId("status").textContent = this.statusText();
    const asked = this.quiz.open !== null;
    this.quiz.show();
    this.graph.update(this.now, asked ? this.at - 1 : this.at, subject(this.trace, step), this.quiz.on);
    this.graph.follow();
    if (this.quiz.on) this.table.renew();
    this.table.go(this.at);
    this.listing.go(this.lineOf(step));
    this.showPictures(step);
  }

  /* At the edge where a student's gradient and ours part: both, and what is wrong. */
  showMistake() {
    const { parting } = this.trace;
    byId("mistake").hidden = this.at !== this.stop || this.quiz.open !== null;
    if (!parting) return;
    const ours = tensorText(this.recorded.arrived[parting.leaf][0]);
    const what = partial(this.trace.function, parting.leaf);
    const numbers = `Your ${what} is ${tensorText(parting.theirs)}, torch’s is ${ours}.`;
    byId("mistake").textContent =
      `On the way to ${subscripted(parting.leaf)} your gradient and torch’s part. ${numbers} ${parting.mistakes.join(" ")}`;
  }

  statusText() {
    if (!this.alive) return `A recording of what torch did: ${this.trace.obstacle}.`;
    const worst = powerText(this.difference.difference);
    const precision = this.trace.dtype === "float64" ? "torch" : `torch’s ${this.trace.dtype}`;
    const said = `Recomputed here: largest relative difference to ${precision} ${worst}.`;
    return editedValues(this.items).length ? `${said} The numbers are now yours.` : said;
  }

  /* The tensors of a step as pictures. */
  showPictures(step) {
    const told = this.quiz.open ? [] : tensorsOf(this.trace, step, this.now);
    const shown = told.filter(([, t]) => t?.data && t.data.length > 1);
    byId("matrices").hidden = !shown.length;
    byId("pictures").replaceChildren(...shown.map(([name, t]) => {
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = `${name}: ${tensorText(t)}`;
      figure.append(heatmap(t, name), caption);
      return figure;
    }));
  }

  /* Both passes with the numbers of the editor; as torch had them, torch's own are shown. */
  recompute(edited) {
    for (const item of this.items) item.apply(item.tensor);
    const changed = editedValues(this.items).length > 0;
    this.now = changed ? bothPasses(this.trace.nodes, this.trace.leaves) : this.recorded;
    rewrite(this.trace, this.now);
    this.table.renew();
    this.listing.renew();
    byId("reset").hidden = !changed;
    this.graph.measure(this.now);
    this.show();
    if (edited) this.writeAddress();
  }

  reset() {
    takeValues(this.items, new URLSearchParams());
    this.editor.refresh();
    this.recompute(true);
  }

  readAddress() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    if (location.hash.slice(1) === this.address) return;
    const step = Number(parameters.get("step") ?? this.at);
    this.at = Math.min(step || 0, this.steps.length - 1);
    if (!this.alive) return this.show();
    takeValues(this.items, parameters);
    this.editor.refresh();
    this.recompute(false);
  }

  writeAddress() {
    const values = this.alive ? editedValues(this.items) : [];
    this.address = String(new URLSearchParams([["step", String(this.at)], ...values]));
    if (location.protocol === "about:") return; // in the frame of a notebook
    clearTimeout(this.writing); // browsers refuse a hundred changes of the address in ten seconds
    this.writing = setTimeout(() => history.replaceState(null, "", `#${this.address}`), 120);
  }

  /* Turn something that the graph shows or folds on or off. */
  toggle(what) {
    if (byId(what).hidden) return;
    this.graph[what] = !this.graph[what];
    byId(what).setAttribute("aria-pressed", String(this.graph[what]));
    this.graph.measure(this.now);
    this.show();
  }

  /* To the next step after `from` that contains what is looked for. */
  search(from) {
    const words = byId("search").value;
    const found = nextStepWith(words, from, this.trace, this.steps, this.now);
    byId("search").classList.toggle("none", found < 0 && words.trim() !== "");
    if (found >= 0) this.go(found);
  }

  play(on) {
    clearInterval(this.playing);
    this.playing = on ? setInterval(() => this.go(this.at + 1), 1200) : null;
    if (on && this.at === this.steps.length - 1) this.go(0);
    byId("play").setAttribute("aria-pressed", String(on));
  }

  pressed(event) {
    const typing = event.target.matches("input, select, textarea");
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const moves = { ArrowRight: this.at + 1, ArrowLeft: this.at - 1, Home: 0, End: this.steps.length - 1 };
    if (event.key in moves) this.go(moves[event.key]);
    else if (event.key === "/") byId("search").focus();
    else if (event.key === "p") this.toggle("plumbing");
    else if (event.key === "l") this.toggle("layers");
    else if (event.key === " " && !event.target.matches("button")) this.play(!this.playing);
    else return;
    event.preventDefault();
  }
}

window.page = new Page(JSON.parse(byId("data").textContent));
