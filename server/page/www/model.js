// model.js - what is served: the model, its sizes and adapters, the kernel set, memory, the version of the weights, the
// rewards, and every setting with where it came from.
import { check, el, failure } from "./dom.js";
import { json } from "./api.js";

export const name = "Model";

function shown(v) {
  if (v === null || v === undefined || v === "") return "none";
  return typeof v === "object" ? JSON.stringify(v) : String(v);
}

function row(...cells) {
  return el("tr", {}, ...cells.map((c) => el("td", typeof c === "string" ? { text: c } : {}, ...(typeof c === "string" ? [] : [c]))));
}

function card(title, ...inside) {
  return el("section", { class: "card" }, el("h2", { text: title }), ...inside);
}

function table(title, object) {
  return card(title, el("table", {}, el("tbody", {}, ...Object.entries(object).map(([k, v]) => row(k.replaceAll("_", " "), shown(v))))));
}

function rewards(r) {
  const list = r.rewards ?? r.data ?? r;
  return card("Rewards", el("table", {}, el("tbody", {}, ...list.map((x) => row(x.name, x.doc ?? x.description ?? "")))));
}

function adapters({ data }) {
  const list = data.filter((m) => m.parent);
  if (list.length === 0) return card("Adapters", el("p", { class: "dim", text: "none" }));
  return card("Adapters", el("table", {}, el("tbody", {}, ...list.map((m) => row(m.id, `rank ${m.meta.rank}`, bytes(m.meta.size), m.root ?? "")))));
}

const sources = { default: "default", file: "file", environment: "environment", command_line: "command line" };

function setting(s) {
  const changed = s.source !== "default";
  const value = s.secret ? (changed ? "given, not shown" : "none") : shown(s.value);
  return el("tr", { hidden: !changed, "data-changed": changed ? "yes" : null }, el("th", { scope: "row", text: s.name }), el("td", { text: value }),
    el("td", { class: changed ? "" : "dim", text: sources[s.source] ?? s.source }));
}

/** Settings that are not at their defaults; all of them where that is asked. */
function settings({ settings: list }) {
  if (!list) return card("Settings", el("p", { class: "dim", text: "Settings are told to keys of scope admin." }));
  const all = check("Those at their default, too", false);
  const rows = list.map(setting);
  all.input.addEventListener("change", () => rows.forEach((r) => { r.hidden = !all.input.checked && !r.dataset.changed; }));
  return card("Settings", all.box, el("table", {}, el("thead", {}, el("tr", {}, ...["setting", "value", "from"].map((t) => el("th", { scope: "col", text: t })))),
    el("tbody", {}, ...rows)));
}

/** 1234567890 as "1.1 GiB". */
function bytes(n) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return `${i === 0 ? n : n.toFixed(1)} ${units[i]}`;
}

function engine({ engine: e }) {
  return table("Engine", { ...e, weight_bytes: bytes(e.weight_bytes), kv_cache_bytes: bytes(e.kv_cache_bytes), load_seconds: e.load_seconds.toFixed(2) });
}

function server({ settings: _, engine: __, vllm_config: config, ...rest }) {
  return table("Server", { ...rest, ...config });
}

const parts = [
  ["Model", "/v1/models", (r) => table("Model", r.data[0])],
  ["Engine", "/server_info", engine],
  ["Settings", "/server_info", settings],
  ["Adapters", "/v1/models", adapters],
  ["Weights", "/get_weight_version", (r) => table("Weights", r)],
  ["Version", "/version", (r) => table("Version", r)],
  ["Rewards", "/verify/rewards", rewards],
  ["Defaults of requests", "/props", (r) => table("Defaults of requests", r.default_generation_settings ?? r)],
  ["Server", "/server_info", server],
];

export function mount(root) {
  const asked = new Map();
  for (const [, path] of parts) if (!asked.has(path)) asked.set(path, json(path));
  for (const [title, path, make] of parts) {
    const box = el("div");
    root.append(box);
    asked.get(path).then((r) => box.replaceChildren(make(r))).catch((error) => box.replaceChildren(card(title, failure(error))));
  }
}
