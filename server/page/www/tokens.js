// tokens.js - tokens coloured by their probability, alternatives where the pointer or the focus is.
import { el } from "./dom.js";

/** "", "p1" ... "p4": the less likely, the stronger. */
export function shade(logprob) {
  if (logprob === null || logprob === undefined) return "";
  const p = Math.exp(logprob);
  return p > 0.9 ? "" : p > 0.5 ? "p1" : p > 0.2 ? "p2" : p > 0.05 ? "p3" : "p4";
}

function percent(logprob) {
  const p = Math.exp(logprob) * 100;
  return p >= 10 ? `${p.toFixed(0)} %` : p >= 0.1 ? `${p.toFixed(1)} %` : "< 0.1 %";
}

let tip = null;

const told = new WeakMap(); // an element's words: a function, asked when they are looked at

function show(target) {
  hide();
  const words = told.get(target)?.();
  if (!words) return;
  const at = target.getBoundingClientRect();
  tip = el("div", { id: "tip", role: "tooltip", text: words });
  document.body.append(tip);
  tip.style.left = `${Math.max(4, Math.min(at.left, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${at.bottom + tip.offsetHeight + 8 < innerHeight ? at.bottom + 4 : at.top - tip.offsetHeight - 4}px`;
}

function hide() {
  tip?.remove();
  tip = null;
}

/** One listener for all tokens of a box. */
export function watch(box) {
  for (const type of ["pointerover", "focusin"]) box.addEventListener(type, (e) => e.target.classList?.contains("token") ? show(e.target) : hide());
  for (const type of ["pointerout", "focusout"]) box.addEventListener(type, hide);
  return box;
}

/** An element for a token: words() is what its tip says. */
export function piece(tag, text, logprob, words) {
  const e = document.createElement(tag);
  e.className = `token ${shade(logprob)}`;
  e.textContent = text;
  if (tag === "button") e.type = "button";
  told.set(e, words);
  return e;
}

/** A token: text, its log-probability, [[text, logprob]] of the alternatives. */
export function token(text, logprob, tops = []) {
  return piece("span", text, logprob, () => logprob === undefined || logprob === null ? "" :
    [[text, logprob], ...tops.filter(([t]) => t !== text)].map(([t, l]) => `${percent(l)}  ${JSON.stringify(t)}`).join("\n"));
}
