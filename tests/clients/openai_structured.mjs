// The OpenAI SDK for JavaScript with zod: parse(), streams, tools, runTools().
//
// SPDX-License-Identifier: Apache-2.0
import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: "none", maxRetries: 0 });
const ask = { model: process.env.MODEL, temperature: 0, messages: [{ role: "user", content: "What is 47 * 6 + 12?" }] };
const Result = z.object({
  value: z.number().int().min(0).max(9999),
  kind: z.enum(["sum", "product"]),
  note: z.string().max(8).nullable(),
});
const named = (name) => ({ type: "function", function: { name } });

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

await check("parse gives an object", async () => {
  const reply = await client.chat.completions.parse({ ...ask, response_format: zodResponseFormat(Result, "result") });
  Result.parse(reply.choices[0].message.parsed);
});

await check("a stream is parsed", async () => {
  const stream = client.chat.completions.stream({ ...ask, response_format: zodResponseFormat(Result, "result") });
  const reply = await stream.finalChatCompletion();
  Result.parse(reply.choices[0].message.parsed);
});

await check("a named tool is called", async () => {
  const tools = [zodFunction({ name: "note", parameters: Result })];
  const reply = await client.chat.completions.parse({ ...ask, tools, tool_choice: named("note") });
  const calls = reply.choices[0].message.tool_calls;
  must(calls.length === 1 && calls[0].function.name === "note", "one call of note");
  Result.parse(calls[0].function.parsed_arguments);
});

await check("calls stream", async () => {
  const tools = [zodFunction({ name: "note", parameters: Result })];
  const stream = client.chat.completions.stream({ ...ask, tools, tool_choice: "required", parallel_tool_calls: false });
  let deltas = 0;
  stream.on("tool_calls.function.arguments.delta", () => deltas++);
  const reply = await stream.finalChatCompletion();
  must(deltas > 2, "the arguments come as they are written");
  Result.parse(reply.choices[0].message.tool_calls[0].function.parsed_arguments);
});

await check("runTools", async () => {
  let called = null;
  const tools = [zodFunction({ name: "note", parameters: Result, function: (args) => ((called = args), "noted") })];
  const runner = client.chat.completions.runTools({ ...ask, tools, tool_choice: named("note") });
  await runner.done().catch(() => {});
  Result.parse(called);
});
