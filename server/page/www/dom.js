// dom.js - elements without innerHTML: what a model writes is only ever a text node.

/** An element. props: class, text, on (events), and attributes; children: nodes or strings, nulls left out. */
export function el(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") e.textContent = value;
    else if (name === "on") for (const [type, f] of Object.entries(value)) e.addEventListener(type, f);
    else if (name === "value") e.value = value;
    else e.setAttribute(name === "class" ? "class" : name, value === true ? "" : value);
  }
  e.append(...children.filter((c) => c !== null && c !== undefined));
  return e;
}

let ids = 0;

/** A labelled input, textarea or select: {box, input}. */
export function field(label, input, props = {}) {
  input.id = input.id || `f${++ids}`;
  const box = el("div", { class: props.wide ? "field wide" : "field" }, el("label", { for: input.id, text: label }), input);
  return { box, input };
}

export function number(label, value, props = {}) {
  return field(label, el("input", { type: "number", value, step: props.step || "any", min: props.min, max: props.max, size: 6 }), props);
}

export function area(label, value = "", props = {}) {
  return field(label, el("textarea", { value, rows: props.rows || 3, spellcheck: "false" }), { wide: true });
}

export function choice(label, names, value) {
  const select = el("select", {}, ...names.map((n) => el("option", { value: n, text: n })));
  select.value = value;
  return field(label, select);
}

export function check(label, on) {
  const input = el("input", { type: "checkbox", id: `f${++ids}` });
  input.checked = on;
  return { box: el("span", { class: "check" }, input, el("label", { for: input.id, text: label })), input };
}

export function button(text, f, props = {}) {
  return el("button", { type: "button", text, class: props.class, "aria-label": props.label, on: { click: f } });
}

/** What went wrong, as a card that a screen reader says. */
export function failure(error) {
  return el("div", { class: "card error", role: "alert", text: error.message || String(error) });
}

/** A number from an input, or undefined where it is empty. */
export function numberOf(input) {
  return input.value.trim() === "" ? undefined : Number(input.value);
}

/** Work that belongs to a frame: many calls, one run. */
export function eachFrame(f) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; f(); });
  };
}

export function seconds(ms) {
  return ms < 10000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
