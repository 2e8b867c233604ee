// Answers on their way. One is stored before it is sent and forgotten only when the server
// confirms it, so a lost connection, a closed laptop or an expired sign-in loses nothing.
import { activeMs } from "./active.js";
import { announce, showSaved } from "./say.js";
import { documentOf, post, token } from "./post.js";
import { loadNext, openDocument, user } from "./sheet.js";

const SAVED = "Annotate-Saved";
const RETRY_MS = 5_000;
const prefix = () => `annotate.outbox.${user()}.`;
const others = new BroadcastChannel("annotate");
let sending = false;

// One entry a key, so that tabs never overwrite each other's.
const put = ({ id, ...entry }) => localStorage.setItem(prefix() + id, JSON.stringify(entry));
const forget = (id) => localStorage.removeItem(prefix() + id);

function stored() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix()));
  const entry = (key) => ({ id: key.slice(prefix().length), ...JSON.parse(localStorage.getItem(key)) });
  return keys.map(entry).sort((a, b) => a.at - b.at);
}

const isAnswer = (element) => element.id === "answer" || element.id === "skip-form";

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters, headers, path, verb } = event.detail;
  if (verb === "get") return;
  headers["X-CSRFToken"] = token();
  delete parameters.csrfmiddlewaretoken;
  if (!isAnswer(elt)) return;
  parameters.active_ms = String(activeMs());
  if (elt.id === "skip-form") parameters.painted = document.getElementById("answer").elements.painted.value;
  const body = new URLSearchParams(event.detail.formData).toString();
  put({ id: parameters.client_id, path, body, at: Date.now() });
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr, requestConfig } = event.detail;
  if (requestConfig.verb === "get") return;
  const id = xhr.getResponseHeader(SAVED);
  if (id) confirmed({ id, path: requestConfig.path }, elt.id === "undo" ? "Undone" : "Saved");
  // The page itself now says why it was refused.
  else if (isAnswer(elt) && (xhr.status === 409 || xhr.status === 422)) forget(requestConfig.parameters.client_id);
  else if (isAnswer(elt) && !xhr.getResponseHeader("HX-Redirect")) waiting();
  else if (elt.id === "undo") showSaved("Not undone: the server did not answer", { pending: true });
});

function confirmed({ id, path }, words) {
  forget(id);
  others.postMessage({ answered: documentOf(path) });
  showSaved(words);
  announce(words);
}

function waiting() {
  const count = stored().length;
  if (!count) return;
  const words = count > 1 ? `${count} answers saved here, will be sent` : "Saved here, will be sent";
  showSaved(words, { pending: true });
  setTimeout(flush, RETRY_MS);
}

// Sends what is left over, oldest first, without asking for a next document.
export async function flush() {
  if (sending) return;
  sending = true;
  try {
    for (const entry of stored()) if (!entry.refused && !(await deliver(entry))) break;
  } finally {
    sending = false;
  }
}

// Whether the line is free for the next one.
async function deliver(entry) {
  // A server that cannot be reached answers like one that is overloaded: later.
  const response = await post(entry.path, `${entry.body}&next=0`).catch(() => ({ status: 503 }));
  if (response.status >= 500 || response.status === 429) {
    waiting();
    return false;
  }
  if (response.headers.get("HX-Redirect")) {
    showSaved("Saved here, sign in to send it", { pending: true });
    return false;
  }
  if (response.status === 403) {
    // The sign-in or the token is gone; a page loaded afresh has both, or says what is wrong.
    showSaved("Saved here, reload the page to send it", { pending: true });
    return false;
  }
  if (response.headers.get(SAVED)) {
    confirmed(entry, "Saved");
    if (documentOf(entry.path) === openDocument()) loadNext();
  } else {
    // The server will never take it as it is: the person decides.
    put({ ...entry, refused: true });
    showRefused();
  }
  return true;
}

function showRefused() {
  const entry = stored().find((one) => one.refused);
  const notice = document.getElementById("unsent");
  notice.hidden = !entry;
  if (!entry) return;
  const open = Object.assign(document.createElement("a"), { href: entry.path.replace(/[^/]+$/, ""), textContent: "Open the document" });
  const drop = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: "Let it go" });
  drop.addEventListener("click", () => {
    forget(entry.id);
    showRefused();
  });
  notice.replaceChildren("One answer was not accepted: the document changed meanwhile. ", open, " ", drop);
}

others.addEventListener("message", ({ data }) => data.answered === openDocument() && loadNext());
addEventListener("online", flush);
addEventListener("load", flush);
showRefused();
