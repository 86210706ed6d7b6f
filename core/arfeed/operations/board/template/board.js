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
  for (const amount of document.querySelectorAll(".amount")) {
    const plain = amount.textContent.replaceAll(",", "").replace("\u2212", "-");
    const digits = (plain.split(".")[1] ?? "").length;
    if (!/^-?\d+(\.\d+)?$/.test(plain) || plain.length > 15) continue;
    if (!formats.has(digits)) {
      const fixed = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      formats.set(digits, new Intl.NumberFormat(undefined, fixed));
    }
    amount.textContent = formats.get(digits).format(plain).replace("-", "\u2212");
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
