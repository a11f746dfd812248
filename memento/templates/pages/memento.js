"use strict";
(() => {
  const search = document.getElementById("search");
  if (search) {
    const table = document.getElementById(search.dataset.searches);
    const found = document.getElementById("found");
    const nothing = document.getElementById("nothing");
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, text: row.cells[0].textContent.toLowerCase() }));
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const { row, text } of rows) {
        const fits = words.every((word) => text.includes(word));
        if (row.hidden === fits) row.hidden = !fits;
        count += fits;
      }
      found.textContent = words.length ? `${count} of ${rows.length}` : "";
      nothing.hidden = count > 0;
      table.hidden = count === 0;
    };
    search.form.hidden = false;
    search.form.addEventListener("submit", (event) => event.preventDefault());
    search.addEventListener("input", filter);
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)) {
        event.preventDefault();
        search.focus();
      }
    });
    filter();
  }

  for (const head of document.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const body = head.closest("table").tBodies[0];
      const numeric = head.dataset.sort === "number";
      const before = head.getAttribute("aria-sort");
      const up = before ? before !== "ascending" : !numeric;
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => {
        const cell = row.cells[head.cellIndex];
        return numeric ? Number(cell.dataset.value ?? cell.textContent) : cell.textContent;
      };
      const keyed = [...body.rows].map((row) => [value(row), row]);
      const compare = numeric ? (a, b) => a[0] - b[0] : (a, b) => a[0].localeCompare(b[0], "en", { numeric: true });
      keyed.sort((a, b) => (up ? compare(a, b) : compare(b, a)));
      body.append(...keyed.map(([, row]) => row));
    });
  }

  const job = document.querySelector("[data-poll]");
  if (job) {
    const steps = document.getElementById("steps");
    const ask = async () => {
      try {
        const said = await (await fetch(job.dataset.poll, { cache: "no-store" })).json();
        while (steps.children.length < said.steps.length) {
          const item = document.createElement("li");
          item.textContent = said.steps[steps.children.length];
          steps.append(item);
        }
        if (said.done) return location.reload();
      } catch {
        // The server may be gone: ask again, and leave what is shown.
      }
      setTimeout(ask, 500);
    };
    ask();
  }
})();
