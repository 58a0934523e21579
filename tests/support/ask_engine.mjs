// Asks the engine of a site's search, in node: `node ask_engine.mjs FOLDER < questions`.
// Each question is [name, ...arguments]; each answer is the value, or {error: sentence}.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInThisContext } from "node:vm";

const folder = process.argv[2];
const { people, questions } = JSON.parse(readFileSync(0, "utf8"));
const run = (name) => runInThisContext(readFileSync(join(folder, name), "utf8"));

run("engine.js");
run("fold.js");
runInThisContext("globalThis.ChatSearch = ChatSearch");
const loaded = [];
const load = async (name) => { loaded.push(name); run(name); };
const engine = await ChatSearch.open("", people, { load });
const ask = {
  find: (...given) => engine.find(...given),
  marks: (...given) => engine.marks(...given),
  words: (text) => ChatSearch.words(text),
  folded: (from, to) => {
    const found = [];
    for (let code = from; code < to; code++)
      if (code < 0xd800 || code > 0xdfff) found.push(ChatSearch.words(`a${String.fromCodePoint(code)}b`).join(" "));
    return found;
  },
};
const answers = [];
for (const [name, ...given] of questions) {
  try {
    answers.push(await ask[name](...given));
  } catch (error) {
    answers.push({ error: error.message });
  }
}
process.stdout.write(JSON.stringify({ answers, loaded: loaded.length }));
