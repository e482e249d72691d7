// chat.js - a conversation: thoughts folded, timed and counted; tokens by their probability; branches.
//
// The conversation is a tree. A turn that is edited or asked for again gets a sibling; what is shown is the path of
// the chosen children.
import { area, button, check, eachFrame, el, failure, seconds } from "./dom.js";
import { events, json } from "./api.js";
import { markdown } from "./markdown.js";
import { sampling } from "./settings.js";
import { token, watch } from "./tokens.js";

export const name = "Chat";

function turn(parent, role, content) {
  const t = { parent, role, content, thought: "", tokens: [], cut: 0, children: [], chosen: 0, ms: 0, thinkMs: 0, done: role === "user" };
  parent?.children.push(t);
  if (parent) parent.chosen = parent.children.length - 1;
  return t;
}

const top = { parent: null, role: "system", content: "", children: [], chosen: 0 }; // kept while the page is open
let abort = null;

function path() {
  const all = [];
  for (let t = top.children[top.chosen]; t; t = t.children[t.chosen]) all.push(t);
  return all;
}

function messagesUpTo(t) {
  const list = [];
  for (; t && t !== top; t = t.parent) list.unshift({ role: t.role, content: t.content });
  if (top.content) list.unshift({ role: "system", content: top.content });
  return list;
}

/** What a chunk adds to an answer. */
function take(t, chunk, began) {
  const choice = chunk.choices?.[0];
  if (chunk.usage) t.usage = chunk.usage;
  if (!choice) return;
  if (choice.delta.reasoning_content) t.thought += choice.delta.reasoning_content;
  if (choice.delta.content) {
    if (!t.content && t.thought) {
      t.thinkMs = performance.now() - began;
      t.cut = t.tokens.length;
    }
    t.content += choice.delta.content;
  }
  for (const x of choice.logprobs?.content || []) t.tokens.push([x.token, x.logprob, (x.top_logprobs || []).map((y) => [y.token, y.logprob])]);
  if (choice.finish_reason) t.finish = choice.finish_reason;
}

function facts(t) {
  const n = t.usage?.completion_tokens ?? t.tokens.length;
  const rate = t.ms > 0 && n ? `, ${(n / t.ms * 1000).toFixed(0)} a second` : "";
  const end = t.finish === "length" ? ", cut off" : t.finish && t.finish !== "stop" ? `, ${t.finish}` : "";
  return n ? `${n} tokens in ${seconds(t.ms)}${rate}${end}` : "";
}

