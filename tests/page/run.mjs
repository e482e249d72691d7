// tests/page/run.mjs BINARY [--shots FOLDER] - the page in Chromium, on a real server with the built-in model.
//
// Each view's flow, with a key and without; axe; a hostile text; how much is loaded and how long a long stream
// holds a frame. The last line is "N passed, N failed". --shots writes a picture of each view.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [binary, , shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browserPath = process.env.CHROMIUM || "/usr/bin/chromium";
let passed = 0, failed = 0;

function check(holds, words) {
  if (!holds) throw new Error(words);
}

// Settings from each source, for the view that tells them.
const config = new URL("settings.conf", import.meta.url).pathname;
writeFileSync(config, "max-body = 32M\nverify-seconds = 3\n");
const environment = { ...process.env, TOUCHSTONE_CONFIG: config, TOUCHSTONE_MAX_PROMPTS: "512" };

/** A server, once its log says `when`. */
function begin(when, flags) {
  const child = spawn(binary, ["serve", "--port", "0", ...flags], { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let log = "", port = null;
    child.stderr.on("data", (d) => {
      log += d;
      port ??= /event=listening .*port=(\d+)/.exec(log)?.[1] ?? null;
      if (port && when.test(log)) resolve({ url: `http://127.0.0.1:${port}/`, stop: () => child.kill() });
    });
    child.on("exit", () => reject(new Error(log)));
  });
}

const serve = (...flags) => begin(/event=ready/, flags);

async function test(name, f) {
  try {
    await f();
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}: ${error.message.split("\n").slice(0, 6).join("\n  ")}`);
  }
}

const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu"] });
const open = await serve(), keyed = await serve("--api-key", "secret");

/** A page at a view; what it asks of other hosts, and errors in its console, fail the test. */
async function at(server, view, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.wrongs = [];
  page.on("console", (m) => { if (m.type() === "error" && !/40[13]/.test(m.text())) page.wrongs.push(m.text()); });
  page.on("pageerror", (e) => page.wrongs.push(e.message));
  page.on("request", (r) => { if (!r.url().startsWith(server.url) && !r.url().startsWith("data:")) page.wrongs.push(`asks ${r.url()}`); });
  page.on("dialog", (d) => { page.wrongs.push(`dialog ${d.message()}`); d.dismiss(); });
  await page.goto(`${server.url}#${view}`);
  return page;
}

/** refuses: what the policy blocks is meant to be said in the console. */
async function close(page, refuses = false) {
  const wrongs = page.wrongs.filter((w) => !(refuses && /Content Security Policy/.test(w)));
  await page.context().close();
  check(wrongs.length === 0, wrongs.join("; "));
}

async function giveKey(page) {
  await page.getByLabel("API key").fill("secret");
  await page.getByRole("button", { name: "Use it" }).click();
}

