// chat.js - a conversation: thoughts folded, timed and counted; tokens by their probability; branches.
//
// The conversation is a tree. A turn that is edited or asked for again gets a sibling; what is shown is the path of
// the chosen children.
import { area, button, check, eachFrame, el, failure, seconds } from "./dom.js";
import { events, json } from "./api.js";
import { flow } from "./flow.js";
import { load, longest, markdown } from "./markdown.js";
import { sampling } from "./settings.js";

export const name = "Chat";

function turn(parent, role, content) {
  const t = { parent, role, content, thought: "", raw: "", tokens: [], cut: 0, children: [], chosen: 0, ms: 0, thinkMs: 0, done: role === "user" };
  parent?.children.push(t);
  if (parent) parent.chosen = parent.children.length - 1;
  return t;
}

const top = { parent: null, role: "system", content: "", children: [], chosen: 0 }; // kept while the page is open
let abort = null;
let view = null; // the one that is shown, or was last: {shown, draw, said}

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
  for (const x of choice.logprobs?.content || []) {
    t.tokens.push([x.token, x.logprob, (x.top_logprobs || []).map((y) => [y.token, y.logprob])]);
    t.raw += x.token;
  }
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
  const shown = new Map(); // turn of the path -> {box, draw, foot}: what is there stays while others change

  function body(t) {
    return { messages: messagesUpTo(t.parent), stream: true, stream_options: { include_usage: true }, logprobs: true, top_logprobs: 4,
      ...settings.read() };
  }

  async function answer(t) {
    abort = new AbortController();
    const began = performance.now();
    const tick = eachFrame(() => view.shown.get(t)?.draw());
    view.draw();
    try {
      await events("/v1/chat/completions", body(t), (chunk) => { take(t, chunk, began); t.ms = performance.now() - began; tick(); }, { signal: abort.signal });
    } catch (error) {
      if (error.name === "AbortError") t.finish = "stopped";
      else t.error = error;
    }
    t.done = true;
    t.ms = performance.now() - began;
    abort = null;
    view.shown.get(t)?.draw();
    view.draw();
    view.said.textContent = `The answer is there: ${facts(t)}`;
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
    shown.delete(t);
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

  /** The thoughts, folded once the answer is there: timed, counted. */
  function thoughtsOf(t) {
    const words = flow();
    const summary = el("summary");
    const fold = el("details", { hidden: true, open: !t.done }, summary, words.box);
    words.box.classList.toggle("dim", !probabilities.input.checked);
    function draw() {
      const count = t.cut || t.tokens.length;
      fold.hidden = !t.thought || raw.input.checked;
      if (fold.hidden) return;
      summary.textContent = `Thoughts: ${count} tokens in ${seconds(t.thinkMs || t.ms)}`;
      if (probabilities.input.checked) words.tokens(t.tokens, 0, count);
      else words.text(t.thought);
    }
    return { fold, draw };
  }

  /** The answer: its text as it comes, tokens, or all that was sampled; Markdown when it is whole. */
  function answerOf(t) {
    const words = flow(raw.input.checked ? "pre" : "div");
    const box = el("div", {}, words.box);
    function draw() {
      if (raw.input.checked) words.text(t.raw || t.content);
      else if (probabilities.input.checked && t.content) words.tokens(t.tokens, t.cut);
      else if (!probabilities.input.checked && t.done && t.content.length <= longest) box.replaceChildren(markdown(t.content));
      else if (!probabilities.input.checked) words.text(t.content);
    }
    return { box, draw };
  }

  function modelCard(t, box) {
    const thoughts = thoughtsOf(t), words = answerOf(t), line = el("span"), acts = el("span"), trouble = el("div");
    box.append(thoughts.fold, words.box, trouble, el("p", { class: "dim" }, line, " ", acts));
    return {
      draw() {
        thoughts.draw();
        words.draw();
        if (t.done && !t.drawn) thoughts.fold.open = false;
        t.drawn = t.done;
        if (t.error) trouble.replaceChildren(failure(t.error));
        line.textContent = t.done || t.content || !t.thought ? facts(t) : `thinking, ${seconds(t.ms)}`;
      },
      foot() {
        if (!t.done) return;
        acts.replaceChildren(...[siblings(t), " ", button("Again", () => { if (!abort) answer(turn(t.parent, "assistant", "")); }, { class: "small" }), " ",
          button("As the model sees it", () => rendered(t, box), { class: "small" })].filter(Boolean));
      },
    };
  }

  function userCard(t, box) {
    const acts = el("p");
    box.append(el("div", { class: "text", text: t.content }), acts);
    return { draw() {}, foot: () => acts.replaceChildren(...[siblings(t), button("Edit", () => edit(t), { class: "small" })].filter(Boolean)) };
  }

  function card(t) {
    const box = el("article", { class: `card ${t.role}`, "aria-label": t.role === "user" ? "You" : "The model" });
    const entry = { box, ...(t.role === "user" ? userCard(t, box) : modelCard(t, box)) };
    shown.set(t, entry);
    entry.draw();
    return entry;
  }

  /** The path of the chosen: cards that are there already stay as they are, but for what stands at their foot. */
  function draw() {
    const all = path();
    for (const t of [...shown.keys()]) if (!all.includes(t)) shown.delete(t);
    all.forEach((t, i) => {
      const entry = shown.get(t) || card(t);
      entry.foot();
      if (talk.children[i] !== entry.box) talk.insertBefore(entry.box, talk.children[i] || null);
    });
    while (talk.children.length > all.length) talk.lastChild.remove();
    send.disabled = abort !== null;
    stop.disabled = abort === null;
  }

  function drawAnew() {
    shown.clear();
    draw();
  }

  function link() {
    const now = { message: message.input.value, system: system.input.value, sampling: settings.state() };
    location.hash = `chat?${encodeURIComponent(JSON.stringify(now))}`;
  }

  message.input.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); start(); }
  });
  for (const c of [probabilities, raw]) c.input.addEventListener("change", drawAnew);
  root.append(talk, message.box, el("p", { class: "row" }, send, stop, probabilities.box, raw.box,
    button("New conversation", () => { if (!abort) { top.children = []; draw(); } }), button("Link to this", link)),
  said, settings.box, el("details", {}, el("summary", { text: "System message" }), system.box));
  view = { shown, draw, said };
  draw();
  message.input.focus({ preventScroll: true });
  (window.requestIdleCallback || setTimeout)(() => load().catch(() => {})); // so that no answer waits for the libraries
}