export function mount(root, state) {
  const message = area("Message", state.message || "");
  const system = area("System", top.content || state.system || "", { rows: 2 });
  const settings = sampling(state.sampling, { temperature: 0.6 });
  const probabilities = check("Probabilities", false);
  const raw = check("Raw text", false);
  const talk = el("div", { "aria-live": "off" });
  const said = el("p", { class: "dim", role: "status" });
  const send = button("Send", () => start(), { class: "main" });
  const stop = button("Stop", () => abort?.abort());
  const shown = new Map(); // turn -> {box, draw}

  function body(t) {
    return { messages: messagesUpTo(t.parent), stream: true, stream_options: { include_usage: true }, logprobs: true, top_logprobs: 4,
      ...settings.read() };
  }

  async function answer(t) {
    abort = new AbortController();
    const began = performance.now();
    const tick = eachFrame(() => shown.get(t)?.draw());
    draw();
    try {
      await events("/v1/chat/completions", body(t), (chunk) => { take(t, chunk, began); t.ms = performance.now() - began; tick(); }, { signal: abort.signal });
    } catch (error) {
      if (error.name === "AbortError") t.finish = "stopped";
      else t.error = error;
    }
    t.done = true;
    t.ms = performance.now() - began;
    abort = null;
    said.textContent = `The answer is there: ${facts(t)}`;
    draw();
  }

  function start() {
    const text = message.input.value;
    if (!text.trim() || abort) return;
    top.content = system.input.value;
    const all = path();
    const question = turn(all.at(-1) || top, "user", text);
    message.input.value = "";
    answer(turn(question, "assistant", ""));
  }

  function edit(t) {
    const box = area("Message", t.content);
    const use = button("Send as a branch", () => {
      if (abort) return;
      answer(turn(turn(t.parent, "user", box.input.value), "assistant", ""));
    }, { class: "main" });
    shown.get(t).box.replaceChildren(box.box, use, button("Leave it", draw));
    box.input.focus();
  }

  function siblings(t) {
    const all = t.parent.children;
    if (all.length < 2) return null;
    const go = (d) => () => { t.parent.chosen = (t.parent.chosen + d + all.length) % all.length; draw(); };
    return el("span", {}, button("‹", go(-1), { class: "small", label: "Branch before" }), ` ${t.parent.chosen + 1} of ${all.length} `,
      button("›", go(1), { class: "small", label: "Next branch" }));
  }

  async function rendered(t, box) {
    try {
      const { stream, stream_options, ...rest } = body(t);
      const r = await json("/v1/chat/completions/render", rest);
      box.append(el("h3", { text: "What the model was given" }), el("pre", { text: r.prompt }));
    } catch (error) {
      box.append(failure(error));
    }
  }

  function content(t) {
    if (raw.input.checked) return el("pre", { text: t.tokens.length ? t.tokens.map((x) => x[0]).join("") : t.content });
    if (probabilities.input.checked) return coloured(t.tokens.slice(t.cut));
    return markdown(t.content);
  }

  function coloured(tokens) {
    return watch(el("div", { class: "text" }, ...tokens.map((x) => token(...x))));
  }

  /** The thoughts, folded: timed, counted. */
  function thoughts(t) {
    if (!t.thought || raw.input.checked) return null;
    return el("details", {}, el("summary", { text: `Thoughts: ${t.cut || t.tokens.length} tokens in ${seconds(t.thinkMs || t.ms)}` }),
      probabilities.input.checked ? coloured(t.cut ? t.tokens.slice(0, t.cut) : t.tokens) : el("div", { class: "text dim", text: t.thought }));
  }

  /** While tokens arrive only what is new is added. */
  function growing(t, box) {
    const tokens = watch(el("div", { class: "text" }));
    const plain = el("div", { class: "text" });
    const line = el("p", { class: "dim" });
    let n = 0;
    box.append(tokens, plain, line);
    return () => {
      if (probabilities.input.checked) {
        tokens.append(...t.tokens.slice(n).map((x) => token(...x)));
        n = t.tokens.length;
      } else {
        plain.textContent = t.content || t.thought;
        plain.classList.toggle("dim", !t.content);
      }
      line.textContent = t.content || !t.thought ? facts(t) : `thinking, ${seconds(t.ms)}`;
    };
  }

  function done(t, box) {
    box.append(...[thoughts(t), content(t)].filter(Boolean));
    if (t.error) box.append(failure(t.error));
    box.append(el("p", { class: "dim" }, facts(t), " ", siblings(t), " ",
      button("Again", () => { if (!abort) answer(turn(t.parent, "assistant", "")); }, { class: "small" }), " ",
      button("As the model sees it", () => rendered(t, box), { class: "small" })));
  }

  function card(t) {
    const box = el("article", { class: `card ${t.role}`, "aria-label": t.role === "user" ? "You" : "The model" });
    const entry = { box, draw: () => {} };
    shown.set(t, entry);
    if (t.role === "user") {
      box.append(el("div", { class: "text", text: t.content }), el("p", {}, siblings(t), button("Edit", () => edit(t), { class: "small" })));
    } else if (t.done) {
      done(t, box);
    } else {
      entry.draw = growing(t, box);
    }
    return box;
  }

  function draw() {
    shown.clear();
    talk.replaceChildren(...path().map(card));
    send.disabled = abort !== null;
    stop.disabled = abort === null;
  }

  function link() {
    const now = { message: message.input.value, system: system.input.value, sampling: settings.state() };
    location.hash = `chat?${encodeURIComponent(JSON.stringify(now))}`;
  }

  message.input.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); start(); }
  });
  for (const c of [probabilities, raw]) c.input.addEventListener("change", draw);
  root.append(talk, message.box, el("p", { class: "row" }, send, stop, probabilities.box, raw.box,
    button("New conversation", () => { if (!abort) { top.children = []; draw(); } }), button("Link to this", link)),
  said, settings.box, el("details", {}, el("summary", { text: "System message" }), system.box));
  draw();
  message.input.focus({ preventScroll: true });
}
