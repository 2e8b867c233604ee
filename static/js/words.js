// Words and characters as readers see them. All places are UTF-16 units.
const WORDS = new Intl.Segmenter(undefined, { granularity: "word" });
const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
// Written without spaces: where a word ends is the reader's to say.
const UNSPACED = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;
// What a cursor that goes by words passes over: blanks, punctuation, and what cannot be seen.
const PASSED = /^[\s\p{P}\p{Cf}\p{Cc}]*$/u;
const BLANK = /[\s\u200b\ufeff]/u;
// Longer than any cluster that somebody wrote; segmenting a whole text for one is slow.
const NEAR = 400;
const PART = 2_000;

export class Words {
  // The part of the text that was segmented last: {from, to, segments}.
  #part = { from: 0, to: 0, segments: null };

  constructor(text) {
    this.text = text;
  }

  #at(unit) {
    const { from, to } = this.#part;
    const isInside = (unit - NEAR >= from || from === 0) && (unit + NEAR <= to || to === this.text.length) && unit < to && unit >= from;
    if (!isInside) this.#segment(unit);
    const found = this.#part.segments.containing(unit - this.#part.from);
    const start = this.#part.from + found.index;
    return { start, end: start + found.segment.length, isWord: found.isWordLike, segment: found.segment };
  }

  // A long text is segmented where it is read, from one blank to another.
  #segment(unit) {
    const isBlank = (place) => /\s/.test(this.text[place]);
    let from = Math.max(0, unit - PART);
    let to = Math.min(this.text.length, unit + PART);
    while (from > 0 && from < unit - NEAR && !isBlank(from)) from += 1;
    while (to < this.text.length && to > unit + NEAR && !isBlank(to)) to -= 1;
    this.#part = { from, to, segments: WORDS.segment(this.text.slice(from, to)) };
  }

  // The first word that begins here or later; null behind the last.
  after(unit) {
    for (let place = unit; place < this.text.length; ) {
      const word = this.#at(place);
      if (word.start >= unit && !PASSED.test(word.segment)) return word;
      place = word.end;
    }
    return null;
  }

  before(unit) {
    for (let place = unit - 1; place >= 0; ) {
      const word = this.#at(place);
      if (word.end <= unit && !PASSED.test(word.segment)) return word;
      place = word.start - 1;
    }
    return null;
  }

  // The word around a place or ending there, else the next, else the last.
  near(unit) {
    for (const place of [unit, unit - 1]) {
      const word = place >= 0 && place < this.text.length ? this.#at(place) : null;
      if (word && !PASSED.test(word.segment)) return word;
    }
    return this.after(unit) ?? this.before(unit);
  }

  // What a hand meant that swept over this: whole words, no blanks at the ends.
  snapped(start, end) {
    const trimmed = this.trimmed(start, end);
    if (!trimmed) return null;
    const [first, last] = [this.#at(trimmed.start), this.#at(trimmed.end - 1)];
    const whole = (word) => word.isWord && !UNSPACED.test(word.segment);
    return { start: whole(first) ? first.start : trimmed.start, end: whole(last) ? last.end : trimmed.end };
  }

  trimmed(start, end) {
    while (start < end && BLANK.test(this.text[start])) start += 1;
    while (end > start && BLANK.test(this.text[end - 1])) end -= 1;
    return start < end ? { start, end } : null;
  }

  // Where the character ends that begins here. With `parts`, what it is made of counts singly.
  nextCharacter(unit, parts = false) {
    if (unit >= this.text.length) return this.text.length;
    const point = unit + (this.text.codePointAt(unit) > 0xffff ? 2 : 1);
    if (parts) return point;
    const found = CHARACTERS.segment(this.text.slice(unit, unit + NEAR)).containing(0);
    return unit + found.segment.length;
  }

  previousCharacter(unit, parts = false) {
    if (unit <= 0) return 0;
    const isPair = /[\udc00-\udfff]/.test(this.text[unit - 1]) && /[\ud800-\udbff]/.test(this.text[unit - 2] ?? "");
    if (parts) return unit - (isPair ? 2 : 1);
    const first = Math.max(0, unit - NEAR);
    return first + CHARACTERS.segment(this.text.slice(first, unit)).containing(unit - first - 1).index;
  }
}
