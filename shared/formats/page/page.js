(() => {
  const box = document.getElementById("search"), input = box.querySelector("input"), status = box.querySelector("[role=status]");
  const all = [...document.querySelectorAll(".msg, .note")].map((one) => [one, one.textContent.toLowerCase()]);
  const holders = [...document.querySelectorAll(".group, main > section")];
  box.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const [one, text] of all) { one.hidden = !words.every((word) => text.includes(word)); found += !one.hidden; }
    for (const one of holders) one.hidden = !one.querySelector(".msg:not([hidden]), .note:not([hidden])");
    status.textContent = words.length ? `${found} of ${all.length}` : "";
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();
