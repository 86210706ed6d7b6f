
(() => {
  "use strict";
  // A page of the board has the reader's notation everywhere, one that was mailed the same for all.
  const board = document.body.classList.contains("board");
  const language = board ? undefined : "en";
  // Times in the reader's zone, which is named, since pages are printed; UTC, as the receipt has it, stays as the title.
  // The board's own script does so for its pages.
  const at = { year: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
  for (const time of board ? [] : document.querySelectorAll("time")) {
    const long = "long" in time.dataset;
    const notation = new Intl.DateTimeFormat("en-GB", { ...at, month: long ? "long" : "short", ...(long && { weekday: "long" }) });
    time.title = time.textContent;
    time.textContent = notation.format(new Date(time.dateTime));
  }
  const table = document.getElementById("rows");
  if (!table) return;
  const STEP = 200;
  const body = table.tBodies[0];
  const every = Array.from(body.rows, (row) => ({ row, text: row.textContent.normalize("NFKC").toLocaleLowerCase() }));
  const found = document.getElementById("found");
  const more = document.getElementById("more");
  const all = document.getElementById("all");
  const search = document.getElementById("search");
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  let shown = every;
  let limit = STEP;

  function draw() {
    body.replaceChildren(...shown.slice(0, limit).map((entry) => entry.row));
    const here = Math.min(limit, shown.length).toLocaleString(language);
    const matching = search.value.trim() ? `${shown.length.toLocaleString(language)} of ${every.length.toLocaleString(language)} match` : `${every.length.toLocaleString(language)} ${every.length === 1 ? "document" : "documents"}`;
    found.textContent = shown.length > limit ? `${matching}, ${here} shown` : matching;
    more.parentElement.hidden = shown.length <= limit;
  }

  function pick() {
    const words = search.value.normalize("NFKC").toLocaleLowerCase().split(/\s+/).filter(Boolean);
    shown = words.length ? every.filter((entry) => words.every((word) => entry.text.includes(word))) : every.slice();
    limit = STEP;
    draw();
  }

  function order(head, place) {
    const whole = head.dataset.sort === "whole";
    const down = head.getAttribute("aria-sort") === (whole ? "descending" : "ascending") ? !whole : whole;
    for (const other of head.parentElement.cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    for (const entry of every) {
      const cell = entry.row.cells[place];
      entry.key = whole ? BigInt(cell.dataset.value) : cell.textContent;
      entry.currency = whole ? cell.nextElementSibling.textContent : "";
    }
    const compare = whole ? (a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) : (a, b) => collator.compare(a.key, b.key);
    // Amounts of two currencies can't be compared: each currency's are sorted by themselves.
    every.sort((a, b) => collator.compare(a.currency, b.currency) || (down ? compare(b, a) : compare(a, b)));
    pick();
  }

  Array.from(table.tHead.rows[0].cells).forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    button.addEventListener("click", () => order(head, place));
    head.replaceChildren(button);
    head.setAttribute("aria-sort", "none");
  });
  search.addEventListener("input", pick);
  more.addEventListener("click", () => { limit += STEP; draw(); });
  all.addEventListener("click", () => { limit = Infinity; draw(); });
  addEventListener("beforeprint", () => { limit = Infinity; draw(); });
  for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;
  pick();
})();
