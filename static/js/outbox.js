// Answers on their way. One is stored before it is sent and forgotten only when the server
// confirms it, so a lost connection, a closed laptop or an expired sign-in loses nothing.
import { activeMs } from "./active.js";
import { announce, showSaved } from "./say.js";
import { documentOf, post, token } from "./post.js";
import { clientId, loadNext, openDocument, user } from "./sheet.js";

const SAVED = "Annotate-Saved";
const RETRY_MS = 5_000;
const key = () => `annotate.outbox.${user()}`;
const others = new BroadcastChannel("annotate");
let sending = false;

const stored = () => JSON.parse(localStorage.getItem(key()) ?? "{}");

function store(entries) {
  if (Object.keys(entries).length) localStorage.setItem(key(), JSON.stringify(entries));
  else localStorage.removeItem(key());
}

function put(id, entry) {
  store({ ...stored(), [id]: entry });
}

function forget(id) {
  const { [id]: _, ...rest } = stored();
  store(rest);
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
  put(parameters.client_id, { path, body: new URLSearchParams(event.detail.formData).toString(), at: Date.now() });
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr, requestConfig } = event.detail;
  if (requestConfig.verb === "get") return;
  const id = xhr.getResponseHeader(SAVED);
  if (id) confirmed(id, elt.id === "undo" ? "Undone" : "Saved");
  // The page itself now says why it was refused.
  else if (isAnswer(elt) && (xhr.status === 409 || xhr.status === 422)) forget(requestConfig.parameters.client_id);
  else if (isAnswer(elt) && !xhr.getResponseHeader("HX-Redirect")) waiting();
});

function confirmed(id, words) {
  forget(id);
  others.postMessage({ saved: id });
  showSaved(words);
  announce(words);
}

function waiting() {
  const count = Object.keys(stored()).length;
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
    for (const [id, entry] of Object.entries(stored()).sort((a, b) => a[1].at - b[1].at))
      if (!entry.refused && !(await deliver(id, entry))) break;
  } finally {
    sending = false;
  }
}

async function deliver(id, entry) {
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
  if (response.headers.get(SAVED)) {
    confirmed(id, "Saved");
    if (documentOf(entry.path) === openDocument()) loadNext();
  } else {
    // The server will never take it as it is: the person decides.
    put(id, { ...entry, refused: true });
    showRefused();
  }
  return true;
}

function showRefused() {
  const [id, entry] = Object.entries(stored()).find(([, one]) => one.refused) ?? [];
  const notice = document.getElementById("unsent");
  notice.hidden = !id;
  if (!id) return;
  const open = Object.assign(document.createElement("a"), { href: entry.path.replace(/[^/]+$/, ""), textContent: "Open the document" });
  const drop = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: "Let it go" });
  drop.addEventListener("click", () => {
    forget(id);
    showRefused();
  });
  notice.replaceChildren("One answer was not accepted: the document changed meanwhile. ", open, " ", drop);
}

others.addEventListener("message", (event) => event.data.saved === clientId() && loadNext());
addEventListener("online", flush);
addEventListener("load", flush);
showRefused();
