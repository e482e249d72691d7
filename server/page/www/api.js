// api.js - asking the server: JSON, server-sent events, lines. Everything goes to where the page came from.
//
// A key lives in this tab's sessionStorage, never in a link. Where one is needed and missing, the user is asked once.

const store = "touchstone-key";

function headers(body) {
  const h = {};
  const key = sessionStorage.getItem(store);
  if (body !== undefined) h["Content-Type"] = "application/json";
  if (key) h.Authorization = `Bearer ${key}`;
  return h;
}

/** Resolves to true when the user gave a key. */
function askKey() {
  const dialog = document.getElementById("ask-key");
  const input = document.getElementById("key");
  input.value = "";
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = dialog.returnValue === "ok" && input.value !== "";
      if (given) sessionStorage.setItem(store, input.value);
      resolve(given);
    }, { once: true });
  });
}

async function failed(reply) {
  let message = `${reply.status} ${reply.statusText}`;
  try {
    const e = (await reply.json()).error;
    message = e.param ? `${e.param}: ${e.message}` : e.message;
  } catch { /* no JSON: the status says it */ }
  return Object.assign(new Error(message), { status: reply.status });
}

async function ask(path, body, { signal, method } = {}) {
  for (;;) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const reply = await fetch(path, { method: method || (body === undefined ? "GET" : "POST"), headers: headers(body), body: text, signal });
    if (reply.ok) return reply;
    if (reply.status !== 401 || !(await askKey())) throw await failed(reply);
  }
}

export async function json(path, body, options) {
  return (await ask(path, body, options)).json();
}

export async function text(path, options) {
  return (await ask(path, undefined, options)).text();
}

async function eachLine(reply, f) {
  const reader = reply.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value || new Uint8Array(), { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop();
    lines.forEach(f);
    if (done) break;
  }
  if (rest) f(rest);
}

/** NDJSON: f(object) a line. */
export async function lines(path, body, f, options) {
  await eachLine(await ask(path, body, options), (line) => { if (line) f(JSON.parse(line)); });
}

/** Server-sent events of OpenAI's kind: f(object) an event. */
export async function events(path, body, f, options) {
  let error = null;
  await eachLine(await ask(path, body, options), (line) => {
    if (!line.startsWith("data: ") || line === "data: [DONE]") return;
    const event = JSON.parse(line.slice(6));
    if (event.error) error = new Error(event.error.message);
    else f(event);
  });
  if (error) throw error;
}

/** The same request for a shell. */
export function curl(path, body) {
  const quoted = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${location.origin}${path} -H 'Content-Type: application/json' -d '${quoted}'`;
}
