// Queries: the same as `domain/search/query.py` and `domain/search/snippet.py`.

// A text as Python shows it in a sentence.
function shown(said) {
  const quote = said.includes("'") && !said.includes('"') ? '"' : "'";
  const names = new Map([["\\", "\\\\"], ["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"], [quote, `\\${quote}`]]);
  const plain = (each) => (text.hidden.test(each) ? escaped(each.codePointAt(0)) : each);
  return quote + [...said].map((each) => names.get(each) ?? plain(each)).join("") + quote;
}
function escaped(code) {
  const [letter, length] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return `\\${letter}${code.toString(16).padStart(length, "0")}`;
}
function termOf(said, isPrefix) {
  const found = words(said), last = found.at(-1);
  if (!found.length) return null;
  const isUnspaced = [...last].length === 1 && text.anyUnspaced.test(last);
  if (!isUnspaced) return { words: found, isPrefix };
  if (found.length === 1) return { words: [last], isPrefix: true };
  const before = [...found.at(-2)];
  const inRun = before.at(-1) === last && before.length > 1 && text.anyUnspaced.test(before[0]);
  return { words: inRun ? found.slice(0, -1) : found, isPrefix: true };
}
function tokensOf(said) {
  const found = [], all = said.replace(text.trim, "").replace(/[“”„«»]/g, '"');
  text.token.lastIndex = 0;
  for (let at = 0; at < all.length; ) {
    text.token.lastIndex = at;
    const token = text.token.exec(all)?.groups;
    if (!token) throw new Error('a quotation mark (") is left open');
    at = text.token.lastIndex;
    if (token.not) found.push("NOT");
    const { word, bracket, phrase, star } = token;
    if (bracket) found.push(bracket);
    else if (word === "AND" || word === "OR" || word === "NOT") found.push(word);
    else {
      const given = phrase ?? word;
      if (word?.replace(/\*+$/, "").includes("*"))
        throw new Error(`a star stands at the end of a word, not as in ${shown(word)}`);
      const term = termOf(given, Boolean(star) || Boolean(word?.endsWith("*")));
      if (term) found.push(term);
      else if (token.not) throw new Error(`there is no letter or digit in ${shown(given)} to leave out`);
    }
  }
  return found;
}
const MISSING = "a word is missing beside OR or NOT, or in brackets";
const isTerm = (token) => typeof token === "object" && token !== null && !token.kind;
function parse(said) {
  const tokens = tokensOf(said), terms = tokens.filter(isTerm);
  if (!terms.length) throw new Error("there is no letter and no digit to search for");
  const count = terms.reduce((sum, term) => sum + term.words.length, 0);
  if (count > text.limits.words || tokens.length > text.limits.tokens)
    throw new Error(`it is longer than ${text.limits.words} words`);
  let at = 0, depth = 0;
  const either = () => {
    let query = every();
    while (tokens[at] === "OR") { at++; query = { kind: "either", left: query, right: every() }; }
    return query;
  };
  const every = () => {
    let query = null;
    const excluded = [];
    while (at < tokens.length && tokens[at] !== "OR" && tokens[at] !== ")") {
      const token = tokens[at++];
      if (token === "AND") continue;
      if (token === "NOT") { excluded.push(single(tokens[at++])); continue; }
      const found = single(token);
      query = query ? { kind: "both", left: query, right: found } : found;
    }
    if (!query && excluded.length) throw new Error("it only says what to leave out; say what to find, too");
    if (!query) throw new Error(MISSING);
    for (const each of excluded) query = { kind: "without", left: query, right: each };
    return query;
  };
  const single = (token) => {
    if (isTerm(token)) return token;
    if (token !== "(") throw new Error(MISSING);
    if (++depth > text.limits.brackets) throw new Error("there are too many brackets in each other");
    const query = either();
    if (tokens[at++] !== ")") throw new Error("a bracket is left open");
    depth--;
    return query;
  };
  const query = either();
  if (at < tokens.length) throw new Error("a bracket is closed that was not opened");
  return query;
}

// The number of the first word of each place where a term stands.
function places(term, said) {
  const before = term.words.slice(0, -1), last = term.words.at(-1), found = [];
  for (let end = before.length; end < said.length; end++) {
    const fits = term.isPrefix ? said[end].startsWith(last) : said[end] === last;
    if (fits && before.every((word, at) => said[end - before.length + at] === word)) found.push(end - before.length);
  }
  return found;
}
function termsToMark(query) {
  if (isTerm(query)) return [query];
  return query.kind === "without" ? termsToMark(query.left) : [...termsToMark(query.left), ...termsToMark(query.right)];
}
// Where a text has what a query asks for, as ranges that do not overlap.
function hitsIn(said, query) {
  const found = placedWords(said), only = found.map(([word]) => word);
  const range = (first, length) => [found[first][1], found[first + length - 1][2]];
  const ranges = termsToMark(query).flatMap((term) =>
    places(term, only).map((first) => range(first, term.words.length)));
  ranges.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const joined = [];
  for (const [start, end] of ranges) {
    const last = joined.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else joined.push([start, end]);
  }
  return joined;
}

const isBlank = (said) => said.replace(text.trim, "") === "";
const marks = (said, query) => (isBlank(query) ? [] : hitsIn(said, parse(query)));
