// Asks a site's search in node, as a page that was just opened, and then once more:
// `node site_search.mjs FOLDER PEOPLE < questions`, where each query is [words, filter].
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInThisContext } from "node:vm";

const folder = process.argv[2], people = JSON.parse(process.argv[3]);
let files = 0;
const run = (name) => { files++; runInThisContext(readFileSync(join(folder, name), "utf8")); };
run("engine.js");
run("fold.js");
runInThisContext("globalThis.ChatSearch = ChatSearch");
const answers = [];
const { queries } = JSON.parse(readFileSync(0, "utf8"));
for (const [words, filter] of queries) {
  const asked = async (engine) => (await engine.find(words, filter, { limit: 50 })).count;
  files = 0;
  let began = performance.now();
  const engine = await ChatSearch.open("", people, { load: async (name) => run(name) });
  const count = await asked(engine), cold = performance.now() - began, read = files;
  began = performance.now();
  await asked(engine);
  answers.push({ words, count, cold, warm: performance.now() - began, files: read, memory: process.memoryUsage().rss / 1e6 });
}
process.stdout.write(JSON.stringify(answers));
