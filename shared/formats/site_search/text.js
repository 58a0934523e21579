// Text: the same as `domain/search/fold.py`, by tables that the Python wrote which
// wrote the files.

let text;
function useTables(tables) {
  const { letters, joined, unknown, hidden, marks, unspaced, blanks, simpler, limits } = tables;
  text = {
    unknown: new RegExp(`[${unknown}]`, "gu"), marks: new RegExp(`[${marks}]`, "gu"),
    simpler: new RegExp(`[${Object.keys(simpler).join("")}]`, "gu"), letters: simpler,
    hidden: new RegExp(`[${hidden}${unknown}]`, "u"),
    spaced: new RegExp(`[${letters}]+`, "gu"), anyUnspaced: new RegExp(`[${unspaced}]`, "u"),
    runs: new RegExp(`([${unspaced}]+)|(?:(?![${unspaced}])[${letters}])+`, "gu"),
    trim: new RegExp(`^[${blanks}]+|[${blanks}]+$`, "gu"), limits,
    token: new RegExp(
      `[${blanks}]*(?:(?<not>-(?=["_(]|(?![${joined}])[${letters}]))?(?:"(?<phrase>[^"]*)"(?<star>\\*)?` +
      `|(?<bracket>[()])|(?<word>[^${blanks}()"]+)))`, "yu"),
  };
}
const isAscii = (said) => /^[\0-\x7f]*$/.test(said);
function fold(said) {
  if (isAscii(said)) return said.toLowerCase();
  const plain = said.replace(text.unknown, " ").normalize("NFKD").toLowerCase();
  return plain.replace(text.marks, "").replace(text.simpler, (letter) => text.letters[letter]).normalize("NFC");
}
function pairs(run) {
  const letters = [...run];
  return letters.map((letter, at) => letter + (letters[at + 1] ?? ""));
}
function words(said) {
  const plain = fold(said);
  if (isAscii(plain)) return plain.match(/[a-z0-9]+/g) ?? [];
  if (!text.anyUnspaced.test(plain)) return plain.match(text.spaced) ?? [];
  return [...plain.matchAll(text.runs)].flatMap((run) => (run[1] ? pairs(run[0]) : [run[0]]));
}
// Each word with its place in the text as it was written.
function placedWords(said) {
  const found = [];
  for (const run of said.matchAll(text.runs)) {
    const letters = [...run[0]], inRun = words(run[0]), end = run.index + run[0].length;
    const isByLetter = run[1] && inRun.length === letters.length;
    let at = run.index;
    inRun.forEach((word, number) => {
      if (!isByLetter) { found.push([word, run.index, end]); return; }
      const next = (letters[number] ?? "").length;
      const length = [...word].reduce((sum, _, offset) => sum + (letters[number + offset]?.length ?? 0), 0);
      found.push([word, at, at + length]);
      at += next;
    });
  }
  return found;
}