async function shot(page, name) {
  if (!shots) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${name}.png` });
}

async function say(page, words) {
  await page.getByLabel("Message", { exact: true }).fill(words);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

/** A reply of the chat route made up here. */
function events(deltas) {
  const chunk = (delta, end = null) => `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: end,
    logprobs: delta.content ? { content: [{ token: delta.content, logprob: -0.5, top_logprobs: [{ token: "<b>x</b>", logprob: -1 }] }] } : null }] })}\n\n`;
  return { status: 200, contentType: "text/event-stream", body: deltas.map((d) => chunk({ content: d })).join("") + chunk({}, "stop") + "data: [DONE]\n\n" };
}

for (const [server, key] of [[open, false], [keyed, true]]) {
  const named = (x) => `${x}${key ? " with a key" : ""}`;
  await test(named("chat"), async () => {
    const page = await at(server, "chat");
    if (key) await giveKey(page);
    await say(page, "What is 12 + 30?");
    await page.getByRole("button", { name: "Again" }).waitFor();
    await page.getByText("Thoughts:").waitFor();
    check(!await page.locator("details").first().evaluate((d) => d.open), "the thoughts are not folded");
    check(/42/.test(await page.getByRole("article", { name: "The model" }).innerText()), "no 42");
    await page.getByLabel("Probabilities").check();
    check(await page.locator(".token").count() > 5, "no coloured tokens");
    await page.locator(".token").last().hover();
    check(/%/.test(await page.getByRole("tooltip").innerText()), "no alternatives");
    await shot(page, key ? "chat-key" : "chat");
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByLabel("Message", { exact: true }).first().fill("What is 7 * 8?");
    await page.getByRole("button", { name: "Send as a branch" }).click();
    await page.getByText("2 of 2").first().waitFor();
    await page.getByLabel("Raw text").check();
    await page.getByText("<think>").first().waitFor();
    await page.getByRole("button", { name: "Branch before" }).first().click();
    await page.getByText("1 of 2").first().waitFor();
    await page.getByRole("button", { name: "As the model sees it" }).first().click();
    await page.getByText("What the model was given").waitFor();
    await close(page);
  });
  await test(named("rollouts"), async () => {
    const page = await at(server, "rollouts");
    if (key) await giveKey(page);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByText("8 samples").waitFor();
    check(await page.getByRole("article").count() === 8, "not eight samples");
    check(/majority 13086/.test(await page.locator("main").innerText()), "no majority");
    await shot(page, key ? "rollouts-key" : "rollouts");
    let asked = 0;
    page.on("request", (r) => { asked += /detokenize/.test(r.url()); });
    await page.getByRole("button", { name: "Fork at a token of Sample 1" }).click();
    await page.locator("button.token").nth(4).click();
    check(asked > 0 && asked < await page.locator("button.token").count(), `${asked} requests for the tokens of a sample`); // once an id
    await page.getByText("Forks after 4 tokens").waitFor();
    await page.getByRole("button", { name: "As curl" }).click();
    check(/curl -s http.*v1\/rollouts/.test(await page.locator("pre").first().innerText()), "no curl line");
    await page.getByRole("button", { name: "Link to this" }).click();
    check(/#rollouts\?/.test(page.url()) && !/secret/.test(page.url()), "no link");
    await close(page);
  });
  await test(named("judge"), async () => {
    const page = await at(server, "judge");
    if (key) await giveKey(page);
    await page.getByRole("button", { name: "Judge", exact: true }).click();
    await page.getByText("accuracy: correct").waitFor();
    check(await page.locator("mark").innerText() !== "", "nothing marked");
    await shot(page, key ? "judge-key" : "judge");
    await page.getByLabel("Gold").fill("43");
    await page.getByRole("button", { name: "Judge", exact: true }).click();
    await page.getByText("accuracy: incorrect").waitFor();
    await close(page);
  });
  await test(named("live"), async () => {
    const page = await at(server, "live");
    if (key) await giveKey(page);
    const body = { prompts: [{ messages: [{ role: "user", content: "What is 8765 + 4321?" }], answer: "13086" }], n: 64, sampling: { max_tokens: 200 } };
    const headers = { "Content-Type": "application/json", Authorization: "Bearer secret" };
    const work = page.evaluate(async ([b, h]) => { // so that the figures move
      for (let i = 0; i < 4; i++) await fetch("/v1/rollouts", { method: "POST", headers: h, body: JSON.stringify(b) }).then((r) => r.text());
    }, [body, headers]);
    await page.getByText("Tokens sampled").waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll(".figure b")].every((b) => b.textContent !== "-" || true) &&
      (document.querySelector("polyline").getAttribute("points") ?? "").split(" ").length > 4);
    await page.getByRole("row", { name: /^correct \w+.* \d/ }).waitFor(); // the views before have judged
    await page.getByRole("row", { name: /^incorrect / }).first().waitFor();
    await shot(page, key ? "live-key" : "live");
    await work;
    await close(page);
  });
  await test(named("model"), async () => {
    const page = await at(server, "model");
    if (key) await giveKey(page);
    await page.getByRole("cell", { name: "accuracy", exact: true }).waitFor();
    await page.getByRole("row", { name: /^kernels / }).waitFor();
    await page.getByRole("row", { name: "port 0 command line" }).waitFor();
    await page.getByRole("row", { name: "max-prompts 512 environment" }).waitFor();
    await page.getByRole("row", { name: "verify-seconds 3 file" }).waitFor();
    check(await page.getByRole("row", { name: "max-choices 128 default" }).count() === 0, "settings at their default are shown unasked");
    await page.getByLabel("Those at their default, too").check();
    await page.getByRole("row", { name: "max-choices 128 default" }).waitFor();
    await page.getByRole("row", { name: key ? "api-key given, not shown command line" : "api-key none default" }).waitFor();
    check(!/secret/.test(await page.locator("main").innerText()), "the key is shown");
    await page.getByLabel("Those at their default, too").uncheck();
    await page.getByRole("heading", { name: "Engine" }).evaluate((h) => h.parentElement.scrollIntoView());
    await shot(page, key ? "model-key" : "model");
    await close(page);
  });
}

for (const view of ["chat", "rollouts", "judge", "live", "model"]) {
  for (const colorScheme of ["light", "dark"]) {
    await test(`axe ${view} ${colorScheme}`, async () => {
      const page = await at(open, view, { bypassCSP: true, colorScheme });
      if (view === "judge") await page.getByRole("button", { name: "Judge", exact: true }).click();
      if (view === "rollouts") {
        await page.getByRole("button", { name: "Send", exact: true }).click();
        await page.getByText("8 samples").waitFor();
      }
      await page.waitForTimeout(300);
      await page.evaluate(axe);
      const found = await page.evaluate(() => axe.run());
      const bad = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
      check(bad.length === 0, bad.map((v) => `${v.id}: ${v.nodes[0].html} ${v.nodes[0].failureSummary}`).join("\n"));
      await close(page);
    });
  }
}

await test("a hostile text does nothing", async () => {
  const texts = ["<script>alert(1)</script>", "<img src=http://evil.example/x.png onerror=alert(1)>", "![a](http://evil.example/y.png)",
    "[click](javascript:alert(1))", "<a href=\"javascript:alert(2)\">x</a>", "<svg onload=alert(3)>", "<style>*{display:none}</style>", "<iframe src=//evil.example>",
    "$\\href{javascript:alert(1)}{x}$ $\\htmlData{a=b}{c}$", "<div style='position:fixed;inset:0'>", "</div></article>", "<b", "`<script>`", "\uE0000\uE001",
    "<form action=//evil.example><input name=key>", "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>"];
  const page = await at(open, "chat");
  await page.route("**/v1/chat/completions", (r) => r.fulfill(events(texts.map((t) => `${t}\n\n`))));
  await say(page, "x");
  await page.getByRole("button", { name: "Again" }).waitFor();
  await page.waitForTimeout(500);
  const left = await page.locator("article.assistant").evaluate((a) => a.querySelectorAll("script, img, iframe, style, form, input, svg:not(.katex svg), [onload], [onerror], [href^='javascript']").length);
  check(left === 0, `${left} hostile elements`);
  check(await page.getByRole("navigation").isVisible(), "the page is gone");
  await page.getByLabel("Probabilities").check();
  await close(page, true);
});

await test("a megabyte on one line", async () => {
  const page = await at(open, "chat");
  await page.route("**/v1/chat/completions", (r) => r.fulfill(events(["x".repeat(1 << 20)])));
  await say(page, "x");
  await page.getByRole("button", { name: "Again" }).waitFor();
  await close(page);
});

/** The chat route answers from within the page: `each` tokens every `ms`, a line's end every `line`; so it streams, unlike route.fulfill. */
function streamFromWithin({ total, each, ms, line }) {
  const asks = window.fetch;
  const event = (choice) => `data: ${JSON.stringify({ choices: [{ index: 0, finish_reason: null, ...choice }] })}\n\n`;
  const token = (i) => {
    const text = i % line === line - 1 ? `word${i}\n` : ` word${i}`;
    const tops = [0, 1, 2, 3].map((k) => ({ token: ` other${k}`, logprob: -k }));
    return event({ delta: { content: text }, logprobs: { content: [{ token: text, logprob: -(i % 5) / 2, top_logprobs: tops }] } });
  };
  window.fetch = async (path, options) => {
    if (path !== "/v1/chat/completions") return asks(path, options);
    let i = 0;
    return new Response(new ReadableStream({ async pull(stream) {
      await new Promise((done) => setTimeout(done, ms));
      let text = "";
      for (let k = 0; k < each && i < total; k++) text += token(i++);
      if (i === total) text += event({ delta: {}, finish_reason: "stop" }) + "data: [DONE]\n\n";
      stream.enqueue(new TextEncoder().encode(text));
      if (i === total) stream.close();
    } }));
  };
}

/** What each frame does to the conversation: nodes put in and taken out, blocks that were touched; and how long it takes. */
function watchFrames() {
  const frames = window.frames_ = [];
  let now = null, last = performance.now();
  new MutationObserver((list) => {
    for (const m of list) {
      const block = m.target.nodeType === Node.ELEMENT_NODE && m.target.closest(".block");
      if (block) now.blocks.add(block);
      now.added += m.addedNodes.length;
      now.removed += m.removedNodes.length;
    }
  }).observe(document.querySelector("main"), { childList: true, subtree: true });
  const tick = (t) => {
    frames.push(now = { added: 0, removed: 0, blocks: new Set(), ms: t - last });
    last = t;
    requestAnimationFrame(tick);
  };
  tick(last);
}

async function metrics(page, cdp) {
  const { metrics: list } = await cdp.send("Performance.getMetrics");
  return Object.fromEntries(list.map((m) => [m.name, m.value]));
}

for (const [name, stream] of Object.entries({
  "as they come": { total: 2000, each: 4, ms: 8, line: 20 },
  "on one line": { total: 2000, each: 4, ms: 8, line: 4000 },
  "in one piece": { total: 2000, each: 2000, ms: 8, line: 20 },
})) {
  await test(`two thousand tokens with probabilities ${name}`, async () => {
    const page = await at(open, "chat");
    await page.evaluate(streamFromWithin, stream);
    await page.getByLabel("Probabilities").check();
    await page.waitForFunction(() => window.katex && window.marked && window.DOMPurify);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Performance.enable");
    const before = await metrics(page, cdp);
    await page.evaluate(watchFrames);
    await say(page, "x");
    await page.getByRole("button", { name: "Again" }).waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".token").length === 2000);
    const after = await metrics(page, cdp);
    const seen = await page.evaluate(() => ({
      n: frames_.length, longest: Math.max(...frames_.map((f) => f.ms)), added: Math.max(...frames_.map((f) => f.added)),
      blocks: Math.max(...frames_.map((f) => f.blocks.size)), removed: frames_.reduce((a, f) => a + f.removed, 0),
      elements: document.querySelectorAll("main *").length, largest: Math.max(...[...document.querySelectorAll(".block")].map((b) => b.childElementCount)),
    }));
    const layouts = after.LayoutCount - before.LayoutCount, listeners = after.JSEventListeners - before.JSEventListeners;
    console.log(`two thousand tokens ${name}: longest frame ${seen.longest.toFixed(0)} ms, ${layouts} layouts in ${seen.n} frames of ${
      ((after.LayoutDuration - before.LayoutDuration) * 1000).toFixed(0)} ms together, ${((after.TaskDuration - before.TaskDuration) * 1000 / seen.n).toFixed(1)} ms of work, at most ${seen.added} nodes and ${seen.blocks} blocks a frame`);
    check(seen.added <= 450, `${seen.added} nodes in one frame`); // 200 tokens, their blocks, cards
    check(seen.blocks <= 6, `${seen.blocks} blocks touched in one frame`);
    check(seen.removed <= 2 * seen.n + 20, `${seen.removed} nodes thrown away`); // the line that counts, a text a frame
    check(seen.largest <= 512, `a block of ${seen.largest} tokens`);
    check(seen.elements <= 2000 + 150, `${seen.elements} elements kept`);
    check(layouts <= 2 * seen.n + 20, `${layouts} layouts in ${seen.n} frames`);
    check(listeners <= 60, `${listeners} listeners for 2,000 tokens`);
    const text = await page.evaluate(() => {
      getSelection().selectAllChildren([...document.querySelectorAll(".assistant .text")].at(-1));
      return getSelection().toString();
    });
    if (stream.line < 100) check(text.trim() === await page.evaluate(() => [...document.querySelectorAll(".token")].map((t) => t.textContent).join("").trim()), "what is copied is another text");
    await page.locator(".token").last().hover();
    check(/other3/.test(await page.getByRole("tooltip").innerText()), "no alternatives");
    await close(page);
  });
}

await test("an answer goes on while another view is looked at", async () => {
  const page = await at(open, "chat");
  await page.evaluate(streamFromWithin, { total: 60, each: 1, ms: 20, line: 20 });
  await say(page, "x");
  await page.getByText("word3").first().waitFor();
  await page.getByRole("link", { name: "Judge" }).click();
  await page.getByRole("link", { name: "Chat" }).click();
  await page.getByRole("button", { name: "Again" }).waitFor();
  check(/word59/.test(await page.getByRole("article", { name: "The model" }).innerText()), "not the whole answer");
  await close(page);
});

await test("sixteen samples of a thousand tokens", async () => {
  const sample = (index) => ({ index, text: Array.from({ length: 1000 }, (_, i) => `word${i}`).join(" "), token_ids: Array(1000).fill(1), logprobs: Array(1000).fill(-1),
    loss_mask: Array(1000).fill(1), finish_reason: "length", reward: index % 2, rewards: { accuracy: index % 2 }, details: {}, mask: false, mask_cause: null, advantage: 0.5, keep: true });
  const group = { prompt: 0, samples: Array.from({ length: 16 }, (_, i) => sample(i)), group: { mean: 0.5, std: 0.5, keep: true, majority: null, pass_at: { 1: 0.5 } } };
  const page = await at(open, "rollouts");
  await page.route("**/v1/rollouts", (r) => r.fulfill({ status: 200, contentType: "application/x-ndjson",
    body: [{ id: "x" }, group, { totals: { completion_tokens: 16000 } }].map((x) => JSON.stringify(x) + "\n").join("") }));
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByText("16 samples").waitFor();
  check(await page.getByRole("article").count() === 16, "not sixteen samples");
  const longest = await page.evaluate(async () => {
    let most = 0, last = performance.now();
    const next = () => new Promise((done) => requestAnimationFrame((t) => { most = Math.max(most, t - last); last = t; done(); }));
    for (let i = 0; i < 30; i++) {
      scrollBy(0, 60);
      for (const box of document.querySelectorAll(".scroll")) box.scrollTop += 20;
      await next();
    }
    return most;
  });
  const kept = await page.evaluate(() => document.querySelectorAll("main *").length);
  check(kept <= 16 * 40 + 150, `${kept} elements for sixteen samples`);
  check(await page.getByRole("article").last().evaluate((a) => getComputedStyle(a).contentVisibility === "auto"), "samples out of sight are laid out");
  check(await page.locator(".scroll").first().evaluate((box) => box.scrollTop > 0 && box.scrollHeight > box.clientHeight), "a sample does not scroll");
  console.log(`longest frame while sixteen samples scroll: ${longest.toFixed(0)} ms`);
  await close(page);
});

await test("a phone", async () => {
  for (const view of ["chat", "rollouts", "judge", "live", "model"]) {
    const page = await at(open, view, { viewport: { width: 360, height: 700 } });
    await page.waitForTimeout(300);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(wide <= 360, `${view} is ${wide} wide`);
    await close(page);
  }
});

await test("a model that is still loaded", async () => {
  const page = await at(open, "chat");
  let loading = true;
  const soon = { status: 503, contentType: "application/json", body: JSON.stringify({ error: { message: "the model is being loaded" } }) };
  for (const path of ["**/v1/models", "**/server_info"]) await page.route(path, (r) => loading ? r.fulfill(soon) : r.continue());
  await page.goto("about:blank");
  await page.goto(`${open.url}#model`);
  await page.getByRole("banner").getByText("the model is being loaded").waitFor();
  loading = false;
  await page.getByRole("banner").getByText("touchstone-tiny").waitFor();
  await page.getByRole("row", { name: /^kernels / }).waitFor();
  page.wrongs = page.wrongs.filter((w) => !/status of 503/.test(w));
  await close(page);
});

