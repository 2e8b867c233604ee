// The Model page while it stays open: "2 minutes ago" stays true, and what was opened stays open
// when newer figures come.

const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", Infinity]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always" });
let opened = [];

function ago(then) {
  let since = Math.max(Math.round((Date.now() - then) / 1000), 1);
  for (const [unit, size] of STEPS) {
    if (since < size) return words.format(-since, unit);
    since = Math.round(since / size);
  }
}

function tell() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    time.textContent = ago(Date.parse(time.dateTime));
  }
}

const nameOf = (details) => details.querySelector("summary").textContent;

function remember() {
  opened = [...document.querySelectorAll("#measured details[open]")].map(nameOf);
}

function restore() {
  for (const details of document.querySelectorAll("#measured details")) {
    details.open = opened.includes(nameOf(details));
  }
  tell();
}

tell();
setInterval(tell, 5000);
document.addEventListener("htmx:beforeSwap", remember);
document.addEventListener("htmx:afterSwap", restore);
