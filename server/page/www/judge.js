// judge.js - a completion and a gold answer: what was read, where, what was tried, the verdict and its cause.
import { area, button, check, el, failure } from "./dom.js";
import { json } from "./api.js";

export const name = "Judge";

const words = { correct: "good", incorrect: "bad", cannot_judge: "warn" };

/** text with the place that was read marked. from, to: bytes. */
function marked(text, from, to) {
  const bytes = new TextEncoder().encode(text);
  const part = (a, b) => new TextDecoder().decode(bytes.slice(a, b));
  if (from === undefined || to === undefined || to <= from) return [text];
  return [part(0, from), el("mark", { text: part(from, to) }), part(to)];
}

function steps(list) {
  if (!list?.length) return null;
  return el("details", { open: true }, el("summary", { text: "What was tried" }), el("ol", {},
    ...list.map((s) => el("li", {}, `${s.step}: ${s.says}`, s.text ? el("pre", { text: s.text }) : null))));
}

/** The last step that says where in the completion it read. */
function place(list) {
  return (list || []).filter((s) => s.from !== undefined && s.to > s.from).at(-1) || {};
}

function detail(name_, value, d) {
  const { verdict, cause, steps: list, ...rest } = d;
  const rows = Object.entries(rest).map(([k, v]) => el("tr", {}, el("td", { text: k }), el("td", { text: typeof v === "string" ? v : JSON.stringify(v) })));
  return el("section", { class: "card" }, el("h2", {}, `${name_}: `, el("span", { class: words[verdict] || "", text: verdict || "scored" }),
    ` ${value === null ? "no value" : value}`), cause ? el("p", { text: `Cause: ${cause.replaceAll("_", " ")}` }) : null,
  rows.length ? el("table", {}, el("tbody", {}, ...rows)) : null, steps(list));
}

export function mount(root, state) {
  const completion = area("Completion", state.completion ?? "<think>\n12 + 30 = 42\n</think>\n<answer>\n\\boxed{42}\n</answer>", { rows: 8 });
  const gold = area("Gold", state.gold ?? "42", { rows: 1 });
  const format = check("format, too", state.format ?? true);
  const out = el("div", { role: "status" });

  async function judge() {
    out.replaceChildren();
    const text = completion.input.value;
    try {
      const rewards = [{ name: "accuracy", explain: true }, ...(format.input.checked ? [{ name: "format" }] : [])];
      const { results: [r] } = await json("/verify", { items: [{ completion: text, answer: gold.input.value }], rewards });
      const { from, to } = place(r.details.accuracy?.steps);
      if (r.error) out.append(failure(new Error(r.error.message)));
      out.append(...Object.entries(r.details).map(([k, d]) => detail(k, r.rewards[k], d)),
        el("section", { class: "card" }, el("h2", { text: "Where it was read" }), el("div", { class: "text" }, ...marked(text, from, to))));
    } catch (error) {
      out.append(failure(error));
    }
  }

  function link() {
    const now = { completion: completion.input.value, gold: gold.input.value, format: format.input.checked };
    location.hash = `judge?${encodeURIComponent(JSON.stringify(now))}`;
  }

  root.append(completion.box, gold.box, el("p", { class: "row" }, button("Judge", judge, { class: "main" }), format.box, button("Link to this", link)), out);
  if (state.completion !== undefined) judge();
}
