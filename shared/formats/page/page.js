// Searches, filters and shows local times in a page that can be read without it.
(() => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const tools = $("#tools"), input = tools.querySelector("input[type=search]");
  const status = tools.querySelector("[role=status]"), zone = $("#zone");
  const filters = all("[data-filter]", tools), messages = all(".msg, .note");
  let hits = [], at = -1, searched = "";

  // Folds each character by itself, so that a place in the folded text is one in the text.
  // What is the same to a search of all threads is so here: see domain/search/fold.py.
  const MARKS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u00ad\u200b-\u200f\u2060\ufeff]/g;
  const LETTERS = { ß: "ss", ς: "σ", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ı: "i" }, OTHER = /[ßςæœøłđı]/g;
  const folds = new Map();
  const fold = (char) => {
    let folded = folds.get(char);
    if (folded === undefined) {
      folded = char.normalize("NFKD").toLowerCase().replace(MARKS, "").replace(OTHER, (letter) => LETTERS[letter]).normalize("NFC");
      folds.set(char, folded);
    }
    return folded;
  };
  const folded = (text) => {
    let plain = "";
    const places = [];
    for (let place = 0; place < text.length; ) {
      const char = String.fromCodePoint(text.codePointAt(place)), part = fold(char);
      for (let i = 0; i < part.length; i++) places.push(place);
      plain += part;
      place += char.length;
    }
    places.push(text.length);
    return { plain, places };
  };
  const words = () => folded(input.value).plain.split(/\s+/).filter(Boolean);

  function unmark() {
    for (const mark of all("mark")) {
      const parent = mark.parentNode;
      mark.replaceWith(...mark.childNodes);
      parent.normalize();
    }
  }

  // The places of words in folded text, from the first to the last, each once.
  function rangesOf(plain, wanted) {
    const joined = [], found = [];
    for (const word of wanted)
      for (let from = plain.indexOf(word); from >= 0; from = plain.indexOf(word, from + word.length))
        found.push([from, from + word.length]);
    for (const [start, end] of found.sort((one, other) => one[0] - other[0])) {
      const last = joined.at(-1);
      if (last && start < last[1]) last[1] = Math.max(last[1], end);
      else joined.push([start, end]);
    }
    return joined;
  }

  // A word may begin in one text node and end in another, in bold type say.
  function mark(root, wanted) {
    for (const part of root.children) {
      if (part.matches(".at")) continue;
      const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), pieces = [];
      let whole = "", next = 0;
      while (walker.nextNode()) {
        const { plain, places } = folded(walker.currentNode.data);
        pieces.push({ node: walker.currentNode, places, start: whole.length, end: whole.length + plain.length });
        whole += plain;
      }
      const ranges = rangesOf(whole, wanted);
      for (const { node, places, start, end } of pieces) {
        const inside = [];
        for (; next < ranges.length && ranges[next][0] < end; next++) {
          inside.push([Math.max(ranges[next][0], start) - start, Math.min(ranges[next][1], end) - start]);
          if (ranges[next][1] > end) break;
        }
        markIn(node, places, inside);
      }
    }
  }

  function markIn(node, places, ranges) {
    let before = Infinity;
    for (const [first, last] of ranges.reverse()) {
      let after = last; // a letter that folds to several is marked whole
      while (places[after] === places[last - 1]) after++;
      const from = places[first], to = Math.min(places[after], before);
      if (to <= from) continue;
      const rest = node.splitText(from), element = document.createElement("mark");
      rest.splitText(to - from);
      rest.replaceWith(element);
      element.append(rest);
      before = from;
    }
  }

  const senders = new Map();
  function sender(message) {
    const group = message.closest(".group");
    if (!group) return "";
    if (!senders.has(group)) senders.set(group, folded(group.querySelector("h3").textContent).plain);
    return senders.get(group);
  }
  const texts = new Map();
  function text(message) {
    if (!texts.has(message)) {
      const said = [...message.children].filter((part) => !part.matches(".at"));
      texts.set(message, folded(said.map((part) => part.textContent).join(" ")).plain);
    }
    return texts.get(message);
  }

  function search() {
    const current = hits[at], wanted = words();
    searched = input.value;
    unmark();
    hits = [];
    at = -1;
    current?.classList.remove("hit");
    if (!wanted.length) { status.textContent = ""; current?.scrollIntoView({ block: "center" }); return; }
    for (const message of messages) {
      if (message.hidden) continue;
      const whole = `${sender(message)} ${text(message)}`;
      if (wanted.every((word) => whole.includes(word) || message.id === `m-${word}`)) hits.push(message);
    }
    const named = new Set();
    for (const message of hits) {
      mark(message, wanted);
      const name = message.closest(".group")?.querySelector("h3");
      if (name && !named.has(name)) { named.add(name); mark(name, wanted); }
    }
    if (!hits.length) { status.textContent = "nothing found on this page"; return; }
    // Goes on from where somebody was, or reads.
    const top = current ?? messages.find((one) => one.getBoundingClientRect().bottom > 0);
    const next = hits.findIndex((one) => one === top || (top && top.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING));
    go(Math.max(next, 0));
  }

  function go(to) {
    hits[at]?.classList.remove("hit");
    at = (to + hits.length) % hits.length;
    const hit = hits[at];
    hit.classList.add("hit");
    for (const details of all("details", hit)) if (details.querySelector("mark")) details.open = true;
    hit.scrollIntoView({ block: "center" });
    status.textContent = `${at + 1} of ${hits.length}`;
  }

  function filter() {
    const kept = hits[at] ?? messages.find((one) => !one.hidden && one.getBoundingClientRect().bottom > 0);
    const [by, kind] = filters.map((select) => select.value);
    for (const message of messages) {
      const who = message.closest(".group")?.dataset.by ?? "";
      message.hidden = (by !== "" && who !== by) || (kind !== "" && !message.classList.contains(kind));
    }
    for (const holder of all(".group, main > section"))
      holder.hidden = !holder.querySelector(".msg:not([hidden]), .note:not([hidden])");
    search();
    const shown = messages.filter((one) => !one.hidden).length;
    if (!words().length) status.textContent = by || kind ? `${shown} of ${messages.length} messages` : "";
    if (kept && !kept.hidden) kept.scrollIntoView({ block: "center" });
  }

  const two = (number) => String(number).padStart(2, "0");
  const day = (moment) => `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  function local(isLocal) {
    for (const time of all("time")) {
      time.dataset.utc ??= time.textContent;
      const utc = time.dataset.utc, moment = new Date(time.dateTime);
      if (utc.length === 10 || Number.isNaN(moment.getTime())) continue;
      const clock = `${two(moment.getHours())}:${two(moment.getMinutes())}`;
      const other = day(moment) === time.dateTime.slice(0, 10) ? "" : `${day(moment)} `;
      time.textContent = !isLocal ? utc : utc.length === 5 ? other + clock : `${day(moment)} ${clock}:${two(moment.getSeconds())}`;
      time.title = isLocal ? `${time.dateTime} (UTC)` : "";
    }
    const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
    zone.textContent = isLocal ? `Times of messages are those of this computer (${name}); days are those of UTC.` : "All times are UTC.";
    texts.clear();
  }

  tools.hidden = false;
  let wait;
  input.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(search, 120); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; clearTimeout(wait); search(); }
    if (event.key !== "Enter") return;
    event.preventDefault();
    clearTimeout(wait);
    if (hits.length && searched === input.value) go(at + (event.shiftKey ? -1 : 1));
    else search();
  });
  for (const button of all("[data-walk]", tools))
    button.addEventListener("click", () => { if (hits.length) go(at + Number(button.dataset.walk)); });
  for (const select of filters) select.addEventListener("change", filter);
  tools.querySelector("[data-local]").addEventListener("change", (event) => local(event.target.checked));
  addEventListener("beforeprint", () => all("details").forEach((one) => { one.open = true; }));
})();
