// rollouts.js - n samples of a prompt side by side, with their rewards, and forks at a token.
import { area, button, check, choice, el, failure, field, number, numberOf } from "./dom.js";
import { curl, json, lines } from "./api.js";
import { sampling } from "./settings.js";
import { flow } from "./flow.js";
import { piece } from "./tokens.js";

export const name = "Rollouts";

const methods = ["grpo", "rloo", "dr_grpo", "verl_grpo", "verl_opo", "verl_gpg", "none"];

function fixed(x) {
  return x === null || x === undefined ? "none" : Number(x.toFixed(3)).toString();
}

function verdictClass(s) {
  return s.mask ? "warn" : s.reward > 0 ? "good" : "bad";
}

/** reward, its parts, advantage, keep, mask. */
function figures(s) {
  const parts = Object.entries(s.rewards).map(([k, v]) => el("tr", {}, el("td", { text: k }), el("td", { text: `${fixed(v)} ${s.details[k]?.cause || ""}` })));
  return el("table", {}, el("tbody", {},
    el("tr", {}, el("th", { text: "reward" }), el("th", { class: verdictClass(s), text: fixed(s.reward) })), ...parts,
    el("tr", {}, el("td", { text: "advantage" }), el("td", { text: fixed(s.advantage) })),
    el("tr", {}, el("td", { text: "keep" }), el("td", { text: s.keep ? "yes" : "no" })),
    el("tr", {}, el("td", { text: "mask" }), el("td", { class: s.mask ? "warn" : "", text: s.mask ? s.mask_cause : "no" })),
    el("tr", {}, el("td", { text: "tokens" }), el("td", { text: `${s.token_ids.length}, ${s.finish_reason}` }))));
}

const texts = new Map(); // id -> its text: each is asked for once

/** The texts of a sample's tokens. */
async function pieces(ids) {
  for (const id of ids) if (!texts.has(id)) texts.set(id, json("/detokenize", { tokens: [id] }).then((x) => x.prompt));
  try {
    return await Promise.all(ids.map((id) => texts.get(id)));
  } catch (error) {
    texts.clear();
    throw error;
  }
}

