// The line to the server: what it says about the model, in words that are true.
import { showState } from "./say.js";
import { desk, loadNext, onSheet, openDocument, clientId } from "./sheet.js";
import { receive } from "./suggestions.js";

const PING_MS = 20_000;
const SILENT_MS = 45_000;
const LONGEST_WAIT_MS = 15_000;
const FINAL = { 4401: "Signed out: reload to sign in", 4403: "No longer open to you", 4404: "This project is gone" };

let socket = null;
let failures = 0;
let heardAt = 0;
let retry = 0;
let model = null;

const ON = {
  hello(frame) {
    failures = 0;
    engine(frame.engine);
  },
  engine: (frame) => engine(frame.state),
  suggestion(frame) {
    model = frame.model;
    receive(frame);
    engine("ready");
  },
  learned(frame) {
    model = frame.model;
    engine("ready");
  },
  unavailable(frame) {
    if (frame.document === openDocument()) engine("unavailable");
  },
  answered(frame) {
    if (frame.document === openDocument() && frame.client_id !== clientId()) loadNext();
  },
};

function engine(state) {
  if (state === "unavailable") return showState("Suggestions unavailable", "bad");
  if (state === "warming") return showState("The model is warming up", "warn");
  showState(model ? `Learning, v${model.version}` : "Connected", "good");
}

function address() {
  const url = new URL(desk().dataset.socket, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url;
}

function send(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

const look = () => openDocument() && send({ type: "open", document: openDocument() });

function connect() {
  clearTimeout(retry);
  const current = (socket = new WebSocket(address()));
  current.onopen = () => {
    heardAt = Date.now();
    look();
  };
  current.onmessage = (event) => {
    heardAt = Date.now();
    const frame = JSON.parse(event.data);
    ON[frame.type]?.(frame);
  };
  current.onclose = (event) => current === socket && closed(event.code);
}

function closed(code) {
  socket = null;
  if (code in FINAL) return showState(FINAL[code], "bad");
  showState("Not connected: suggestions unavailable", "bad");
  const wait = Math.min(500 * 2 ** failures++, LONGEST_WAIT_MS);
  retry = setTimeout(connect, wait * (0.75 + Math.random() / 2));
}

function beat() {
  if (!socket) return;
  // A cable pulled out closes nothing: silence does.
  if (socket.readyState === WebSocket.OPEN && Date.now() - heardAt > SILENT_MS) {
    const silent = socket;
    closed(0);
    silent.close();
  } else send({ type: "ping" });
}

showState("");
setTimeout(() => document.getElementById("state").textContent || showState("Connecting"), 300);
setInterval(beat, PING_MS);
addEventListener("online", () => socket?.readyState !== WebSocket.OPEN && connect());
addEventListener("pagehide", () => socket?.close());
addEventListener("pageshow", (event) => event.persisted && loadNext().then(connect));
connect();
onSheet(look);
