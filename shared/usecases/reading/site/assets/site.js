// Lists, sorts and filters threads and people, and shows what the search finds.
const ChatSite = (() => {
  const CHUNK = 100, DAY = 86400000, WIDTH = 240, BEFORE = 60;
  const threads = [], people = [];
  const columns = ["key", "id", "topic", "people", "first", "last", "count", "edited", "deleted", "grade"];
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Data files call this, each with some of the rows.
  function add(name, rows) {
    if (name === "people") for (const [id, called] of rows) people.push({ id, name: called, threads: 0 });
    else for (const row of rows) {
      const thread = { number: threads.length };
      columns.forEach((column, at) => { thread[column] = row[at]; });
      threads.push(thread);
    }
  }

  const called = (number) => people[number].name || people[number].id || "unknown";
  function title(thread) {
    if (thread.topic) return thread.topic;
    const names = [...new Set(thread.people.map(called))];
    return names.length ? names.slice(0, 3).join(", ") + (names.length > 3 ? "…" : "") : thread.id;
  }

  function element(tag, text = "", attributes = {}) {
    const made = document.createElement(tag);
    if (text !== "") made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }
  const link = (text, href) => element("a", text, { href, dir: "auto" });
  const page = (ordinal) => (ordinal < PAGE ? "transcript.html" : `transcript.${String(Math.floor(ordinal / PAGE) + 1).padStart(4, "0")}.html`);
  const PAGE = 1000;

  // Rows are made as they come into view: ten thousand at once would take seconds.
  function list(section, row) {
    const body = $("tbody", section), end = element("tr");
    let rows = [], shown = 0;
    const more = () => {
      const part = document.createDocumentFragment();
      for (const each of rows.slice(shown, shown + CHUNK)) part.append(row(each));
      shown = Math.min(rows.length, shown + CHUNK);
      body.append(part);
      if (shown < rows.length) body.append(end);
      else end.remove();
    };
    new IntersectionObserver((seen) => { if (seen.some((each) => each.isIntersecting)) more(); }, { rootMargin: "800px" }).observe(end);
    addEventListener("beforeprint", () => { while (shown < rows.length) more(); });
    return (found, total) => {
      rows = found;
      shown = 0;
      body.replaceChildren();
      more();
      $("[role=status]", section).textContent = found.length === total ? `${total}` : `${found.length} of ${total}`;
    };
  }

  function threadRow(thread) {
    const row = element("tr"), head = element("th", "", { scope: "row" });
    head.append(link(title(thread), `threads/${thread.key}/transcript.html`));
    const names = [...new Set(thread.people.map(called))];
    row.append(
      head, element("td", names.slice(0, 6).join(", ") + (names.length > 6 ? ` and ${names.length - 6} more` : "")),
      element("td", thread.first), element("td", thread.last),
      ...["count", "edited", "deleted"].map((name) => element("td", thread[name].toLocaleString("en"), { class: "number" })),
      element("td", grades[thread.grade] ?? ""),
    );
    return row;
  }
  function personRow(person) {
    const row = element("tr"), head = element("th", "", { scope: "row" });
    head.append(link(person.name || "no name", `#threads?person=${people.indexOf(person)}`));
    const id = element("td");
    id.append(element("code", person.id));
    row.append(head, id, element("td", person.threads, { class: "number" }));
    return row;
  }

  let grades = [], showThreads, showPeople, engine;
  const sort = { by: "last", down: true };
  const fold = (text) => ChatSearch.fold(text);

  function filterThreads(person = "") {
    const section = $("#threads"), words = fold($("[name=filter]", section).value).split(/\s+/).filter(Boolean);
    const grade = $("[name=grade]", section).value;
    const same = person === "" ? null : new Set(people.flatMap((each, at) => (each.id && each.id === people[person]?.id) || at === Number(person) ? [at] : []));
    const found = threads.filter((thread) => {
      if (grade !== "" && thread.grade !== Number(grade)) return false;
      if (same && !thread.people.some((number) => same.has(number))) return false;
      if (!words.length) return true;
      thread.text ??= fold([thread.topic, thread.id, ...thread.people.flatMap((number) => [people[number].name, people[number].id])].join(" "));
      return words.every((word) => thread.text.includes(word));
    });
    const value = (thread) => (sort.by === "topic" ? fold(title(thread)) : thread[sort.by]);
    const keys = new Map(found.map((thread) => [thread, value(thread)]));
    found.sort((one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)], order = a < b ? -1 : a > b ? 1 : 0;
      return (sort.down ? -order : order) || one.number - other.number;
    });
    showThreads(found, threads.length);
  }

  function filterPeople() {
    const words = fold($("#people [name=filter]").value).split(/\s+/).filter(Boolean);
    showPeople(people.filter((person) => words.every((word) => fold(`${person.name} ${person.id}`).includes(word))), people.length);
  }

  // Search

  function meant(text) {
    if (!text) return null;
    const wanted = ChatSearch.words(text);
    return people.flatMap(({ id, name }, at) => {
      const words = ChatSearch.words(name);
      return id === text || (wanted.length && wanted.every((each) => words.some((word) => word.startsWith(each)))) ? [at] : [];
    });
  }

  // A text with what was found marked, from one place to another.
  function marked(tag, text, ranges, start, end, attributes) {
    const shown = element(tag, "", attributes);
    let at = start;
    for (const [first, last] of ranges) {
      if (first < at || first >= end) continue;
      shown.append(text.slice(at, first), element("mark", text.slice(first, Math.min(last, end))));
      at = Math.min(last, end);
    }
    shown.append(text.slice(at, end));
    return shown;
  }

  const oneLine = (text) => text.split(/\s+/).filter(Boolean).join(" ");
  function snippet(text, query) {
    const flat = oneLine(text), ranges = engine.marks(flat, query);
    const start = flat.length > WIDTH && ranges.length ? Math.max(0, Math.min(ranges[0][0] - BEFORE, flat.length - WIDTH)) : 0;
    const end = Math.min(flat.length, start + WIDTH), shown = marked("p", flat, ranges, start, end, { class: "text", dir: "auto" });
    if (start) shown.prepend("…");
    if (end < flat.length) shown.append("…");
    return shown;
  }

  function hitItem(hit, query) {
    const item = element("li"), where = element("div", "", { class: "where" }), thread = threads[hit.thread];
    const moment = new Date(hit.time), isKnown = hit.time > 1 && !Number.isNaN(moment.getTime());
    const time = isKnown ? moment.toISOString().slice(0, 19).replace("T", " ") : "time unknown";
    const name = hit.sender < 0 ? "" : called(hit.sender);
    where.append(
      link(time, `threads/${thread.key}/${page(hit.ordinal)}#m-${encodeURIComponent(hit.id)}`),
      marked("bdi", name, engine.marks(name, query), 0, name.length), element("bdi", title(thread)), element("code", hit.id),
    );
    const at = Math.max(0, hit.texts.findIndex((text) => engine.marks(oneLine(text), query).length)), shown = snippet(hit.texts[at] ?? "", query);
    if (at > 0) shown.prepend(element("em", "an earlier version: "));
    item.append(where, shown);
    return item;
  }

  let asked = 0;
  async function find(given) {
    const section = $("#hits"), status = $("[role=status]", section), items = $("ol", section), more = $("[data-more]", section);
    const mine = ++asked, query = given.get("words") ?? "";
    items.replaceChildren();
    more.hidden = true;
    status.textContent = "searching…";
    const day = (name, days) => (given.get(name) ? Date.parse(given.get(name)) + days : null);
    const filter = {
      person: meant(given.get("person") ?? ""), after: day("after", -1), before: day("before", DAY),
      edited: given.has("edited"), deleted: given.has("deleted"), files: given.has("files"),
    };
    let shown = 0;
    const show = async () => {
      const found = await engine.find(query, filter, { limit: 50, offset: shown });
      if (mine !== asked) return;
      shown += found.hits.length;
      items.append(...found.hits.map((hit) => hitItem(hit, query)));
      more.hidden = shown >= found.count;
      status.textContent = found.count ? `${found.count.toLocaleString("en")} ${found.count === 1 ? "message" : "messages"}, newest first` : "Nothing was found.";
    };
    more.onclick = show;
    try {
      engine ??= await ChatSearch.open("search/", people.map((person) => person.name));
      await show();
    } catch (error) {
      if (mine === asked) status.textContent = `This cannot be searched for: ${error.message}.`;
    }
  }

  // What the address asks for

  let isRouted = false;
  function route() {
    let [name, rest = ""] = (location.hash.slice(1) || "threads").split("?");
    const sections = all("main > section"), part = () => ({ find: "hits" })[name] ?? name;
    if (!sections.some((section) => section.id === part())) {
      if (isRouted) return; // a place on the page, such as that of the link that skips to it
      name = "threads";
    }
    isRouted = true;
    const given = new URLSearchParams(rest);
    for (const section of sections) section.hidden = section.id !== part();
    for (const each of all("nav a")) each.toggleAttribute("aria-current", each.hash === `#${name}`);
    if (name === "threads") filterThreads(given.get("person") ?? "");
    if (name === "people") filterPeople();
    if (name === "find") {
      const form = $("#find");
      for (const input of all("input", form)) {
        if (input.type === "checkbox") input.checked = given.has(input.name);
        else input.value = given.get(input.name) ?? "";
      }
      find(given);
    }
  }

  function start() {
    const section = $("#threads"), form = $("#find");
    grades = all("[name=grade] option", section).slice(1).map((option) => option.textContent);
    for (const thread of threads) for (const number of new Set(thread.people)) people[number].threads++;
    showThreads = list(section, threadRow);
    showPeople = list($("#people"), personRow);
    $("#names").append(...[...new Set(people.map((person) => person.name))].filter(Boolean).slice(0, 2000).map((name) => element("option", "", { value: name })));
    for (const input of all(".filters")) input.hidden = false;
    form.hidden = false;
    section.addEventListener("input", () => { if (location.hash.includes("?")) location.hash = "threads"; else filterThreads(); });
    $("#people").addEventListener("input", filterPeople);
    for (const head of all("[data-sort]", section)) $("button", head).addEventListener("click", () => {
      sort.down = sort.by === head.dataset.sort ? !sort.down : head.dataset.sort !== "topic";
      sort.by = head.dataset.sort;
      for (const other of all("[data-sort]", section)) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
      route();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
      if (`#find?${given}` === location.hash) route();
      else location.hash = `find?${given}`;
    });
    addEventListener("hashchange", route);
    route();
  }
  addEventListener("DOMContentLoaded", start);
  return { add };
})();