export function mount(root, state) {
  const message = area("Message", state.message ?? "What is 8765 + 4321?");
  const gold = field("Gold", el("input", { value: state.gold ?? "13086", size: 12 }));
  const n = number("Samples", state.n ?? 8, { min: 1, max: 128, step: 1 });
  const accuracy = check("accuracy", state.accuracy ?? true);
  const format = check("format", state.format ?? true);
  const advantage = choice("Advantage", methods, state.advantage || "grpo");
  const settings = sampling(state.sampling, { temperature: 1, max_tokens: 512, seed: 5 });
  const out = el("div");
  const said = el("p", { class: "dim", role: "status" });
  let abort = null;

  function rewards() {
    const list = [];
    if (accuracy.input.checked) list.push({ name: "accuracy" });
    if (format.input.checked) list.push({ name: "format", weight: 0.5 });
    return list;
  }

  function prompt() {
    return { messages: [{ role: "user", content: message.input.value }], ...(gold.input.value ? { answer: gold.input.value } : {}) };
  }

  function request() {
    const { seed, ...fields } = settings.read();
    return { prompts: [prompt()], n: numberOf(n.input) || 1, ...(seed !== undefined ? { seed } : {}), sampling: fields, rewards: rewards(),
      advantage: advantage.input.value };
  }

  async function fork(s, at, box) {
    box.replaceChildren(el("p", { class: "dim", text: `Forking after ${at} tokens ...` }));
    try {
      const { prompts, n: k, ...rest } = request();
      const body = { ...rest, prompts: [{ ...prompts[0], fork: { token_ids: s.token_ids, logprobs: s.logprobs, at, k } }] };
      const [f] = (await json("/v1/rollouts", body)).groups[0].forks;
      box.replaceChildren(el("h3", { text: `Forks after ${at} tokens: mean reward ${fixed(f.value)}` }), el("div", { class: "cards" }, ...f.samples.map((x) => card(x, `Fork ${x.index + 1}`))));
    } catch (error) {
      box.replaceChildren(failure(error));
    }
  }

  /** Tokens as buttons: from each a fork. */
  async function open(s, box) {
    box.replaceChildren(el("p", { class: "dim", text: "..." }));
    try {
      const words = await pieces(s.token_ids);
      const forks = el("div");
      const places = new WeakMap();
      const tokens = flow("div", ([text], i) => {
        const b = piece("button", text || " ", s.logprobs[i],
          () => s.logprobs[i] === null ? "" : `${(Math.exp(s.logprobs[i]) * 100).toFixed(1)} %, fork before this token`);
        places.set(b, i);
        return b;
      });
      tokens.box.addEventListener("click", (e) => { if (places.has(e.target)) fork(s, places.get(e.target), forks); });
      tokens.tokens(words.map((w) => [w]));
      box.replaceChildren(tokens.box, forks);
    } catch (error) {
      box.replaceChildren(failure(error));
    }
  }

  function card(s, title) {
    const more = el("div");
    return el("article", { class: "card", "aria-label": title }, el("h3", { class: verdictClass(s), text: `${title}: ${s.mask ? `masked, ${s.mask_cause}` : fixed(s.reward)}` }),
      el("div", { class: "text scroll", tabindex: "0", role: "region", "aria-label": `Text of ${title}`, text: s.text }), figures(s),
      button("Fork at a token", () => open(s, more), { class: "small", label: `Fork at a token of ${title}` }), more);
  }

  function group(g) {
    const m = g.group.majority;
    const pass = g.group.pass_at ? Object.entries(g.group.pass_at).map(([k, v]) => `pass@${k} ${fixed(v)}`).join(", ") : "";
    return el("section", {}, el("h2", { text: `${g.samples.length} samples` }),
      el("p", { text: `mean ${fixed(g.group.mean)}, deviation ${fixed(g.group.std)}, ${g.group.keep ? "informative" : "nothing to learn: all rewards are equal"}; ${m ? `majority ${m.answer} with ${m.votes} votes${m.verdict ? `, ${m.verdict}` : ""}` : "no majority"}${pass ? `; ${pass}` : ""}` }),
      el("div", { class: "cards" }, ...g.samples.map((s) => card(s, `Sample ${s.index + 1}`))));
  }

  async function start() {
    abort?.abort();
    abort = new AbortController();
    out.replaceChildren();
    said.textContent = "Sampling ...";
    const began = performance.now();
    try {
      const body = { ...request(), encoding: "ndjson" };
      await lines("/v1/rollouts", body, (line) => {
        if (line.samples) out.append(group(line));
        if (line.totals) said.textContent = `${line.totals.completion_tokens} tokens in ${((performance.now() - began) / 1000).toFixed(1)} s`;
      }, { signal: abort.signal });
    } catch (error) {
      if (error.name !== "AbortError") out.append(failure(error));
      said.textContent = "";
    }
  }

  function showCurl() {
    try {
      const line = curl("/v1/rollouts", request());
      out.prepend(el("pre", { text: line }));
      navigator.clipboard?.writeText(line).catch(() => {});
    } catch (error) {
      out.prepend(failure(error));
    }
  }

  function link() {
    const now = { message: message.input.value, gold: gold.input.value, n: numberOf(n.input), accuracy: accuracy.input.checked,
      format: format.input.checked, advantage: advantage.input.value, sampling: settings.state() };
    location.hash = `rollouts?${encodeURIComponent(JSON.stringify(now))}`;
  }

  root.append(el("div", { class: "row" }, message.box, gold.box, n.box, advantage.box, el("fieldset", { class: "row" }, el("legend", { text: "Rewards" }), accuracy.box, format.box)),
    settings.box, el("p", { class: "row" }, button("Send", start, { class: "main" }), button("Stop", () => abort?.abort()), button("As curl", showCurl), button("Link to this", link)),
    said, out);
  return () => abort?.abort();
}
