(() => {
  "use strict";
  // Every time in the reader's own zone and notation; what the receipt says, UTC, stays as the title.
  const shown = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = shown.format(new Date(time.dateTime));
  }
  // Every amount in the reader's notation, with the digits that it has; one too long for a number stays as it is.
  const formats = new Map();
  const format = (text) => {
    const plain = text.replaceAll(",", "").replace("\u2212", "-");
    const digits = (plain.split(".")[1] ?? "").length;
    if (!/^-?\d+(\.\d+)?$/.test(plain) || plain.length > 15) return text;
    if (!formats.has(digits)) {
      const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      formats.set(digits, new Intl.NumberFormat(undefined, fixed));
    }
    return formats.get(digits).format(plain).replace("-", "\u2212");
  };
  for (const amount of document.querySelectorAll(".amount, .whole")) amount.textContent = format(amount.textContent);
  // On axes a unit may follow: 0.5 m.
  for (const tick of document.querySelectorAll("svg.course > text"))
    tick.textContent = tick.textContent.replace(/^[^ ]+/, format);
  // In sentences only before a currency or what is counted: another number may be the name of an invoice.
  const said = /(?<![^\s(])\u2212?\d[\d,]*(?:\.\d+)?(?= (?:[A-Z]{3}\b|invoice|document|row|PDF))/g;
  for (const sentence of document.querySelectorAll(".objections p, .reasons li, .traces li, .text")) {
    const walker = document.createTreeWalker(sentence, NodeFilter.SHOW_TEXT);
    while (walker.nextNode())
      if (!walker.currentNode.parentElement.closest("bdi, code, time"))
        walker.currentNode.data = walker.currentNode.data.replace(said, format);
  }
  const wrong = document.getElementById("wrong");
  if (wrong) wrong.focus();
  const pending = document.querySelector("[data-pending]");
  if (!pending) return;
  const ask = () => fetch(pending.dataset.pending, { redirect: "error" })
    .then((answer) => answer.json())
    .then((state) => { if (state.ended) location.reload(); else setTimeout(ask, 1500); })
    .catch(() => setTimeout(ask, 6000));
  setTimeout(ask, 1000);
})();
