// The filters of the table of clauses.  Without this script the table is whole, and the form hidden.
"use strict";

const form = document.getElementById("filters");
const field = (name) => document.getElementById("f-" + name);
const NAMES = ["text", "verdict", "candidate", "level", "platform"];
const DEVIATES = ["known", "fail", "crash", "hang", "untestable", "harness"];

// Which cells a verdict's name means, by their classes.
const MEANS = {
  deviates: (cell) => DEVIATES.some((name) => cell.has(name)),
  new: (cell) => !cell.has("known") && DEVIATES.some((name) => cell.has(name)),
  known: (cell) => cell.has("known"),
  crash: (cell) => cell.has("crash") || cell.has("hang"),
  pass: (cell) => cell.has("pass") || cell.has("stale"),
  na: (cell) => cell.has("na"),
};

const sections = Array.from(document.querySelectorAll("section.topic")).map((section) => ({
  section,
  link: document.querySelector(`.topics a[href="#${section.getAttribute("aria-labelledby")}"]`),
  rows: Array.from(section.querySelectorAll("tbody tr")).map((row) => ({
    row,
    text: (section.getAttribute("aria-labelledby") + "." + row.cells[0].textContent).toLowerCase(),
    level: row.dataset.level,
    platforms: row.dataset.platforms.split(" "),
    cells: Array.from(row.cells).slice(1).map((cell) => new Set(cell.classList)),
  })),
}));
const columns = document.createElement("style");
document.head.append(columns);

function chosen(wanted) {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const means = MEANS[wanted.verdict];
  return (item) => {
    const cells = wanted.candidate ? [item.cells[wanted.candidate - 1]] : item.cells;
    return words.every((word) => item.text.includes(word))
      && (!wanted.level || item.level === wanted.level)
      && (!wanted.platform || item.platforms.includes(wanted.platform))
      && (!means || cells.some(means));
  };
}

function apply() {
  const wanted = Object.fromEntries(NAMES.map((name) => [name, field(name).value]));
  const fits = chosen(wanted);
  let shown = 0, all = 0;
  for (const { section, link, rows } of sections) {
    let here = 0;
    for (const item of rows) {
      item.row.hidden = !fits(item);
      here += !item.row.hidden;
    }
    section.hidden = link.hidden = here === 0;
    shown += here;
    all += rows.length;
  }
  const n = Number(wanted.candidate) + 1;
  columns.textContent = wanted.candidate
    ? `table.clauses td:not(:nth-child(${n})), table.clauses th.v:not(:nth-child(${n})) { display: none }` : "";
  field("count").textContent = `${shown} of ${all} clauses`;
  remember(wanted);
}

function remember(wanted) {
  const query = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  const text = query.toString();
  try {
    history.replaceState(null, "", (text ? "?" + text : location.pathname) + location.hash);
  } catch { /* browsers refuse it for a file */ }
}

const given = new URLSearchParams(location.search);
for (const name of NAMES) if (given.has(name)) field(name).value = given.get(name);
form.hidden = false;
form.addEventListener("input", apply);
form.addEventListener("reset", () => setTimeout(apply));
form.addEventListener("submit", (event) => event.preventDefault());
apply();
