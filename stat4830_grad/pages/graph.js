/* The graph: boxes that can be clicked, links with what is passed along them. Only what is in
   sight exists in the document, so that thousands of nodes stay fluent. */

const MARGIN = 24;
const SCALES = [0.85, 2];
const SIGHT = 400; // pixels above and below the window that are drawn too

/* The graph of a trace in an element. `choose` is called with the name of a box that is chosen. */
class GraphView {
  constructor(element, trace, choose) {
    Object.assign(this, { element, trace, choose, shown: new Map(), labels: new Map() });
    this.nodeOf = new Map(trace.nodes.map((node, i) => [node.name, i]));
    this.room = element.appendChild(document.createElement("div"));
    this.canvas = this.room.appendChild(document.createElement("div"));
    this.canvas.className = "sheet";
    this.plumbing = false;
    this.layers = false;
    this.folded = layersOf(trace);
    this.svg = this.canvas.appendChild(
      document.createElementNS("http://www.w3.org/2000/svg", "svg"));
    this.svg.setAttribute("aria-hidden", "true");
    element.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.arrange()).observe(element);
    whenPrinted((printing) => {
      this.printing = printing && this.names.length <= MOST_PRINTED;
      this.draw();
    });
  }

  /* Give everything its place for the numbers of `now`. */
  measure(now) {
    const leaves = this.trace.leaves.filter((leaf) => this.trace.contributions[leaf.name]);
    const all = [...this.trace.nodes, ...leaves].map((one) => one.name);
    this.names = all.filter((name) => this.boxOf(name) === name);
    this.index = new Map(this.names.map((name, i) => [name, i]));
    this.links = this.linksOf();
    const boxes = this.names.map((name) => sizeOfBox(this, name, now));
    const links = this.links.map((link) => ({ ...link, ...sizeOfLabel(this, link, now) }));
    this.layout = layered(boxes, links);
    this.arrange();
  }

  /* The name of the box that shows a node or leaf: that of its layer, if layers are folded. */
  boxOf(name) {
    return this.layers ? this.folded.get(name) ?? name : name;
  }

  /* Edges between the same two boxes are one link. */
  linksOf() {
    const found = new Map();
    this.trace.nodes.forEach((node, i) => node.edges.forEach((edge, k) => {
      const ends = [node.name, edge.to].map((name) => this.index.get(this.boxOf(name)));
      const key = `${i} ${edge.to}`;
      if (ends[0] === ends[1]) return;
      if (!found.has(key)) found.set(key, { from: ends[0], to: ends[1], node: i, edges: [] });
      found.get(key).edges.push(k);
    }));
    return [...found.values()];
  }

  /* The sheet as large as the drawing, in the middle of the element, and larger or a little
     smaller than life where it then fits. */
  arrange() {
    if (!this.layout) return;
    const [w, h] = [this.layout.width + 2 * MARGIN, this.layout.height + 2 * MARGIN];
    const fit = Math.min(this.element.clientWidth / w, this.element.clientHeight / h);
    this.scale = Math.min(Math.max(fit, SCALES[0]), SCALES[1]);
    this.left = Math.max(MARGIN, (this.element.clientWidth / this.scale - this.layout.width) / 2);
    this.top = Math.max(MARGIN, (this.element.clientHeight / this.scale - this.layout.height) / 3);
    this.room.style.width = `${(this.layout.width + this.left + MARGIN) * this.scale}px`;
    this.room.style.height = `${(this.layout.height + this.top + MARGIN) * this.scale - 1}px`;
    this.canvas.style.transform = `scale(${this.scale})`;
    this.canvas.style.width = `${this.layout.width + this.left + MARGIN}px`;
    this.canvas.style.height = `${this.layout.height + this.top + MARGIN}px`;
    this.draw();
  }

  /* Show the numbers of `now` as they are known at the step numbered `at`; while later ones are
     `secret`, local derivatives are shown as formulas. */
  update(now, at, current, secret) {
    Object.assign(this, { now, at, current, secret });
    this.draw();
  }

  /* Everything in sight. */
  draw() {
    if (!this.now) return;
    const top = this.element.scrollTop / this.scale - SIGHT;
    const bottom = top + this.element.clientHeight / this.scale + 2 * SIGHT;
    const inSight = (cell) =>
      this.printing || (cell.layer.bottom + this.top > top && cell.layer.top < bottom);
    const kept = new Set();
    this.layout.boxes.forEach((cell, i) => {
      if (!inSight(cell)) return;
      kept.add(this.names[i]);
      this.drawBox(this.names[i], cell);
    });
    this.svg.replaceChildren();
    const labels = new Set();
    this.layout.ways.forEach((way, i) => {
      const away = way.top.layer.top > bottom || way.bottom.layer.bottom < top;
      if (away && !this.printing) return;
      this.drawLink(this.links[i], way);
      if (!way.passes.length || !inSight(way.passes[0])) return;
      labels.add(i);
      this.drawLabel(i, way.passes[0]);
    });
    this.drop(this.shown, kept);
    this.drop(this.labels, labels);
  }

  drop(elements, kept) {
    for (const [key, element] of elements) {
      if (kept.has(key)) continue;
      element.remove();
      elements.delete(key);
    }
  }

  place(element, cell) {
    element.style.width = `${cell.w}px`;
    element.style.height = `${cell.h}px`;
    element.style.transform =
      `translate(${cell.x - cell.left + this.left}px, ${cell.y - cell.h / 2 + this.top}px)`;
  }

  newBox(name) {
    const box = document.createElement("button");
    box.type = "button";
    box.innerHTML =
      "<b></b><span class=value></span><span class=pictures></span><span class=gradient></span><span class=meter></span>";
    box.dataset.name = name;
    box.addEventListener("click", () => this.choose(name));
    this.canvas.append(box);
    this.shown.set(name, box);
    return box;
  }

  /* A box shows its value once it is computed, and its gradient as it comes together. */
  drawBox(name, cell) {
    const box = this.shown.get(name) ?? this.newBox(name);
    const i = this.nodeOf.get(name);
    const texts = textsOf(this, name, this.now);
    const known = i === undefined || this.at >= forwardStep(this.trace, i);
    const arrival = arrivalAt(this, name);
    box.className = `box ${i === undefined ? "leaf" : "operation"}`;
    box.classList.toggle("waiting", !known);
    box.classList.toggle("current", name === this.boxOf(this.current));
    box.classList.toggle("reached", arrival.count > 0);
    this.place(box, cell);
    const [head, value, pictures, gradient, meter] = box.children;
    head.textContent = texts.head;
    value.textContent = known ? texts.value : texts.value.split(":")[0];
    gradient.textContent = arrival.text;
    meter.replaceChildren(...Array.from({ length: arrival.of > 1 && arrival.of <= 8 ? arrival.of : 0 },
      (_, k) => Object.assign(document.createElement("i"), { className: k < arrival.count ? "full" : "" })));
    this.drawPictures(pictures, name, known, arrival);
    box.setAttribute("aria-label", [texts.head, value.textContent, gradient.textContent].join("; "));
  }

  drawPictures(element, name, known, arrival) {
    const value = known && this.now.values[name][0];
    const whole = arrival.count === arrival.of && arrival.of > 0;
    const shown = [value, whole && this.now.arrived[name][0]]
      .filter((t) => t && t.data && t.data.length > MOST_LISTED);
    if (element.shown?.length === shown.length && shown.every((t, k) => element.shown[k] === t)) return;
    element.shown = shown;
    element.replaceChildren(...shown.map((t) => {
      const canvas = document.createElement("canvas");
      paint(canvas, t);
      return canvas;
    }));
  }

  /* Forward a solid line upwards, backward a dashed one downwards once something has passed. */
  drawLink(link, way) {
    const ports = [way.top, ...way.passes, way.bottom];
    const ends = [port(way.top, way.top.below, way.passes[0] ?? way.bottom),
      port(way.bottom, way.bottom.above, way.passes.at(-1) ?? way.top)];
    const step = backwardStep(this.trace, link.node);
    const forward = forwardStep(this.trace, link.node);
    const read = this.at >= forward;
    this.line(ports, ends, -4, `forward${read ? " done" : ""}${this.at === forward ? " now" : ""}`);
    const wrong = this.parts(link) ? " wrong" : "";
    if (this.at >= step) {
      this.line(ports, ends, 4, `backward done${this.at === step ? " now" : ""}${wrong}`);
    }
  }

  /* Whether somebody's gradient and ours part on this link. */
  parts(link) {
    const { parting } = this.trace;
    return parting !== null && parting.node === link.node && link.edges.includes(parting.edge);
  }

  line(ports, ends, side, kind) {
    const [top, bottom] = [ports[0], ports.at(-1)];
    const points = ports.slice(1, -1).flatMap((cell) => [[cell.x, cell.layer.top], [cell.x, cell.layer.bottom]]);
    points.unshift([ends[0], top.y + top.h / 2], [ends[0], top.layer.bottom]);
    points.push([ends[1], bottom.layer.top], [ends[1], bottom.y - bottom.h / 2]);
    for (const point of points) {
      point[0] += this.left + side;
      point[1] += this.top;
    }
    if (kind.startsWith("forward")) points.reverse();
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", kind);
    path.setAttribute("d", curve(points));
    const tip = path.cloneNode();
    tip.setAttribute("d", head(points));
    tip.classList.add("head");
    this.svg.append(path, tip);
  }

  drawLabel(i, cell) {
    const link = this.links[i];
    let label = this.labels.get(i);
    if (!label) {
      label = this.canvas.appendChild(document.createElement("div"));
      label.innerHTML = "<span></span><span class=plumbing></span><span class=passes></span>";
      this.labels.set(i, label);
    }
    const [derivative, passes, plumbing] = labelTexts(this, link, this.now);
    const step = backwardStep(this.trace, link.node);
    label.className = `label${this.at === step ? " now" : ""}${this.parts(link) ? " wrong" : ""}`;
    label.children[0].textContent = this.secret && this.at < step ? derivative.split(" = ")[0] : derivative;
    label.children[1].textContent = plumbing;
    label.children[2].textContent = this.at >= step ? passes : "";
    this.place(label, cell);
  }

  /* Bring the current box into the middle if it is not in sight. */
  follow() {
    const i = this.index.get(this.boxOf(this.current));
    if (i === undefined) return;
    const cell = this.layout.boxes[i];
    const [top, height] = [this.element.scrollTop, this.element.clientHeight];
    const [x, y] = [(cell.x + this.left) * this.scale, (cell.y + this.top) * this.scale];
    const half = (cell.h / 2 + 8) * this.scale;
    const sideways = Math.abs(x - this.element.scrollLeft - this.element.clientWidth / 2)
      + cell.w / 2 < this.element.clientWidth / 2 || this.room.offsetWidth <= this.element.clientWidth;
    const inSight = y - half > top && y + half < top + height && sideways;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const behavior = calm || this.names.length > 200 ? "instant" : "smooth";
    const across = x - this.element.clientWidth / 2;
    if (!inSight) this.element.scrollTo({ top: y - height / 2, left: across, behavior });
  }
}
