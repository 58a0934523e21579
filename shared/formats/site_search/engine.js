// Searches the files that `writer.py` wrote. They register themselves here when they are
// loaded, by script tags in a browser. Text is read exactly as the program reads it: the
// tables of letters are those of the Python that wrote the files.
const ChatSearch = (() => {
  const BASE = 91, ENDS = 80, GOES_ON = BASE - ENDS, TAIL_FROM = 8, BITS = 6, BITMAP_SHARE = 6;
  const PACKS_PER_FOLDER = 1000, HOT = 300, KEPT_PACKS = 300, KEPT_SHARDS = 150, PACKS_AT_ONCE = 50, MARK = "\u0001";
  const VALUES = new Uint8Array(128);
  for (let code = 33, value = 0; code < 126; code++) if (code !== 34 && code !== 92) VALUES[code] = value++;

  const registered = new Map();
  function add(kind, ...values) {
    registered.set(kind === "manifest" ? kind : kind + values[0], values);
  }

  // A page has no other way to read a file beside it.
  const byScript = (address) => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => { script.remove(); resolve(); };
    script.onerror = () => { script.remove(); reject(new Error(`${address} is missing`)); };
    document.head.append(script);
  });

  // Numbers

  function numbers(text) {
    const found = [];
    for (let at = 0, value = 0; at < text.length; at++) {
      const digit = VALUES[text.charCodeAt(at)];
      if (digit < ENDS) { found.push(value * ENDS + digit); value = 0; }
      else value = value * GOES_ON + digit - ENDS + 1;
    }
    return found;
  }

  const isBitmap = (count, total) => count > Math.floor(total / BITMAP_SHARE);
  function tailLength(count, total) {
    let length = 0;
    while (total >= TAIL_FROM * BASE ** (length + 1) * count) length++;
    return length;
  }
  // Where the messages of a term end that begin somewhere in a text.
  function endOfMessages(text, from, count, total) {
    if (isBitmap(count, total)) return from + Math.ceil(total / BITS);
    const tail = tailLength(count, total);
    let at = from;
    for (let left = count; left; left--) {
      while (VALUES[text.charCodeAt(at)] >= ENDS) at++;
      at += 1 + tail;
    }
    return at;
  }
  function messagesIn(text, count, total) {
    const found = new Uint32Array(count);
    let size = 0;
    if (isBitmap(count, total)) {
      for (let at = 0; at < text.length; at++)
        for (let bits = VALUES[text.charCodeAt(at)], bit = 0; bits; bits >>= 1, bit++)
          if (bits & 1) found[size++] = at * BITS + bit;
      return found;
    }
    const tail = tailLength(count, total);
    for (let at = 0, value = 0, before = -1; at < text.length; at++) {
      const digit = VALUES[text.charCodeAt(at)];
      if (digit >= ENDS) { value = value * GOES_ON + digit - ENDS + 1; continue; }
      value = value * ENDS + digit;
      for (let more = tail; more; more--) value = value * BASE + VALUES[text.charCodeAt(++at)];
      before += value + 1;
      found[size++] = before;
      value = 0;
    }
    return found;
  }

  // The places of a term in those of its messages that are wanted, in their order.
  function placesIn(text, messages, wanted) {
    const found = [];
    let at = 0, next = 0, value = 0;
    for (const message of messages) {
      const places = message === wanted[next] ? [] : null;
      for (let place = 0, more = 1; more; ) {
        let digit = VALUES[text.charCodeAt(at++)];
        for (value = 0; digit >= ENDS; digit = VALUES[text.charCodeAt(at++)]) value = value * GOES_ON + digit - ENDS + 1;
        value = value * ENDS + digit;
        more = value & 1;
        place += value >> 1;
        places?.push(place);
      }
      if (!places) continue;
      found.push(places);
      if (++next === wanted.length) break;
    }
    return found;
  }

  // Sets of messages: ascending numbers

  function both(one, other) {
    if (one.length > other.length) [one, other] = [other, one];
    const found = new Uint32Array(one.length);
    let size = 0, at = 0;
    const isFar = other.length > one.length * 20;
    for (const number of one) {
      if (isFar) at = firstFrom(other, number, at);
      else while (at < other.length && other[at] < number) at++;
      if (at < other.length && other[at] === number) found[size++] = number;
    }
    return found.subarray(0, size);
  }
  function firstFrom(sorted, number, low = 0) {
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle] < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  function without(one, other) {
    const found = new Uint32Array(one.length);
    let size = 0, at = 0;
    for (const number of one) {
      while (at < other.length && other[at] < number) at++;
      if (at >= other.length || other[at] !== number) found[size++] = number;
    }
    return found.subarray(0, size);
  }
  function union(sets, total) {
    const full = sets.filter((set) => set.length);
    if (full.length < 2) return full[0] ?? new Uint32Array();
    const bits = new Uint32Array((total + 31) >> 5);
    for (const set of full) for (const number of set) bits[number >> 5] |= 1 << (number & 31);
    let size = 0;
    for (let word of bits) for (; word; word &= word - 1) size++;
    const found = new Uint32Array(size);
    size = 0;
    bits.forEach((word, at) => { for (; word; word &= word - 1) found[size++] = (at << 5) + 31 - Math.clz32(word & -word); });
    return found;
  }

  // Text: the same as domain/search/fold.py

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
        const length = word === "" ? 0 : [...word].reduce((sum, _, offset) => sum + (letters[number + offset]?.length ?? 0), 0);
        found.push([word, at, at + length]);
        at += next;
      });
    }
    return found;
  }

  // Queries: the same as domain/search/query.py

  // A text as Python shows it in a sentence.
  function shown(said) {
    const quote = said.includes("'") && !said.includes('"') ? '"' : "'";
    const names = new Map([["\\", "\\\\"], ["\t", "\\t"], ["\n", "\\n"], ["\r", "\\r"], [quote, `\\${quote}`]]);
    return quote + [...said].map((each) => names.get(each) ?? (text.hidden.test(each) ? escaped(each.codePointAt(0)) : each)).join("") + quote;
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
        if (word && word.replace(/\*+$/, "").includes("*")) throw new Error(`a star stands at the end of a word, not as in ${shown(word)}`);
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
    if (!terms.length) throw new Error("WORDS hold no letter and no digit to search for");
    const count = terms.reduce((sum, term) => sum + term.words.length, 0);
    if (count > text.limits.words || tokens.length > text.limits.tokens) throw new Error(`it is longer than ${text.limits.words} words`);
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
    const ranges = termsToMark(query).flatMap((term) => places(term, only).map((first) => [found[first][1], found[first + term.words.length - 1][2]]));
    ranges.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    const joined = [];
    for (const [start, end] of ranges) {
      const last = joined.at(-1);
      if (last && start <= last[1]) last[1] = Math.max(last[1], end);
      else joined.push([start, end]);
    }
    return joined;
  }

  // What was read is kept for a while: the last ones used.
  class Kept {
    constructor(most, read) { this.most = most; this.read = read; this.known = new Map(); }
    get(key) {
      const found = this.known.get(key) ?? this.read(key);
      this.known.delete(key);
      this.known.set(key, found);
      found.catch(() => this.known.delete(key));
      if (this.known.size > this.most) this.known.delete(this.known.keys().next().value);
      return found;
    }
  }

  const isHot = (entry) => entry.count >= HOT;
  // Those messages where a word follows on others.
  function follows(before, end, messages) {
    const places = before.map((entry) => placesIn(entry.places, entry.numbers, messages));
    const ends = placesIn(end.places, end.numbers, messages);
    return messages.filter((_, at) => ends[at].some((place) =>
      places.every((each, number) => each[at].includes(place - places.length + number))));
  }

  class Engine {
    constructor(base, manifest, people, load) {
      this.base = base;
      this.load = load;
      this.total = manifest.count;
      this.firstTerms = manifest.terms;
      this.firsts = manifest.packs;
      this.times = manifest.times;
      this.people = people.map(words);
      this.packs = new Kept(KEPT_PACKS, (number) => this.registered("pack", number, `p${Math.floor(number / PACKS_PER_FOLDER)}/${number}.js`).then(([, rows]) => rows));
      this.shards = new Kept(KEPT_SHARDS, (number) => this.registered("term", number, `t${number}.js`).then(([, ...parts]) => this.shard(...parts)));
      this.longs = new Kept(KEPT_SHARDS, (number) => this.registered("long", number, `l${number}.js`).then(([, part]) => part));
    }

    async registered(kind, number, name) {
      await this.load(this.base + name);
      const found = registered.get(kind + number);
      registered.delete(kind + number);
      return found;
    }

    shard(termsText, numbersText, postings) {
      const all = numbers(numbersText), terms = new Map();
      let before = "", from = 0, at = 0;
      for (const written of termsText.split(" ")) {
        const term = before.slice(0, VALUES[written.charCodeAt(0)]) + written.slice(1), count = all[at++];
        const size = count < HOT ? 1 : all[at++];
        if (size) {
          const places = endOfMessages(postings, from, count, this.total), end = places + size - 1;
          terms.set(term, { count, messages: postings.slice(from, places), places: postings.slice(places, end) });
          from = end;
        } else terms.set(term, { count, long: { first: all[at++], parts: all[at++], messages: all[at++] } });
        before = term;
      }
      return terms;
    }

    shardOf(term) {
      let low = 0, high = this.firstTerms.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.firstTerms[middle] <= term) low = middle + 1;
        else high = middle;
      }
      return Math.max(0, low - 1);
    }

    async whole({ count, long, messages, places }) {
      if (long) {
        const all = (await Promise.all(Array.from({ length: long.parts }, (_, at) => this.longs.get(long.first + at)))).join("");
        messages = all.slice(0, long.messages);
        places = all.slice(long.messages);
      }
      return { count, places, numbers: messagesIn(messages, count, this.total) };
    }

    // What the index has of a term; null where it has nothing.
    async entry(term) {
      if (!this.firstTerms.length) return null;
      const found = (await this.shards.get(this.shardOf(term))).get(term);
      return found ? this.whole(found) : null;
    }

    async entriesWith(prefix) {
      if (!this.firstTerms.length) return [];
      const wanted = [], first = this.shardOf(prefix);
      for (let number = first; number < this.firstTerms.length; number++) {
        if (number > first && !this.firstTerms[number].startsWith(prefix)) break;
        wanted.push(this.shards.get(number));
      }
      const found = [];
      for (const shard of await Promise.all(wanted)) for (const [term, entry] of shard) if (term.startsWith(prefix)) found.push(entry);
      return Promise.all(found.map((entry) => this.whole(entry)));
    }

    async numbersOf(term) {
      return (await this.entry(term))?.numbers ?? new Uint32Array();
    }

    async eval(query) {
      if (isTerm(query)) {
        const said = query.words.length === 1 ? await this.word(query) : await this.phrase(query);
        const called = this.people.flatMap((name, number) => (places(query, name).length ? [number] : []));
        return called.length ? union([said, await this.from(called)], this.total) : said;
      }
      const [left, right] = await Promise.all([this.eval(query.left), this.eval(query.right)]);
      if (query.kind === "both") return both(left, right);
      return query.kind === "either" ? union([left, right], this.total) : without(left, right);
    }

    async from(people) {
      return union(await Promise.all(people.map((number) => this.numbersOf(`${MARK}p${number}`))), this.total);
    }

    async word({ words: [word], isPrefix }) {
      if (!isPrefix) return this.numbersOf(word);
      return union((await this.entriesWith(word)).map((entry) => entry.numbers), this.total);
    }

    async phrase(term) {
      const before = await Promise.all(term.words.slice(0, -1).map((word) => this.entry(word)));
      if (before.some((entry) => !entry)) return new Uint32Array();
      const last = term.words.at(-1), ends = term.isPrefix ? await this.entriesWith(last) : [await this.entry(last)].filter(Boolean);
      let candidates = union(ends.map((entry) => entry.numbers), this.total);
      for (const entry of before) candidates = both(candidates, entry.numbers);
      if (!candidates.length) return candidates;
      const hot = before.every(isHot) ? ends.filter(isHot) : [];
      const found = union(hot.map((end) => follows(before, end, both(candidates, end.numbers))), this.total);
      if (hot.length) candidates = both(candidates, union(ends.filter((end) => !isHot(end)).map((end) => end.numbers), this.total));
      candidates = without(candidates, found);
      return union([found, await this.checked(term, candidates)], this.total);
    }

    // Those candidates that have a phrase, by their texts: few packs at a time, since
    // there may be as many as there are.
    async checked(term, candidates) {
      const found = [];
      for (let from = 0, to = 0; from < candidates.length; from = to) {
        const last = this.packOf(candidates[from]) + PACKS_AT_ONCE;
        to = last < this.firsts.length ? firstFrom(candidates, this.firsts[last], from) : candidates.length;
        const some = candidates.subarray(from, to), rows = await this.rows(some);
        rows.forEach((row, at) => { if (row.slice(5).some((said) => places(term, words(said)).length)) found.push(some[at]); });
      }
      return Uint32Array.from(found);
    }

    packOf(number) {
      return firstFrom(this.firsts, number + 1) - 1;
    }

    async rows(wanted) {
      const needed = [...new Set([...wanted].map((number) => this.packOf(number)))];
      const packs = new Map(await Promise.all(needed.map(async (pack) => [pack, await this.packs.get(pack)])));
      return [...wanted].map((number) => packs.get(this.packOf(number))[number - this.firsts[this.packOf(number)]]);
    }

    // The number of the first message that is not before a time.
    async firstSince(time) {
      const pack = firstFrom(this.times, time) - 1;
      if (pack < 0) return 0;
      const rows = await this.packs.get(pack);
      return this.firsts[pack] + rows.filter((row) => row[3] < time).length;
    }

    async find(said, filter = {}, { limit = 50, offset = 0 } = {}) {
      let found = await this.eval(parse(said));
      if (filter.person) found = both(found, await this.from(filter.person));
      for (const [name, kind] of [["edited", "e"], ["deleted", "d"], ["files", "f"]])
        if (filter[name]) found = both(found, await this.numbersOf(MARK + kind));
      const start = filter.after == null ? 0 : firstFrom(found, await this.firstSince(filter.after + 1));
      const end = filter.before == null ? found.length : firstFrom(found, await this.firstSince(filter.before));
      found = found.subarray(start, Math.max(start, end));
      const from = Math.max(0, found.length - offset), wanted = found.subarray(Math.max(0, from - limit), from).slice().reverse();
      const hits = (await this.rows(wanted)).map(([thread, ordinal, id, time, sender, ...texts]) => ({ thread, ordinal, id: id === 0 ? String(time) : id, time, sender, texts }));
      return { count: found.length, hits };
    }

    marks(said, query) {
      return hitsIn(said, parse(query));
    }
  }

  async function open(base, people, load = byScript) {
    await load(`${base}m.js`);
    const [manifest] = registered.get("manifest");
    return new Engine(base, manifest, people, load);
  }

  const marks = (said, query) => hitsIn(said, parse(query));
  return { add, open, fold, words, parse, marks, useTables };
})();
