// flow.js - text that grows, in blocks: a frame touches the last block and adds so much at most; blocks out of sight
// are neither laid out nor painted (page.css, .block).
//
// A block ends where a line does, so that the blocks read as one text. Only what has no line's end for very long is
// broken before: at a word, or where it has none of these either, anywhere.
import { el } from "./dom.js";
import { token, watch } from "./tokens.js";

// Where a block that holds so much may end, and how much a frame adds.
const TOKENS = { line: 64, word: 384, any: 512, frame: 200 };
const CHARS = { line: 1500, word: 4000, any: 6000, frame: 32000 };

/**
 * {box, tokens(list, from, to), text(string)}: show list[from, to) or the string, of which what was shown before is
 * the beginning. make(record, index): a token's element.
 */
export function flow(tag = "div", make = (x) => token(...x)) {
  const box = watch(el(tag, { class: "text" }));
  let block = null, size = 0; // the last one, and what it holds
  let done = 0, goal = 0, step = null, asked = false;

  function open() {
    block = el("div", { class: "block" });
    size = 0;
    box.append(block);
  }

  function addTokens(list, from, to) {
    for (let i = from; i < to; i++) {
      const text = list[i][0];
      if (!block || size >= TOKENS.any || (size >= TOKENS.word && text.startsWith(" "))) open();
      block.append(make(list[i], i));
      size++;
      if (size >= TOKENS.line && text.endsWith("\n")) block = null;
    }
  }

  /** Behind the next mark in text that lies beyond what the block shall hold at least. */
  function behind(mark, text, from, least) {
    const at = text.indexOf(mark, from + Math.max(0, least - size));
    return at < 0 ? Infinity : at + 1;
  }

  function addText(text, from, to) {
    while (from < to) {
      if (!block) open();
      const hard = from + CHARS.any - size, pair = /[\uDC00-\uDFFF]/.test(text[hard] || "") ? 1 : 0;
      const cut = Math.min(behind("\n", text, from, CHARS.line), behind(" ", text, from, CHARS.word), hard + pair);
      const end = Math.min(cut, to);
      if (block.lastChild) block.lastChild.appendData(text.slice(from, end));
      else block.append(text.slice(from, end));
      size += end - from;
      from = end;
      if (end === cut) block = null;
    }
  }

  /** So much as a frame may take; the rest in the next ones. */
  function run() {
    asked = false;
    if (done < goal) step();
    if (done >= goal || asked) return;
    asked = true;
    requestAnimationFrame(run);
  }

  function toward(to, frame, add) {
    goal = to;
    step = () => {
      const end = Math.min(goal, done + frame);
      add(done, end);
      done = end;
    };
    if (!asked) run();
  }

  return {
    box,
    tokens(list, from = 0, to = list.length) {
      toward(to - from, TOKENS.frame, (a, b) => addTokens(list, from + a, from + b));
    },
    text(string) {
      toward(string.length, CHARS.frame, (a, b) => addText(string, a, b));
    },
  };
}
