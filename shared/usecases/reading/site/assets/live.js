// Shows events as they come: asks the server for what came after the last one it has.
(() => {
  const EVERY = 1500, SHOWN = 500, MINUTE = 60000;
  const $ = (selector) => document.querySelector(selector);
  const body = $("tbody"), pause = $("#pause"), filter = $("#filter"), kind = $("#kind"), thread = $("#thread");
  const events = [], threads = new Set(), kinds = new Set();
  let next = 0, isPaused = false, isFirst = true, missed = 0;

  function cell(text, name = "") {
    const made = document.createElement("td");
    made.textContent = text;
    made.dir = "auto";
    if (name) made.className = name;
    return made;
  }
  function option(select, value, label) {
    const made = document.createElement("option");
    made.value = value;
    made.textContent = label;
    select.append(made);
  }
  const short = (id) => (id.length > 28 ? `${id.slice(0, 27)}…` : id);

  function row(event, isNew) {
    const made = document.createElement("tr"), about = event.reason || event.text;
    made.className = `is-${event.kind}${isNew ? " new" : ""}`;
    const what = cell(event.kind.replaceAll("_", " "));
    if (event.is_duplicate) {
      const mark = document.createElement("span");
      mark.className = "duplicate";
      mark.textContent = " duplicate";
      what.append(mark);
    }
    const where = cell(short(event.thread_id)), who = cell(event.who || short(event.who_id));
    where.title = event.thread_id;
    who.title = event.who_id;
    const said = cell(about);
    if (event.message_id) {
      const id = document.createElement("code");
      id.textContent = ` ${event.message_id}`;
      said.append(id);
    }
    made.append(
      cell(event.received_on.slice(0, 19).replace("T", " ")), cell(event.lag === null ? "" : `${event.lag.toFixed(1)} s`, "number"),
      what, who, where, said,
    );
    return made;
  }

  function isWanted(event) {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = [event.kind, event.who, event.who_id, event.thread_id, event.message_id, event.text, event.reason].join(" ").toLowerCase();
    return (!kind.value || event.kind === kind.value) && (!thread.value || event.thread_id === thread.value) && words.every((word) => text.includes(word));
  }

  function counts() {
    const now = Date.now(), count = (test) => events.filter(test).length;
    const lately = count((event) => now - Date.parse(event.received_on) < MINUTE);
    const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
    $("#counts").textContent = [
      plural(events.length, "event"), `${lately} kept in the last minute`, plural(count((event) => event.is_duplicate), "duplicate"),
      `${count((event) => event.kind === "quarantined")} in quarantine`, ...(missed ? [`${missed} that came are no longer kept here`] : []),
    ].join(", ");
  }

  function redraw() {
    body.replaceChildren(...events.filter(isWanted).slice(-SHOWN).reverse().map((event) => row(event, false)));
    counts();
  }

  function take(found) {
    for (const event of found) {
      events.push(event);
      if (!kinds.has(event.kind)) { kinds.add(event.kind); option(kind, event.kind, event.kind.replaceAll("_", " ")); }
      if (event.thread_id && !threads.has(event.thread_id)) { threads.add(event.thread_id); option(thread, event.thread_id, event.thread_id); }
    }
    events.splice(0, Math.max(0, events.length - 5000));
    const wanted = found.filter(isWanted);
    body.prepend(...wanted.reverse().map((event) => row(event, !isFirst)));
    while (body.rows.length > SHOWN) body.lastElementChild.remove();
    counts();
    if (!isFirst && wanted.length) $("#status").textContent = `${wanted.length} new ${wanted.length === 1 ? "event" : "events"}`;
  }

  async function ask() {
    if (!isPaused) {
      try {
        const answer = await (await fetch(`events.json?after=${next}`)).json();
        if (answer.next < next) { next = 0; return setTimeout(ask, 0); } // the server was started again
        missed += answer.missed;
        next = answer.next;
        take(answer.events);
        if (answer.failure) $("#status").textContent = `${answer.failure}: trying again`;
        else if (isFirst) $("#status").textContent = "watching";
        isFirst = false;
      } catch {
        $("#status").textContent = "the server does not answer: trying again";
      }
    }
    setTimeout(ask, EVERY);
  }

  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", isPaused);
    $("#status").textContent = isPaused ? "paused: what comes is shown when you go on" : "watching";
  });
  for (const input of [filter, kind, thread]) input.addEventListener("input", redraw);
  setInterval(counts, 5000);
  ask();
})();
