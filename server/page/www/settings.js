// settings.js - the sampling fields that several views have: {box, read(), state()}.
import { area, el, number, numberOf } from "./dom.js";

export function sampling(state = {}, defaults = {}) {
  const start = { temperature: 1, max_tokens: 512, ...defaults, ...state };
  const f = {
    temperature: number("Temperature", start.temperature, { min: 0, step: 0.1 }),
    top_p: number("Top p", start.top_p ?? "", { min: 0, max: 1, step: 0.05 }),
    top_k: number("Top k", start.top_k ?? "", { min: 0, step: 1 }),
    max_tokens: number("Most tokens", start.max_tokens, { min: 1, step: 1 }),
    seed: number("Seed", start.seed ?? "", { step: 1 }),
  };
  const schema = area("JSON Schema of the answer", state.schema || "", { rows: 3 });
  const box = el("details", {}, el("summary", { text: "Sampling" }), el("div", { class: "row" }, ...Object.values(f).map((x) => x.box)), schema.box);
  box.open = Object.keys(state).length > 0;

  /** As they stand, without what is empty. */
  function state_() {
    const s = {};
    for (const [name, x] of Object.entries(f)) if (numberOf(x.input) !== undefined) s[name] = numberOf(x.input);
    if (schema.input.value.trim()) s.schema = schema.input.value;
    return s;
  }

  /** Fields of a request. Throws where the schema is no JSON. */
  function read() {
    const { schema: text, ...fields } = state_();
    if (text === undefined) return fields;
    let parsed;
    try {
      parsed = JSON.parse(text);
    } catch (e) {
      throw new Error(`The schema is no JSON: ${e.message}`);
    }
    return { ...fields, response_format: { type: "json_schema", json_schema: { name: "answer", schema: parsed, strict: true } } };
  }
  return { box, read, state: state_ };
}
