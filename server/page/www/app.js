// app.js - the views, their links, and the one that is shown. A view is a module with a name and mount(root, state),
// which may return what is to be done when it goes. One more view is one more line of `views`.
import { el, failure } from "./dom.js";
import { json } from "./api.js";
import * as chat from "./chat.js";
import * as rollouts from "./rollouts.js";
import * as judge from "./judge.js";
import * as live from "./live.js";
import * as model from "./model.js";

const views = [chat, rollouts, judge, live, model];
const main = document.getElementById("main");
const nav = document.getElementById("views");
let leave = null;

for (const v of views) nav.append(el("a", { href: `#${v.name.toLowerCase()}`, text: v.name }));

/** "#rollouts?{...}": the view and what it shall show. */
function read() {
  const [name, rest] = location.hash.slice(1).split(/\?(.*)/s);
  const view = views.find((v) => v.name.toLowerCase() === name) || views[0];
  let state = {};
  try {
    if (rest) state = JSON.parse(decodeURIComponent(rest));
  } catch { /* a link that was cut: the view without it */ }
  return [view, state && typeof state === "object" ? state : {}];
}

function show() {
  if (location.hash === "#main") return; // the skip link
  const [view, state] = read();
  leave?.();
  for (const a of nav.children) a.toggleAttribute("aria-current", false);
  const link = [...nav.children].find((a) => a.textContent === view.name);
  link.setAttribute("aria-current", "page");
  document.title = `${view.name} - Touchstone`;
  const root = el("div");
  main.replaceChildren(root);
  try {
    leave = view.mount(root, state) || null;
  } catch (error) {
    leave = null;
    root.append(failure(error));
  }
}

addEventListener("hashchange", show);
show();

/** What is served; while it is loaded, that it is, and then the view once more, which may have wanted it. */
async function tellServed(waited = false) {
  const served = document.getElementById("served");
  try {
    served.textContent = (await json("/v1/models")).data[0].id;
    if (waited && main.querySelector("[role=alert]")) show();
  } catch (error) {
    if (error.status !== 503) return;
    served.textContent = error.message;
    setTimeout(() => tellServed(true), 1000);
  }
}
tellServed();
