// markdown.js - a model's Markdown and formulas as nodes. Hostile text does nothing.
//
// Formulas are taken out first (Markdown would eat their backslashes), the rest becomes HTML, is cleaned by
// DOMPurify into a fragment, and the formulas are put in by KaTeX, which makes nodes itself. Images are shown as
// text: nothing is fetched because a model wrote it.
import { el } from "./dom.js";

/* global marked, DOMPurify, katex */
/** Characters: longer texts are shown as they are. */
export const longest = 100000;
const OPEN = "\uE000", CLOSE = "\uE001";
const FORMULA = /\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|\$([^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\d)/g;
const CODE = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/;

let loading = null;

function loaded(e) {
  return new Promise((resolve, reject) => {
    e.addEventListener("load", resolve);
    e.addEventListener("error", () => reject(new Error(`${e.src || e.href} cannot be loaded`)));
    document.head.append(e);
  });
}

/** The libraries, once, when something is to be shown with them. */
export function load() {
  loading ??= Promise.all([loaded(el("link", { rel: "stylesheet", href: "/page/katex.css" })),
    ...["/page/marked.js", "/page/purify.js", "/page/katex.js"].map((src) => loaded(el("script", { src })))]).then(() => {
    const escape = (s) => (s || "").replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
    marked.use({ renderer: { image: (href, title, alt) => `[image: ${escape(alt)} ${escape(href)}]` } });
    DOMPurify.addHook("afterSanitizeAttributes", (node) => {
      if (node.tagName === "A") {
        node.setAttribute("rel", "noopener noreferrer nofollow");
        node.setAttribute("target", "_blank");
      }
    });
  });
  return loading;
}

function takeFormulas(text, formulas) {
  const clean = text.replaceAll(OPEN, "").replaceAll(CLOSE, "");
  return clean.split(CODE).map((part, i) => i % 2 === 1 ? part : part.replace(FORMULA, (all, a, b, c, d) => {
    formulas.push({ tex: a ?? b ?? c ?? d, display: a !== undefined || b !== undefined });
    return `${OPEN}${formulas.length - 1}${CLOSE}`;
  })).join("");
}

function formula({ tex, display }) {
  const span = el("span");
  try {
    katex.render(tex, span, { displayMode: display, throwOnError: false, trust: false, maxExpand: 200, maxSize: 20, strict: "ignore" });
  } catch {
    span.textContent = tex;
  }
  return span;
}

/** Put the formulas where their marks stand. */
function putFormulas(root, formulas) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) if (walker.currentNode.data.includes(OPEN)) nodes.push(walker.currentNode);
  for (const node of nodes) {
    const parts = node.data.split(new RegExp(`${OPEN}(\\d+)${CLOSE}`));
    node.replaceWith(...parts.map((p, i) => i % 2 === 1 && formulas[p] ? formula(formulas[p]) : document.createTextNode(p)));
  }
}

/** text shown as Markdown; plain until the libraries are there, and where it is long. */
export function markdown(text) {
  const box = el("div", { class: "markdown" }, el("div", { class: "text", text }));
  if (text.length > longest) return box;
  load().then(() => {
    const formulas = [];
    const html = marked.parse(takeFormulas(text, formulas), { mangle: false, headerIds: false });
    const nodes = DOMPurify.sanitize(html, {
      RETURN_DOM_FRAGMENT: true, FORBID_ATTR: ["style", "class", "id", "name"],
      FORBID_TAGS: ["img", "style", "form", "input", "button", "textarea", "select", "video", "audio", "svg", "math"],
    });
    putFormulas(nodes, formulas);
    box.replaceChildren(nodes);
  }).catch(() => {});
  return box;
}
