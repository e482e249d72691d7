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
  ["Prefix cache", "% of tokens found", share("cached_tokens_total", "prompt_tokens_total")],
  ["Items judged", "a second", rate("verify_items_total")],
  ["Not judged", "verdicts in all", level("verify_cannot_judge_total")],
  ["Verifier processes", "busy", level("verify_workers_busy")],
  ["Verdicts waiting", "for a process", level("verify_waiting")],
  ["Requests", "open", (m) => (m.get("touchstone_open_requests") ?? NaN) - 1],
  ["Aborted", "samples in all", level("finished_abort_total")],
  ["Weights", "versions in memory", level("weight_versions")],
  ["New weights", "taken in all", level("weight_pushes_total")],
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

const VERDICT = /^touchstone_verify_verdicts_total\{verdict="(\w*)",cause="(\w*)"\}$/;
const classes = { correct: "good", incorrect: "bad", cannot_judge: "warn" };

/** [verdict, cause, count], the commonest first. */
function verdicts(m) {
  const list = [];
  for (const [key, n] of m) {
    const found = VERDICT.exec(key);
    if (found && n > 0) list.push([found[1], found[2], n]);
  }
  return list.sort((a, b) => b[2] - a[2]);
}

/** A table of them that changes only where something did. */
function verdictTable() {
  const body = el("tbody");
  const box = el("section", { class: "card" }, el("h2", { text: "Verdicts by cause" }), el("table", {},
    el("thead", {}, el("tr", {}, ...["verdict", "cause", "in all", "a second"].map((t) => el("th", { scope: "col", text: t })))), body));
  const empty = el("p", { class: "dim", text: "nothing was judged yet" });
  box.append(empty);
  let last = "";
  return { box, draw(now, before, seconds_) {
    const earlier = new Map(before ? verdicts(before).map(([v, c, n]) => [`${v} ${c}`, n]) : []);
    const rows = verdicts(now).map(([v, c, n]) => [v, c, String(n), before ? shown((n - (earlier.get(`${v} ${c}`) ?? 0)) / seconds_) : "-"]);
    const words = JSON.stringify(rows);
    if (words === last) return;
    last = words;
    empty.hidden = rows.length > 0;
    body.replaceChildren(...rows.map(([v, c, n, rate_]) => el("tr", {}, el("td", { class: classes[v], text: v.replaceAll("_", " ") }),
      el("td", { text: c.replaceAll("_", " ") || "none" }), el("td", { text: n }), el("td", { text: rate_ }))));
  } };
}

export function mount(root) {
  const panels = figures.map(panel);
  const trouble = el("div");
  const causes = verdictTable();
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
      causes.draw(now, before, (t - at) / 1000);
      before = now;
      at = t;
      if (all.parentElement.open) all.textContent = page;
      trouble.replaceChildren();
    } catch (error) {
      trouble.replaceChildren(failure(error));
    }
    if (!gone) setTimeout(look, EVERY_MS);
  }

  root.append(trouble, el("div", { class: "figures" }, ...panels.map((p) => p.box)), causes.box, el("details", {}, el("summary", { text: "All of /metrics" }), all));
  look();
  return () => { gone = true; };
}
