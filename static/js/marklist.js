// What is marked, once more in words: a list beside the text, and a bar for thumbs.
import { isSpan, marksOf } from "./marks.js";
import { questions } from "./sheet.js";

const LONGEST = 90;
// What a reader cannot see in a quote, by the sign or the letters that stand for it.
const SIGNS = { "\n": "↵", "\r": "␍", "\t": "⇥", "\u00a0": "⍽", "\u00ad": "SHY", "\u200b": "ZWSP", "\u200c": "ZWNJ", "\u200d": "ZWJ", "\u200e": "LRM", "\u200f": "RLM", "\u2060": "WJ", "\ufeff": "BOM", "\u061c": "ALM" };
export const HIDDEN = /[\p{Cf}\p{Cc}\u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3164]/gu;

export const signOf = (character) => SIGNS[character] ?? `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

// A quote that can be read even if there is nothing to see in it.
export function readable(quote) {
  const cut = quote.length > LONGEST ? `${quote.slice(0, LONGEST).trimEnd()}…` : quote;
  const line = cut.replace(/\r\n|\r|\n/g, " ↵ ");
  return line.replace(/[\s\p{Cf}\p{M}]/gu, "") ? line : [...quote].map(signOf).join(" ");
}

export const labelOf = (id) => document.querySelector(`.choices [data-label="${id}"]`);
export const nameOfLabel = (id) => labelOf(id)?.querySelector(".name").textContent.trim() ?? "";

function made(kind, className, text = "") {
  return Object.assign(document.createElement(kind), { className, textContent: text });
}

function button(words, act, className = "button quiet small") {
  const one = Object.assign(made("button", className, words), { type: "button" });
  one.dataset.act = act;
  return one;
}

function row({ span, isOffer, isCurrent }) {
  const one = made("li", `mark-row label-${span.label}`);
  one.classList.toggle("offer", isOffer);
  one.classList.toggle("current", Boolean(isCurrent));
  Object.assign(one.dataset, { field: span.field, start: span.start, end: span.end, label: span.label });
  const quote = readable(span.quote);
  const name = nameOfLabel(span.label);
  const go = button("", "go", "mark-go");
  const words = made("bdi", "mark-quote", quote);
  const label = made("span", "mark-label", isOffer ? `${name} ${Math.round(span.score * 100)} %` : name);
  if (isOffer) label.append(made("span", "visually-hidden", ", suggested"));
  go.append(made("span", "swatch"), words, label);
  go.setAttribute("aria-current", String(Boolean(isCurrent)));
  one.append(go);
  for (const [act, verb] of isOffer ? [["accept", "Accept"], ["remove", "Dismiss"]] : [["remove", "Remove"]]) {
    const press = button(verb, act);
    press.setAttribute("aria-label", `${verb} ${quote}, ${name}`);
    one.append(press);
  }
  return one;
}

// items: as drawn in the text, in its order.
export function showList(items) {
  for (const question of questions().filter(isSpan)) {
    const list = question.querySelector(".mark-list");
    const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement);
    showRows(list, items.filter((item) => item.question === question));
    const buttons = list.querySelectorAll("button");
    if (focused >= 0) (buttons[Math.min(focused, buttons.length - 1)] ?? document.getElementById("text")).focus({ preventScroll: true });
    showCounts(question);
  }
}

// Rows that stay are left where they are.
function showRows(list, items) {
  const standing = new Map([...list.children].map((one) => [one.dataset.key, one]));
  const rows = items.map((item) => {
    const key = JSON.stringify([item.span, item.isOffer, Boolean(item.isCurrent)]);
    if (standing.has(key)) return standing.get(key);
    const made = row(item);
    made.dataset.key = key;
    return made;
  });
  const wanted = new Set(rows);
  for (const one of [...list.children]) if (!wanted.has(one)) one.remove();
  rows.forEach((one, place) => list.children[place] !== one && list.insertBefore(one, list.children[place] ?? null));
}

function showCounts(question) {
  const counts = new Map();
  for (const { label } of marksOf(question)) counts.set(label, (counts.get(label) ?? 0) + 1);
  for (const label of question.querySelectorAll(".choices .choice"))
    label.querySelector(".count").textContent = counts.get(Number(label.dataset.label)) ?? "";
}

// Labels as large as a thumb, while there is something that they could be given to.
export function showBar({ selection, current }) {
  const bar = document.getElementById("span-bar");
  if (!bar) return;
  const subject = current?.span ?? selection;
  bar.hidden = !subject;
  document.body.classList.toggle("selecting", Boolean(subject));
  if (!subject) return bar.replaceChildren();
  const acts = current?.isOffer ? [button("Accept", "accept", "button primary"), button("Dismiss", "remove", "button")] : current ? [button("Remove", "remove", "button danger")] : [];
  const quote = made("p", "span-bar-quote");
  quote.append(made("bdi", "", readable(subject.quote)), ...(current ? [made("span", "faint", ` ${nameOfLabel(current.span.label)}`)] : []));
  const labels = made("div", "span-bar-labels");
  labels.append(...questions().filter(isSpan).flatMap((question) => [...question.querySelectorAll(".choices .choice")]).map(thumb), ...acts);
  bar.replaceChildren(quote, button("Close", "leave", "button quiet small"), labels);
}

function thumb(label) {
  const one = made("button", `button label-${label.dataset.label}`);
  one.type = "button";
  one.dataset.label = label.dataset.label;
  one.append(made("span", "swatch"), made("bdi", "", label.querySelector(".name").textContent.trim()));
  return one;
}
