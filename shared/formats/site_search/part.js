// What a query finds in the files of one folder.

const HOT = 300, PACKS_AT_ONCE = 50, MARK = "\u0001";
const TIME = 3, TEXTS = 5, UNKNOWN = 1;
const isHot = (entry) => entry.count >= HOT;
// Those messages where a word follows on others.
function follows(before, end, messages) {
  const places = before.map((entry) => placesIn(entry.places, entry.numbers, messages));
  const ends = placesIn(end.places, end.numbers, messages);
  return messages.filter((_, at) => ends[at].some((place) =>
    places.every((each, number) => each[at].includes(place - places.length + number))));
}

// Messages are numbered by time, the oldest first.
class Part {
  constructor(files, manifest, people) {
    this.total = manifest.count;
    this.firstTerms = manifest.terms;
    this.firsts = manifest.packs;
    this.times = manifest.times;
    this.people = people;
    this.packs = new Kept(KEPT_PACKS, async (number) => (await files("pack", number, packName(number)))[0]);
    this.shards = new Kept(KEPT_SHARDS, async (number) => {
      return this.shard(...(await files("term", number, `t${number}.js`)));
    });
    this.longs = new Kept(KEPT_SHARDS, async (number) => (await files("long", number, `l${number}.js`))[0]);
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
      const files = Array.from({ length: long.parts }, (_, at) => this.longs.get(long.first + at));
      const all = (await Promise.all(files)).join("");
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
    for (const shard of await Promise.all(wanted))
      for (const [term, entry] of shard) if (term.startsWith(prefix)) found.push(entry);
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
    const last = term.words.at(-1);
    const ends = term.isPrefix ? await this.entriesWith(last) : [await this.entry(last)].filter(Boolean);
    let candidates = union(ends.map((entry) => entry.numbers), this.total);
    for (const entry of before) candidates = both(candidates, entry.numbers);
    if (!candidates.length) return candidates;
    const hot = before.every(isHot) ? ends.filter(isHot) : [];
    const found = union(hot.map((end) => follows(before, end, both(candidates, end.numbers))), this.total);
    if (hot.length) {
      const others = ends.filter((end) => !isHot(end)).map((end) => end.numbers);
      candidates = without(both(candidates, union(others, this.total)), found);
    }
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
      const isIn = (said) => places(term, words(said)).length > 0;
      rows.forEach((row, at) => { if (row.slice(TEXTS).some(isIn)) found.push(some[at]); });
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
    return this.firsts[pack] + rows.filter((row) => row[TIME] < time).length;
  }

  // What a query finds, of some people, times and kinds; without one, all of these.
  async found(query, filter) {
    let found = query ? await this.eval(query) : Uint32Array.from({ length: this.total }, (_, at) => at);
    if (filter.person) found = both(found, await this.from(filter.person));
    for (const [name, kind] of [["edited", "e"], ["deleted", "d"], ["files", "f"]])
      if (filter[name]) found = both(found, await this.numbersOf(MARK + kind));
    const isLimited = filter.after != null || filter.before != null;
    const after = Math.max(filter.after ?? UNKNOWN, UNKNOWN);
    const start = isLimited ? firstFrom(found, await this.firstSince(after + 1)) : 0;
    const end = filter.before == null ? found.length : firstFrom(found, await this.firstSince(filter.before));
    return found.subarray(start, Math.max(start, end));
  }

  // Those found messages that come after so many newer ones.
  async newest(found, offset, limit) {
    const end = Math.max(0, found.length - offset);
    return (await this.rows(found.subarray(Math.max(0, end - limit), end))).reverse();
  }
}
