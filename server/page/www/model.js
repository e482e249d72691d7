// model.js - what is served: the model, its sizes, the kernel set, the version of the weights, the rewards.
import { el, failure } from "./dom.js";
import { json } from "./api.js";

export const name = "Model";

function rows(object) {
  return Object.entries(object).map(([k, v]) => el("tr", {}, el("td", { text: k.replaceAll("_", " ") }),
    el("td", { text: v !== null && typeof v === "object" ? JSON.stringify(v) : String(v) })));
}

function table(title, object) {
  return el("section", { class: "card" }, el("h2", { text: title }), el("table", {}, el("tbody", {}, ...rows(object))));
}

const parts = [
  ["Model", "/v1/models", (r) => r.data[0]],
  ["Server", "/server_info", (r) => r],
  ["Defaults", "/props", (r) => r.default_generation_settings ?? r],
  ["Weights", "/get_weight_version", (r) => r],
  ["Version", "/version", (r) => r],
];

export function mount(root) {
  const boxes = parts.map(() => el("div"));
  const rewards = el("div");
  root.append(...boxes, rewards);
  parts.forEach(async ([title, path, pick], i) => {
    try {
      boxes[i].replaceChildren(table(title, pick(await json(path))));
    } catch (error) {
      boxes[i].replaceChildren(el("section", { class: "card" }, el("h2", { text: title }), failure(error)));
    }
  });
  json("/verify/rewards").then((r) => {
    const list = r.rewards ?? r.data ?? r;
    rewards.replaceChildren(el("section", { class: "card" }, el("h2", { text: "Rewards" }), el("table", {}, el("tbody", {},
      ...list.map((x) => el("tr", {}, el("td", { text: x.name }), el("td", { text: x.doc ?? x.description ?? "" })))))));
  }).catch((error) => rewards.replaceChildren(failure(error)));
}
