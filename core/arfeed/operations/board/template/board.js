(() => {
  "use strict";
  // Every time in the reader's own zone and notation; what the receipt says, UTC, stays as the title.
  const shown = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time")) {
    time.title = time.textContent;
    time.textContent = shown.format(new Date(time.dateTime));
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
