// Where things are in a text. A span counts code points, the DOM counts UTF-16 units: this is
// the one place where the two meet.

// How many of the ascending numbers fulfil the condition; those that do come first.
function countWhile(numbers, holds) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(numbers[middle], middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Offsets {
  constructor(text) {
    this.text = text;
    // Where each surrogate pair begins, in units.
    this.pairs = [...text.matchAll(/[\u{10000}-\u{10ffff}]/gu)].map((found) => found.index);
    this.length = text.length - this.pairs.length;
  }

  // Code points before this unit; a place inside a pair belongs to the end of the pair.
  points(unit) {
    return unit - countWhile(this.pairs, (pair) => pair + 1 < unit);
  }

  units(point) {
    return point + countWhile(this.pairs, (pair, index) => pair - index < point);
  }

  slice(start, end) {
    return this.text.slice(this.units(start), this.units(end));
  }
}

// One text of the document as it stands on the page. Its nodes never change, so neither do these.
export class Field {
  constructor(element) {
    this.element = element;
    this.name = element.dataset.field;
    this.text = element.textContent;
    this.offsets = new Offsets(this.text);
    this.nodes = [];
    let end = 0;
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) this.nodes.push({ node: walker.currentNode, start: end, end: (end += walker.currentNode.length) });
  }

  // The unit at which a boundary of a DOM range stands; the nearest one if it stands outside.
  unitOf(node, offset) {
    const known = this.nodes.find((one) => one.node === node);
    if (known) return known.start + offset;
    const before = document.createRange();
    before.selectNodeContents(this.element);
    const place = before.comparePoint(node, offset);
    if (place) return place < 0 ? 0 : this.text.length;
    before.setEnd(node, offset);
    return before.toString().length;
  }

  // From unit to unit, as the DOM says it. A start goes into the node that begins there.
  range(start, end) {
    const range = document.createRange();
    range.setStart(...this.#boundary(start, (one) => start < one.end));
    range.setEnd(...this.#boundary(end, (one) => end <= one.end));
    return range;
  }

  rangeOfPoints(start, end) {
    return this.range(this.offsets.units(start), this.offsets.units(end));
  }

  #boundary(unit, fits) {
    const found = this.nodes.find(fits) ?? this.nodes.at(-1);
    return found ? [found.node, unit - found.start] : [this.element, 0];
  }
}
