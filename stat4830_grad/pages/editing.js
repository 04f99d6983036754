/* Leaves and constants that can be changed, one number at a time. */

/* What a person may edit: {key, name, tensor, original, apply}; `key` names it in the address. */
function editables(trace) {
  const found = trace.leaves.map((leaf) => ({
    key: leaf.name, name: subscripted(leaf.name), tensor: copied(leaf.tensor), leaf: true,
    original: leaf.tensor, apply(t) { leaf.tensor = t; },
  }));
  const known = new Map();
  trace.nodes.forEach((node) => node.do.operands.forEach((operand, k) => {
    if (!operand.tensor || node.do.row) return;
    const single = operand.tensor.data.length === 1;
    const same = single ? `${node.name} ${k}` : `${operand.called} ${operand.tensor.data}`;
    if (!known.has(same)) {
      const name = single
        ? `${constantName(operand, k)} in ${node.name} = ${node.expression}` : operand.called;
      known.set(same, {
        key: `c${known.size}`, name, tensor: copied(operand.tensor), original: operand.tensor,
        readers: [], apply(t) { this.readers.forEach((reader) => (reader.tensor = t)); },
      });
    }
    known.get(same).readers.push(operand);
  }));
  return [...found, ...known.values()];
}

const constantName = (operand, place) => (operand.power && place === 1 ? "exponent" : "constant");

/* The rows in which numbers are edited. `changed` is called after each change. */
class Editor {
  constructor(element, items, changed) {
    Object.assign(this, { element, items, changed });
    this.rows = items.map((item) => this.newRow(item));
  }

  newRow(item) {
    const row = this.element.appendChild(document.createElement("fieldset"));
    const legend = row.appendChild(document.createElement("legend"));
    legend.textContent = item.name;
    const size = item.tensor.data.length;
    const state = { item, entry: 0, row };
    if (size > 1) this.addPicker(state, size);
    state.number = this.addInput(row, "number", `${item.name}, value`);
    state.slider = this.addInput(row, "range", `${item.name}, slider`);
    state.number.step = "any";
    for (const input of [state.number, state.slider]) {
      input.addEventListener("input", () => this.set(state, input));
    }
    this.show(state, true);
    return state;
  }

  addInput(row, type, label) {
    const input = row.appendChild(document.createElement("input"));
    input.type = type;
    input.setAttribute("aria-label", label);
    return input;
  }

  /* Which entry of a tensor is edited: chosen in its picture, or by its place. */
  addPicker(state, size) {
    state.picture = state.row.appendChild(document.createElement("div"));
    state.at = state.row.appendChild(document.createElement("output"));
    state.picker = this.addInput(state.row, "number", `${state.item.name}, entry`);
    Object.assign(state.picker, { className: "picker", min: 0, max: size - 1, step: 1 });
    state.picker.addEventListener("input", () => {
      state.entry = Math.min(Math.max(Math.round(Number(state.picker.value)), 0), size - 1);
      this.show(state, true);
    });
  }

  set(state, input) {
    const x = Number(input.value);
    if (input.value === "" || !Number.isFinite(x)) return;
    state.item.tensor = copied(state.item.tensor);
    state.item.tensor.data[state.entry] = x;
    (input === state.number ? state.slider : state.number).value = x;
    if (input === state.number) this.widen(state, x);
    this.drawPicture(state);
    this.changed();
  }

  /* The slider reaches as far again as the number is from 0. */
  widen(state, x) {
    const reach = Math.max(2, 2 * Math.abs(x));
    if (Math.abs(x) <= Number(state.slider.max) && state.slider.max) return;
    Object.assign(state.slider, { min: -reach, max: reach, step: reach / 400 });
    state.slider.value = x;
  }

  show(state, fresh) {
    const x = state.item.tensor.data[state.entry];
    const reach = Number.isFinite(x) ? Math.max(2, 2 * Math.abs(x)) : 2;
    if (fresh) Object.assign(state.slider, { min: -reach, max: reach, step: reach / 400 });
    state.number.value = Number.isFinite(x) ? Number(x.toPrecision(5)) : "";
    state.slider.value = Number.isFinite(x) ? x : 0;
    if (!state.picker) return;
    state.picker.value = state.entry;
    state.at.textContent = `entry [${indexText(state.entry, state.item.tensor.shape)}]`;
    this.drawPicture(state);
  }

  drawPicture(state) {
    if (!state.picture) return;
    const { shape } = state.item.tensor;
    const canvas = heatmap(state.item.tensor, state.item.name);
    canvas.addEventListener("click", (event) => {
      const entry = arrangement(shape).place(...pixelAt(event, canvas));
      if (entry >= 0) state.entry = entry;
      this.show(state, true);
    });
    state.picture.replaceChildren(canvas);
  }

  /* All numbers as they are in `items`. */
  refresh() {
    this.rows.forEach((state) => this.show(state, true));
  }
}

/* The changed numbers as they stand in the address: x=2.5&w.3=0.1 */
function editedValues(items) {
  return items.flatMap((item) => [...item.tensor.data].flatMap((x, i) => {
    if (Object.is(x, item.original.data[i])) return [];
    return [[item.tensor.data.length > 1 ? `${item.key}.${i}` : item.key, String(x)]];
  }));
}

/* Numbers from an address; those that are not there are as they were. */
function takeValues(items, parameters) {
  for (const item of items) {
    item.tensor = copied(item.original);
    item.tensor.data.forEach((_, i) => {
      const given = parameters.get(item.tensor.data.length > 1 ? `${item.key}.${i}` : item.key);
      if (given !== null && Number.isFinite(Number(given))) item.tensor.data[i] = Number(given);
    });
    item.apply(item.tensor);
  }
}
