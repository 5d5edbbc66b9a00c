// Each format, as WebAssembly and by the JavaScript that applications use for it. A page compares one of them, so that
// nobody's memory holds what another needed.

import init from "./wasm_export.js";
import { decode, decodeObjects, decodeTexts, decodeValues } from "./decoded.js";
import { fetched, race, wasm, weighed } from "./ways.js";

// To each format what its rows are decoded to, and who makes a file of them: a function that is given the rows.
const formats = {
  csv: [
    decode,
    {
      "csv-stringify": async () => {
        await script("csv-stringify.js");
        return ({ header, rows }) => csv_stringify_sync.stringify([header, ...rows]);
      },
      "Papa Parse": () => ({ header, rows }) => Papa.unparse({ fields: header, data: rows }),
    },
  ],
  json: [
    decodeObjects,
    {
      "JSON.stringify": () => array,
      "JSON.stringify, TextEncoder": () => (table) => encoder.encode(array(table)),
    },
  ],
  jsonl: [
    decodeObjects,
    {
      "JSON.stringify": () => lines,
      "JSON.stringify, TextEncoder": () => (table) => encoder.encode(lines(table)),
    },
  ],
  markdown: [
    decode,
    {
      "markdown-table": async () => {
        const { markdownTable } = await import("./markdown-table.js");
        return ({ header, rows }) => markdownTable([header, ...rows]);
      },
      "markdown-table, not padded": async () => {
        const { markdownTable } = await import("./markdown-table.js");
        return ({ header, rows }) => markdownTable([header, ...rows], { alignDelimiters: false });
      },
    },
  ],
  html: [
    decode,
    {
      Handlebars: async () => {
        await script("handlebars.min.js");
        return Handlebars.compile(TEMPLATE);
      },
      "a template": () => page,
    },
  ],
  text: [decodeObjects, { "a template": () => log }],
  xml: [
    decodeTexts,
    {
      "fast-xml-parser": async () => {
        await script("fxbuilder.min.js");
        const builder = new XMLBuilder.default({});
        return ({ rows }) => builder.build({ export: { row: rows } });
      },
    },
  ],
  xlsx: [
    decodeValues,
    {
      SheetJS: async () => {
        await script("xlsx.full.min.js");
        return sheetjs;
      },
      ExcelJS: async () => {
        await script("exceljs.min.js");
        return exceljs;
      },
    },
  ],
};

const encoder = new TextEncoder();

const array = ({ rows }) => JSON.stringify(rows);

const lines = ({ rows }) => rows.map((row) => JSON.stringify(row)).join("\n");

const TEMPLATE =
  "<!doctype html><table><thead><tr>{{#each header}}<th>{{this}}</th>{{/each}}</tr></thead>" +
  "<tbody>{{#each rows}}<tr>{{#each this}}<td>{{this}}</td>{{/each}}</tr>\n{{/each}}</tbody></table>";

const references = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escaped = (text) => (/[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (mark) => references[mark]) : text);

function page({ header, rows }) {
  const row = (cells, tag) => `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join("")}</tr>`;
  const body = rows.map((cells) => row(cells, "td")).join("\n");
  return `<!doctype html><table><thead>${row(header, "th")}</thead><tbody>${body}</tbody></table>`;
}

function log({ rows }) {
  const latency = (ms) => (ms === null ? "-" : ms < 1000 ? `${Math.round(ms)}ms` : `${(ms / 1000).toFixed(2)}s`);
  const line = ({ created_at, ok, status_code, latency_ms, error_message }) =>
    `[${created_at.slice(11, 19)}] ${ok ? "OK" : "FAIL"} ${status_code || "-"} ${latency(latency_ms)} ${error_message ?? ""}`;
  return rows.map(line).join("\n");
}

function sheetjs({ header, rows }) {
  const book = XLSX.utils.book_new();
  const sheet = XLSX.utils.aoa_to_sheet([header, ...rows], { dense: true });
  XLSX.utils.book_append_sheet(book, sheet, "Rows");
  return XLSX.write(book, { bookType: "xlsx", type: "array", compression: true });
}

function exceljs({ header, rows }) {
  const book = new ExcelJS.Workbook();
  book.addWorksheet("Rows").addRows([header, ...rows]);
  return book.xlsx.writeBuffer();
}

const script = (name) =>
  new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = `/${name}`;
    element.onload = resolve;
    element.onerror = () => reject(new Error(`there is no ${name}`));
    document.head.append(element);
  });

// Compares the ways to one format, on the rows of a stream.
export async function compare(format, stream, rounds) {
  const { memory } = await init();
  const [decoded, peers] = formats[format];
  const bytes = await fetched(stream);
  const rows = decoded(bytes);
  const options = JSON.stringify({ format });
  const ways = [() => wasm(options, bytes)];
  for (const prepare of Object.values(peers)) {
    const way = await prepare();
    ways.push(() => way(rows));
  }
  const [ours, ...theirs] = await race(ways, rounds);
  const { file_bytes } = wasm(options, bytes);
  const outcome = {
    rows: rows.rows.length,
    wasm: { name: "Decant", times: ours, file_bytes, memory_bytes: memory.buffer.byteLength },
    peers: [],
  };
  for (const [place, name] of Object.keys(peers).entries()) {
    const { made, memory_bytes } = await weighed(ways[place + 1]);
    const file_bytes = made.byteLength ?? new Blob([made]).size;
    outcome.peers.push({ name, times: theirs[place], file_bytes, memory_bytes });
  }
  return outcome;
}
