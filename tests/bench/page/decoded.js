// A raw-row stream decoded to what a JavaScript program has when it begins to write CSV: arrays of strings.

const escapes = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

function cell(raw) {
  if (raw === "\\N") return "";
  return raw.includes("\\") ? raw.replace(/\\(.)/gs, (_, letter) => escapes[letter] ?? letter) : raw;
}

// `2026-01-28 12:00:00.123456+00` as `Date` writes it.
function time(raw) {
  return new Date(`${raw.replace(" ", "T")}:00`).toISOString();
}

export function decode(bytes) {
  const lines = new TextDecoder().decode(bytes).split("\n");
  const shown = JSON.parse(lines[0]).columns.filter((column) => !column.hidden);
  const read = shown.map((column) => (column.kind === "timestamp" ? time : cell));
  const isRow = (line) => line !== "" && !/^\\[~!.]/.test(line);
  const raw = lines.slice(1).filter(isRow);
  const rows = raw.map((line) => {
    const cells = line.split("\t");
    return read.map((readCell, position) => readCell(cells[position]));
  });
  // Strings of their own, as a driver or a JSON answer gives them: those of `split` are slices of the whole text.
  return { header: shown.map((column) => column.label), rows: JSON.parse(JSON.stringify(rows)) };
}
