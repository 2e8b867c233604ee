// What is picked but not submitted is kept here at once, and on the server a moment later.
import { refresh } from "./answer.js";
import { documentOf, post } from "./post.js";
import { redraw } from "./spans.js";
import { clientId, form, onSheet, openDocument, user } from "./sheet.js";

const WAIT_MS = 800;
// More than this a browser does not send for a page that is going.
const MOST_KEPT_ALIVE = 60_000;
const key = () => `annotate.draft.${user()}`;
let timer = 0;

function chosen() {
  const fields = [...new FormData(form())].filter(([name]) => /^(q|none)-/.test(name));
  return new URLSearchParams(fields).toString();
}

function changed() {
  const { dataset, elements } = form();
  dataset.sequence = Number(dataset.sequence) + 1;
  const draft = {
    document: openDocument(),
    client: clientId(),
    replaces: elements.replaces.value,
    sequence: Number(dataset.sequence),
    chosen: chosen(),
  };
  localStorage.setItem(key(), JSON.stringify(draft));
  clearTimeout(timer);
  timer = setTimeout(send, WAIT_MS, dataset.draft, draft);
}

async function send(path, draft) {
  try {
    const body = `client_id=${draft.client}&sequence=${draft.sequence}&${draft.chosen}`;
    await post(path, body, { keepalive: body.length < MOST_KEPT_ALIVE });
  } catch {
    // It stays in this browser; the next change, or the answer itself, is sent again.
    console.info("draft kept here");
  }
}

function restore() {
  const draft = JSON.parse(localStorage.getItem(key()) ?? "null");
  if (!form() || draft?.document !== openDocument()) return;
  const { elements, dataset } = form();
  // Answered elsewhere meanwhile, or the server holds a newer draft: this one is history.
  const older = "restored" in dataset && draft.sequence <= Number(dataset.sequence);
  if (older || draft.replaces !== elements.replaces.value) return localStorage.removeItem(key());
  const picks = new URLSearchParams(draft.chosen);
  for (const input of form().querySelectorAll(".choices input"))
    input.checked = picks.getAll(input.name).includes(input.value);
  for (const input of form().querySelectorAll("input[data-spans]")) input.value = picks.get(input.name) ?? "[]";
  elements.client_id.value = draft.client;
  dataset.sequence = draft.sequence;
  redraw();
  refresh();
}

const isLast = (element) => element.matches("#answer, #skip-form, #undo");

document.addEventListener("change", (event) => {
  if (event.target.closest("#answer .question")) changed();
});
// The answer says it all; a draft after it would come too late.
document.addEventListener("htmx:beforeRequest", (event) => isLast(event.detail.elt) && clearTimeout(timer));
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (!isLast(detail.elt) || !detail.xhr.getResponseHeader("Annotate-Saved")) return;
  const draft = JSON.parse(localStorage.getItem(key()) ?? "null");
  if (draft?.document === documentOf(detail.requestConfig.path)) localStorage.removeItem(key());
});
onSheet(restore);
