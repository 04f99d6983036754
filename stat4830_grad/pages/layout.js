/* Where boxes go: a layered drawing (Sugiyama et al., 1981). The first box stands at the top, and
   every link goes from a box to one further down. Labels are boxes on the way of a link, so that
   they overlap nothing. Lengths are in CSS pixels. */

const GAP = { across: 20, down: 22 };
const LANE = 24; // width of a pair of lines
const FULL = 400; // links, up to which long ones are led around the boxes on their way

/* boxes: [{w, h}], links: [{from, to, w, h}] with the size of the link's label, which stands to the
   right of its line. Gives the cells of the boxes, with {x, y} of their centres, for each link the
   way that it takes, and the extent of the whole. */
function layered(boxes, links) {
  const rank = ranksOf(boxes.length, links);
  const cells = boxes.map((box, i) => cell(box, rank[i] * 2));
  const ways = links.map((link) => wayOf(link, cells, links.length <= FULL));
  const layers = [];
  for (const one of cells) (layers[one.rank] ??= []).push(one);
  for (let r = 0; r < layers.length; r++) layers[r] ??= [];
  for (let sweep = 0; sweep < 8; sweep++) order(layers, sweep % 2 === 0);
  placeAcross(layers);
  const height = placeDown(layers);
  const left = cells.reduce((far, one) => Math.min(far, one.x - one.left), Infinity);
  for (const one of cells) one.x -= left;
  const width = cells.reduce((far, one) => Math.max(far, one.x + one.right), 0);
  return { boxes: cells.slice(0, boxes.length), ways, height, width };
}

/* A place in a layer: as wide as `left` and `right` of its x, where lines run through it. */
function cell({ w, h }, rank, left = w / 2) {
  return { w, h, rank, left, right: w - left, x: 0, above: [], below: [] };
}

/* The longest way from the top to each box. Links lead from lower to higher places in the list. */
function ranksOf(count, links) {
  const rank = new Array(count).fill(0);
  const byStart = [...links].sort((a, b) => a.from - b.from);
  for (const { from, to } of byStart) rank[to] = Math.max(rank[to], rank[from] + 1);
  return rank;
}

/* The cells that a link passes: its label, then one in each layer down to its end. */
function wayOf(link, cells, whole) {
  const [top, bottom] = [cells[link.from], cells[link.to]];
  const passes = [];
  const last = whole ? bottom.rank : top.rank + 2;
  let before = top;
  for (let rank = top.rank + 1; rank < last; rank++) {
    const passed = passes.length ? cell({ w: 16, h: 0 }, rank) : cell(link, rank, LANE / 2);
    passed.above.push(before);
    before.below.push(passed);
    cells.push(passed);
    passes.push(passed);
    before = passed;
  }
  before.below.push(bottom);
  bottom.above.push(before);
  return { top, bottom, passes };
}

/* Each layer sorted by the mean place of its neighbours in the layer before. */
function order(layers, down) {
  const number = () => layers.forEach((layer) => layer.forEach((one, i) => (one.place = i)));
  number();
  for (const layer of down ? layers : [...layers].reverse()) {
    for (const one of layer) {
      const near = down ? one.above : one.below;
      one.wish = near.length ? mean(near.map((other) => other.place)) : one.place;
    }
    layer.sort((a, b) => a.wish - b.wish);
    layer.forEach((one, i) => (one.place = i));
  }
}

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/* Each one as near to the mean of its neighbours as the others of its layer allow. */
function placeAcross(layers) {
  for (const layer of layers) separate(layer);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (const layer of sweep % 2 ? [...layers].reverse() : layers) {
      for (const one of layer) {
        const near = sweep % 2 ? one.below : one.above;
        const both = sweep > 8 ? [...one.above, ...one.below] : near;
        if (both.length) one.x = mean(both.map((other) => other.x));
      }
      separate(layer);
    }
  }
}

/* The least movement, in the sense of least squares, after which neighbours do not overlap:
   isotonic regression by pooling adjacent violators. */
function separate(layer) {
  const pools = [];
  let offset = 0;
  layer.forEach((one, i) => {
    if (i) offset += layer[i - 1].right + one.left + GAP.across;
    one.offset = offset;
    let pool = { sum: one.x - offset, cells: [one] };
    while (pools.length && pools.at(-1).sum / pools.at(-1).cells.length > pool.sum / pool.cells.length) {
      const before = pools.pop();
      pool = { sum: before.sum + pool.sum, cells: [...before.cells, ...pool.cells] };
    }
    pools.push(pool);
  });
  for (const pool of pools) {
    for (const one of pool.cells) one.x = pool.sum / pool.cells.length + one.offset;
  }
}

/* Layers one below the other; how high they are together. */
function placeDown(layers) {
  let y = 0;
  for (const layer of layers) {
    const height = layer.reduce((most, one) => Math.max(most, one.h), 0);
    for (const one of layer) {
      one.y = y + height / 2;
      one.layer = { top: y, bottom: y + height };
    }
    y += height + GAP.down;
  }
  return y - GAP.down;
}
