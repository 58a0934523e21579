// Searches, filters and shows local times in a page that can be read without it.
(() => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const tools = $("#tools"), input = tools.querySelector("input[type=search]");
  const status = tools.querySelector("[role=status]"), zone = $("#zone");
  const filters = all("[data-filter]", tools), messages = all(".msg, .note");
  let hits = [], at = -1, searched = "";

  // Folds each character by itself, so that a place in the folded text is one in the text.
  const folds = new Map();
  const fold = (char) => {
    let folded = folds.get(char);
    if (folded === undefined) {
      folded = char.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
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

  function mark(root, wanted) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      if (node.parentElement.closest(".at")) continue;
      const { plain, places } = folded(node.data), ranges = [];
      for (const word of wanted)
        for (let from = plain.indexOf(word); from >= 0; from = plain.indexOf(word, from + word.length))
          ranges.push([places[from], places[from + word.length]]);
      ranges.sort((one, other) => other[0] - one[0]);
      let before = Infinity;
      for (const [start, end] of ranges) {
        if (end > before || end <= start) continue;
        const rest = node.splitText(start), element = document.createElement("mark");
        rest.splitText(end - start);
        rest.replaceWith(element);
        element.append(rest);
        before = start;
      }
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
