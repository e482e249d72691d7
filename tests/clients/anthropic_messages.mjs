// The Anthropic SDK for JavaScript: messages, streams, tools, thinking, counting, faults.
//
// SPDX-License-Identifier: Apache-2.0
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.env.BASE_URL.replace(/\/v1$/, ""), apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "What is 47 * 6 + 12?" }];
const ask = { model: process.env.MODEL, max_tokens: 300, temperature: 0, messages };
const add = {
  name: "add",
  description: "Adds two integers.",
  input_schema: { type: "object", properties: { a: { type: "integer" }, b: { type: "integer" } }, required: ["a", "b"] },
};

async function check(name, run) {
  try {
    await run();
    console.log(`ok ${name}`);
  } catch (e) {
    console.error(e);
    console.log(`FAIL ${name}: ${String(e).replace(/\s+/g, " ").slice(0, 300)}`);
  }
}

function must(truth, what) {
  if (!truth) throw new Error(`it is not so: ${what}`);
}

await check("a message", async () => {
  const reply = await client.messages.create({ ...ask, system: "Be brief." });
  must(reply.content[0].type === "text" && reply.content[0].text.includes("294"), "the answer");
  must(reply.stop_reason === "end_turn" && reply.usage.output_tokens > 0, "its end");
});

await check("a stream", async () => {
  let text = "";
  const stream = client.messages.stream(ask).on("text", (delta) => (text += delta));
  const reply = await stream.finalMessage();
  must(text.includes("294") && reply.content.at(-1).text === text, "the same text");
});

await check("thinking", async () => {
  const reply = await client.messages.create({ ...ask, max_tokens: 2048, thinking: { type: "enabled", budget_tokens: 1024 }, temperature: 1 });
  must(reply.content[0].type === "thinking" && reply.content[0].signature !== undefined, "a block of thoughts");
});

await check("a forced tool and its result", async () => {
  const first = await client.messages.create({ ...ask, tools: [add], tool_choice: { type: "tool", name: "add" } });
  const call = first.content.find((b) => b.type === "tool_use");
  must(first.stop_reason === "tool_use" && call.name === "add" && Number.isInteger(call.input.a), "a call");
  const turns = [...messages, { role: "assistant", content: first.content }, { role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content: "7" }] }];
  const second = await client.messages.create({ ...ask, messages: turns, tools: [add] });
  must(second.role === "assistant", "an answer");
});

await check("counting", async () => {
  const counted = await client.messages.countTokens({ model: process.env.MODEL, messages });
  must(counted.input_tokens > 5, "tokens");
});

await check("a fault is its class", async () => {
  const e = await client.messages.create({ ...ask, max_tokens: -1 }).catch((fault) => fault);
  must(e instanceof Anthropic.BadRequestError && e.error.error.type === "invalid_request_error", "the class");
});
