// live.js - figures of /metrics as they move.
import { el, failure } from "./dom.js";
import { text } from "./api.js";

export const name = "Live";

const EVERY_MS = 1000, KEPT = 120;

function parse(page) {
  const m = new Map();
  for (const line of page.split("\n")) {
    const cut = line.lastIndexOf(" ");
    if (line && line[0] !== "#" && cut > 0) m.set(line.slice(0, cut), Number(line.slice(cut + 1)));
  }
  return m;
}

// [title, unit, f(now, before, seconds)]: a level, or a rate of a counter that only grows.
const level = (key) => (m) => m.get(`touchstone_${key}`) ?? NaN;
const rate = (key) => (m, b, s) => b ? (m.get(`touchstone_${key}`) - b.get(`touchstone_${key}`)) / s : NaN;
const share = (a, b) => (m) => { const n = m.get(`touchstone_${b}`); return n ? 100 * m.get(`touchstone_${a}`) / n : NaN; };
const figures = [
  ["Tokens sampled", "a second", rate("generated_tokens_total")],
  ["Prompt tokens", "a second", rate("prompt_tokens_total")],
  ["Batch", "samples decoding", level("sequences_running")],
  ["Queue", "samples waiting", level("sequences_waiting")],
  ["KV cache", "% in use", share("kv_blocks_used", "kv_blocks")],
  ["Prefix cache", "% of prompt tokens found", share("cached_tokens_total", "prompt_tokens_total")],
  ["Items judged", "a second", rate("verify_items_total")],
  ["Not judged", "verdicts in all", level("verify_cannot_judge_total")],
  ["Verifier processes", "busy", level("verify_workers_busy")],
  ["Verdicts waiting", "for a process", level("verify_waiting")],
  ["Requests", "open", (m) => (m.get("touchstone_open_requests") ?? NaN) - 1],
  ["Aborted", "samples in all", level("finished_abort_total")],
];

function shown(x) {
  return Number.isNaN(x) ? "-" : x >= 100 ? Math.round(x).toString() : Number(x.toFixed(1)).toString();
}

/** A line of the last values in a box of 100 by 100. */
function line(values) {
  const most = Math.max(1e-9, ...values.filter((v) => !Number.isNaN(v)));
  return values.map((v, i) => `${(i + KEPT - values.length) * 100 / (KEPT - 1)},${100 - 96 * (Number.isNaN(v) ? 0 : v) / most}`).join(" ");
}

function panel([title, unit]) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const poly = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(poly);
  const value = el("b", { text: "-" });
  return { box: el("div", { class: "card figure" }, el("div", { class: "dim", text: title }), value, ` ${unit}`, svg), value, poly, values: [] };
}

export function mount(root) {
  const panels = figures.map(panel);
  const trouble = el("div");
  const all = el("pre", { text: "" });
  let before = null, at = 0, gone = false;

  async function look() {
    if (gone) return;
    try {
      const page = await text("/metrics");
      const now = parse(page), t = performance.now();
      figures.forEach(([, , f], i) => {
        const p = panels[i], v = f(now, before, (t - at) / 1000);
        p.values.push(v);
        if (p.values.length > KEPT) p.values.shift();
        p.value.textContent = shown(v);
        p.poly.setAttribute("points", line(p.values));
      });
      before = now;
      at = t;
      if (all.parentElement.open) all.textContent = page;
      trouble.replaceChildren();
    } catch (error) {
      trouble.replaceChildren(failure(error));
    }
    if (!gone) setTimeout(look, EVERY_MS);
  }

  root.append(trouble, el("div", { class: "figures" }, ...panels.map((p) => p.box)), el("details", {}, el("summary", { text: "All of /metrics" }), all));
  look();
  return () => { gone = true; };
}
