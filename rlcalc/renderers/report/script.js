"use strict";
// Sorting, filters and search of tables, and the walk through the groups. Without this script all
// tables and all groups are there, below each other.

const valueOf = (cell) => {
  const number = Number(cell.dataset.v ?? cell.textContent.split(" ± ")[0].replaceAll(",", ""));
  return Number.isNaN(number) || cell.textContent === "" ? cell.textContent : number;
};

const compared = (a, b) => {
  if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b, "en", {numeric: true});
  return typeof a === "number" ? -1 : 1;
};

// A filter is a part of the text, or a comparison such as >0.5, <=3, =12 or !=0.
const matcherOf = (filter) => {
  const [, sign, right] = filter.match(/^\s*(<=|>=|!=|=|<|>)\s*(.*)$/) ?? [];
  if (!sign) {
    const part = filter.trim().toLowerCase();
    return (cell) => cell.textContent.toLowerCase().includes(part);
  }
  const number = right.trim() === "" ? NaN : Number(right);
  return (cell) => {
    const value = valueOf(cell);
    const other = Number.isNaN(number) ? right.trim() : number;
    if (sign === "=") return value === other || cell.textContent === right.trim();
    if (sign === "!=") return value !== other && cell.textContent !== right.trim();
    if (typeof value !== typeof other) return false;
    if (sign === "<") return value < other;
    if (sign === ">") return value > other;
    return sign === "<=" ? value <= other : value >= other;
  };
};

const setUpTable = (part) => {
  const table = part.querySelector("table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const search = part.querySelector(".search-rows");
  const count = part.querySelector(".count");
  part.querySelector(".search").hidden = false;
  rows.forEach((row, number) => { row.dataset.place = number; });

  const filterRow = table.tHead.insertRow();
  filterRow.className = "filters";
  const filters = heads.map((head) => {
    const cell = document.createElement("th");
    const input = document.createElement("input");
    input.type = "text";
    input.setAttribute("aria-label", `Filter of ${head.textContent}, such as a part of the text or >0.5`);
    input.placeholder = head.classList.contains("number") ? ">0.5" : "filter";
    input.addEventListener("input", show);
    cell.append(input);
    filterRow.append(cell);
    return input;
  });

  function show() {
    const word = search.value.trim().toLowerCase();
    const active = filters.map((input, column) => [column, input.value])
      .filter(([, text]) => text.trim()).map(([column, text]) => [column, matcherOf(text)]);
    let shown = 0;
    for (const row of rows) {
      const fits = (!word || row.textContent.toLowerCase().includes(word)) &&
        active.every(([column, matches]) => matches(row.cells[column]));
      row.hidden = !fits;
      shown += fits;
    }
    const total = rows.length.toLocaleString("en");
    count.textContent = shown === rows.length ? `${total} rows` : `${shown.toLocaleString("en")} of ${total} rows`;
  }

  const sort = (column, direction) => {
    const keyed = rows.map((row) => [direction ? valueOf(row.cells[column]) : 0, row]);
    keyed.sort(([a, x], [b, y]) => direction * compared(a, b) || x.dataset.place - y.dataset.place);
    body.append(...keyed.map(([, row]) => row));
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const next = {null: "ascending", ascending: "descending", descending: null}[now];
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (next) head.setAttribute("aria-sort", next);
      sort(column, {ascending: 1, descending: -1}[next] ?? 0);
    });
  });
  search.addEventListener("input", show);
  show();
};

const setUpGroups = (viewer) => {
  const groups = [...viewer.querySelectorAll(".group")];
  const choose = viewer.querySelector("#choose-group");
  const [previous, next] = ["#previous-group", "#next-group"].map((name) => viewer.querySelector(name));
  let current = 0;
  const show = (number) => {
    current = Math.min(Math.max(number, 0), groups.length - 1);
    groups.forEach((group, place) => { group.hidden = place !== current; });
    choose.value = String(current);
    previous.disabled = current === 0;
    next.disabled = current === groups.length - 1;
    viewer.querySelector("#group-place").textContent = `${current + 1} of ${groups.length}`;
  };
  previous.addEventListener("click", () => show(current - 1));
  next.addEventListener("click", () => show(current + 1));
  choose.addEventListener("change", () => show(Number(choose.value)));
  document.addEventListener("keydown", (event) => {
    const move = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    const typing = event.target.closest("input, select, textarea, .scroll");
    if (!move || typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(current + move);
  });
  viewer.querySelector(".walk").hidden = false;
  show(0);
};

document.querySelectorAll("details.part").forEach(setUpTable);
document.querySelectorAll(".groups").forEach(setUpGroups);

// On paper every table is open, as far as it is filtered.
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((part) => { part.open = true; });
});
window.addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