await test("weight and first paint", async () => {
  const cold = await begin(/event=listening/, []); // its model may still be loading
  const page = await at(cold, "chat");
  const paint = await page.evaluate(() => new Promise((done) => new PerformanceObserver((list, o) => {
    const first = list.getEntriesByName("first-contentful-paint")[0];
    if (first) { o.disconnect(); done(first.startTime); }
  }).observe({ type: "paint", buffered: true })));
  const early = await page.evaluate((t) => performance.getEntriesByType("resource").filter((r) => r.startTime < t)
    .map((r) => ({ name: new URL(r.name).pathname, blocking: r.renderBlockingStatus === "blocking", bytes: r.encodedBodySize })), paint);
  const blocking = early.filter((r) => r.blocking).map((r) => r.name);
  check(blocking.join() === "/page/page.css", `what blocks the first paint: ${blocking}`);
  const first = early.filter((r) => !/katex|marked|purify|fonts/.test(r.name)).reduce((a, r) => a + r.bytes, 0);
  check(first < 40000, `${first} bytes of our own`);
  const levels = await page.evaluate(() => {
    const preloaded = new Set([...document.querySelectorAll("link[rel=modulepreload], script[type=module]")].map((e) => new URL(e.href || e.src).pathname));
    return performance.getEntriesByType("resource").filter((r) => /\.js$/.test(r.name) && !/katex|marked|purify/.test(r.name)).map((r) => new URL(r.name).pathname).filter((p) => !preloaded.has(p));
  });
  check(levels.length === 0, `modules found late: ${levels}`);
  await page.getByText("touchstone-tiny").waitFor();
  page.wrongs = page.wrongs.filter((w) => !/status of 503/.test(w));
  await say(page, "What is 1 + 1?");
  await page.getByRole("button", { name: "Again" }).waitFor();
  await page.waitForFunction(() => window.katex && window.marked && window.DOMPurify);
  const bytes = await page.evaluate(() => performance.getEntriesByType("resource").filter((r) => r.name.includes("/page/")).reduce((a, r) => a + r.encodedBodySize, 0));
  console.log(`the page weighs ${Math.round(bytes / 1000)} kB with all libraries, ${Math.round(first / 1000)} kB of its own; first paint after ${Math.round(paint)} ms`);
  check(bytes < 400000, `${bytes} bytes`);
  await close(page);
  cold.stop();
});

await browser.close();
open.stop();
keyed.stop();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
