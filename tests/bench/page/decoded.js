// A raw-row stream decoded to what a JavaScript program has when it begins to write a file.

const escapes = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

const cell = (raw) => (raw.includes("\\") ? raw.replace(/\\(.)/gs, (_, letter) => escapes[letter] ?? letter) : raw);

// `2026-01-28 12:00:00.123456+00` as `Date` writes it.
const time = (raw) => new Date(`${raw.replace(" ", "T")}:00`).toISOString();

const text = ({ kind }) => (kind === "timestamp" ? time : cell);

const json = (raw) => JSON.parse(cell(raw));

const readers = { json, timestamp: time, integer: Number, decimal: Number, float: Number, boolean: (raw) => raw === "t" };
const value = ({ kind }) => readers[kind] ?? cell;

// The columns, and the rows as arrays. `reader`: what reads the cells of a column; `none`: what null is.
function table(bytes, reader, none) {
  const lines = new TextDecoder().decode(bytes).split("\n");
  const columns = JSON.parse(lines[0]).columns.filter((column) => !column.hidden);
  const read = columns.map(reader);
  const isRow = (line) => line !== "" && !/^\\[~!.]/.test(line);
  const raw = lines.slice(1).filter(isRow);
  const rows = raw.map((line) => {
    const cells = line.split("\t");
    return read.map((readCell, position) => (cells[position] === "\\N" ? none : readCell(cells[position])));
  });
  return { columns, header: columns.map((column) => column.label), rows: owned(rows) };
}

// Strings of their own, as a driver or a JSON answer gives them: those of `split` are slices of the whole text.
const owned = (rows) => JSON.parse(JSON.stringify(rows));

function objects({ columns, rows }, isKept) {
  const object = (row) => columns.map(({ name }, place) => [name, row[place]]).filter(([, value]) => isKept(value));
  // `JSON.parse` gives those with the same names the same shape.
  return owned(rows.map((row) => Object.fromEntries(object(row))));
}

// Arrays of strings.
export const decode = (bytes) => table(bytes, text, "");

// Arrays of strings, numbers, booleans, dates and nulls.
export function decodeValues(bytes) {
  const { columns, header, rows } = table(bytes, value, null);
  const times = columns.flatMap(({ kind }, place) => (kind === "timestamp" ? [place] : []));
  for (const row of rows) {
    for (const place of times) row[place] = row[place] && new Date(row[place]);
  }
  return { header, rows };
}

// Objects of strings, numbers, booleans and nulls.
export const decodeObjects = (bytes) => ({ rows: objects(table(bytes, value, null), () => true) });

// Objects of strings; null is not there.
export const decodeTexts = (bytes) => ({ rows: objects(table(bytes, text, null), (value) => value !== null) });
