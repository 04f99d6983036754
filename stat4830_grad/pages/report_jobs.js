// The table of runs: sorted, filtered, and linked to the pictures. Only what is seen is made.

class Jobs {
  constructor(host) {
    this.columns = data.table // [{name, title, percent, values}]
      .map((c) => ({ ...c, numeric: c.values.some((v) => typeof v === "number") }));
    this.count = data.labels.length;
    this.sorted = { column: null, down: false };
    this.active = 0;
    this.filterBox(host);
    this.head = element("tr", { role: "row" });
    this.body = element("tbody");
    this.table = element("table", { class: "jobs", "aria-rowcount": this.count + 1 },
      element("caption", { class: "hidden" }, "Runs"), element("thead", {}, this.head), this.body);
    this.box = element("div", { class: "scroll", tabindex: "0", role: "region",
      "aria-label": "Runs: up and down to move, Enter to choose, C to copy the command" }, this.table);
    host.append(this.box);
    this.header();
    this.box.addEventListener("scroll", () => this.render());
    this.box.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.render()).observe(this.box);
    this.order = [...Array(this.count).keys()];
    this.apply();
  }

  filterBox(host) {
    this.input = element("input", { type: "search", id: "filter", autocomplete: "off", spellcheck: "false",
      placeholder: `${this.example()}, or a word`, oninput: () => this.apply() });
    this.said = element("output", { for: "filter" });
    const clear = element("button", { type: "button", onclick: () => setState({ chosen: new Set() }) }, "Choose none");
    host.append(element("p", { class: "filter" }, element("label", { for: "filter" }, "Filter "), this.input,
      " ", this.said, " ", clear));
  }

  example() {
    const swept = this.columns.find((c) => c.swept && typeof c.values[0] === "number");
    return swept ? `status=completed ${swept.name}<${numberText(swept.values[swept.values.length - 1])}` : "status=completed";
  }

  header() {
    this.head.replaceChildren(...this.columns.map((column, i) => {
      const button = element("button", { type: "button", onclick: () => this.sortBy(i) }, column.title);
      const now = this.sorted.column === i;
      const sort = now ? (this.sorted.down ? "descending" : "ascending") : "none";
      return element("th", { scope: "col", "aria-sort": sort, class: column.numeric ? "number" : null }, button);
    }), element("th", { scope: "col" }, "command"));
  }

  sortBy(i) {
    const down = this.sorted.column === i && !this.sorted.down;
    this.sorted = { column: i, down };
    const { values } = this.columns[i];
    const rank = (v) => (typeof v === "number" ? v : asNumber(v));
    const compare = (a, b) => {
      const [x, y] = [rank(values[a]), rank(values[b])];
      if (Number.isNaN(x) && Number.isNaN(y)) return String(values[a] ?? "").localeCompare(String(values[b] ?? ""));
      if (Number.isNaN(x)) return 1;
      if (Number.isNaN(y)) return -1;
      return down ? y - x : x - y;
    };
    const text = values.every((v) => typeof v === "string" && Number.isNaN(asNumber(v)));
    this.order.sort((a, b) => (compare(a, b) * (text && down ? -1 : 1)) || a - b);
    this.header();
    this.apply();
  }

  apply() {
    const tests = this.input.value.split(/[\s,]+/).filter(Boolean).map((word) => this.test(word));
    const unknown = tests.find((test) => typeof test === "string");
    this.input.setAttribute("aria-invalid", Boolean(unknown));
    const shown = new Uint8Array(this.count);
    if (!unknown) for (let run = 0; run < this.count; run += 1) shown[run] = tests.every((test) => test(run)) ? 1 : 0;
    this.rows = unknown ? [] : this.order.filter((run) => shown[run]);
    const some = this.rows.length.toLocaleString("en");
    this.said.textContent = unknown ?? `${some} of ${this.count.toLocaleString("en")}`;
    this.active = Math.min(this.active, Math.max(0, this.rows.length - 1));
    this.table.setAttribute("aria-rowcount", this.rows.length + 1);
    setState({ shown: tests.length ? shown : null });
    this.render();
  }

  test(word) { // whether a run is meant; a text says why the word is no condition
    const found = /^([\w.]+)(!=|<=|>=|=|<|>)(.*)$/.exec(word);
    if (!found) {
      const lower = word.toLowerCase();
      return (run) => data.labels[run].toLowerCase().includes(lower)
        || this.columns.some((c) => String(c.values[run] ?? "").toLowerCase().includes(lower));
    }
    const [, key, sign, typed] = found;
    const column = this.columns.find((c) => c.name === key || c.title === key)
      ?? this.columns.find((c) => c.name.endsWith(`.${key}`));
    if (!column) return `there is no column ${key}`;
    const wanted = asNumber(typed);
    const same = (v) => (Number.isNaN(wanted) ? String(v) === typed : asNumber(v) === wanted);
    const signs = { "=": same, "!=": (v) => !same(v), "<": (v) => asNumber(v) < wanted,
      "<=": (v) => asNumber(v) <= wanted, ">": (v) => asNumber(v) > wanted, ">=": (v) => asNumber(v) >= wanted };
    return (run) => signs[sign](column.values[run]);
  }

  render() {
    const height = this.rowHeight ?? 32;
    const first = Math.max(0, Math.floor(this.box.scrollTop / height) - 8);
    const last = Math.min(this.rows.length, first + Math.ceil(this.box.clientHeight / height) + 24);
    const spacer = (size) => element("tr", { "aria-hidden": "true", style: `height:${size}px` });
    const rows = this.rows.slice(first, last).map((run, i) => this.row(run, first + i));
    this.body.replaceChildren(spacer(first * height), ...rows, spacer((this.rows.length - last) * height));
    if (rows[0] && rows[0].offsetHeight && Math.abs(rows[0].offsetHeight - height) > 0.5) {
      this.rowHeight = rows[0].offsetHeight;
      this.render();
    }
  }

  row(run, place) {
    const cells = this.columns.map((column) => {
      const value = column.values[run];
      const number = typeof value === "number";
      return element("td", { class: column.numeric ? "number" : null }, numberText(value, column.percent && number));
    });
    const button = element("button", { type: "button", tabindex: "-1", title: data.commands[run],
      onclick: (event) => { event.stopPropagation(); copy(data.commands[run], button); } }, "Copy");
    const status = data.statuses[run];
    const made = element("tr", { "aria-rowindex": place + 2, "aria-selected": state.chosen.has(run),
      class: `${status === "completed" ? "" : "bad"} ${place === this.active ? "active" : ""} ${isLit(run) ? "lit" : ""}`,
      onclick: () => { this.active = place; choose(run); },
      onpointerenter: () => setState({ hovered: run }), onpointerleave: () => setState({ hovered: null }) },
    ...cells, element("td", {}, button));
    made.run = run;
    return made;
  }

  draw() { // what has been hovered or chosen elsewhere
    for (const row of this.body.children) {
      if (row.run === undefined) continue;
      row.classList.toggle("lit", isLit(row.run));
      row.setAttribute("aria-selected", state.chosen.has(row.run));
    }
  }

  key(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
    if (event.target !== this.box) return;
    if (event.key in moves) {
      this.active = Math.max(0, Math.min(this.rows.length - 1, this.active + moves[event.key]));
      const top = this.active * (this.rowHeight ?? 32);
      if (top < this.box.scrollTop) this.box.scrollTop = top;
      const low = top + 3 * (this.rowHeight ?? 32) - this.box.clientHeight;
      if (low > this.box.scrollTop) this.box.scrollTop = low;
      setState({ hovered: this.rows[this.active] ?? null });
    } else if (event.key === "Enter" || event.key === " ") choose(this.rows[this.active]);
    else if (event.key.toLowerCase() === "c" && !event.ctrlKey && !event.metaKey) copy(data.commands[this.rows[this.active]]);
    else return;
    event.preventDefault();
    this.render();
  }
}

function asNumber(value) {
  if (typeof value === "number") return value;
  const words = { inf: Infinity, "-inf": -Infinity };
  if (value in words) return words[value];
  return value === "" || value == null ? NaN : Number(value);
}
