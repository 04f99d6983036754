/* A list of any length of which only the rows in sight exist in the document; on paper all, up to
   a thousand. */
const MOST_PRINTED = 1000;

class Rows {
  /* fill(row, i) puts the content of row i into an element; choose(i) is called when it is clicked. */
  constructor(element, count, fill, choose) {
    Object.assign(this, { element, count, fill, choose, shown: new Map(), current: -1 });
    this.sheet = element.appendChild(document.createElement("div"));
    this.sheet.className = "sheet";
    this.sheet.setAttribute("role", "rowgroup");
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.height = rem * parseFloat(getComputedStyle(element).getPropertyValue("--row"));
    element.style.setProperty("--digits", String(count).length);
    element.setAttribute("aria-rowcount", count);
    this.sheet.style.height = `${count * this.height}px`;
    element.addEventListener("scroll", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(element);
    whenPrinted((printing) => {
      this.printing = printing;
      this.draw();
    });
  }

  draw() {
    const { height } = this;
    const top = Math.max(0, Math.floor(this.element.scrollTop / height) - 10);
    const first = this.printing ? 0 : top;
    const room = this.printing ? MOST_PRINTED : Math.ceil(this.element.clientHeight / height) + 20;
    const last = Math.min(this.count, first + room);
    for (const [i, row] of this.shown) {
      if (i >= first && i < last) continue;
      row.remove();
      this.shown.delete(i);
    }
    for (let i = first; i < last; i++) this.drawRow(i, height);
  }

  drawRow(i, height) {
    let row = this.shown.get(i);
    if (!row) {
      row = this.sheet.appendChild(document.createElement("div"));
      row.setAttribute("role", "row");
      row.setAttribute("aria-rowindex", i + 1);
      row.style.transform = `translateY(${i * height}px)`;
      row.addEventListener("click", () => this.choose(i));
      this.shown.set(i, row);
      this.fill(row, i);
    }
    row.classList.toggle("current", i === this.current);
    if (i === this.current) row.setAttribute("aria-current", "step");
    else row.removeAttribute("aria-current");
  }

  /* Write all rows in sight anew. */
  renew() {
    for (const [i, row] of this.shown) this.fill(row, i);
  }

  /* Mark a row as the current one and bring it into sight. */
  go(i) {
    this.current = i;
    const [top, height] = [i * this.height, this.element.clientHeight];
    if (top < this.element.scrollTop || top + this.height > this.element.scrollTop + height) {
      this.element.scrollTop = top - height / 2;
    }
    this.draw();
  }
}

/* The cells of a row: [class, text] each. */
function setCells(row, cells) {
  while (row.children.length < cells.length) {
    row.append(Object.assign(document.createElement("span"), { role: "cell" }));
  }
  cells.forEach(([name, text], k) => {
    row.children[k].className = name;
    row.children[k].textContent = text;
    row.children[k].title = String(text).length > 18 ? text : "";
  });
}

/* Call f(true) before the page is printed and f(false) afterwards. */
function whenPrinted(f) {
  addEventListener("beforeprint", () => f(true));
  addEventListener("afterprint", () => f(false));
}
