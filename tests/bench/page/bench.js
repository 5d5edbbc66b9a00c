// The three ways to CSV, timed. The bench calls `compare` and `pour` and reads `outcome`.

import init, { RowExport } from "./wasm_export.js";
import { decode } from "./decoded.js";
import { generateCsv } from "./seeds.js";
import { begin, fetched, nowhere, race, wasm } from "./ways.js";

async function compareWays(rounds) {
  await init();
  const bytes = await fetched("part");
  const { header, rows } = decode(bytes);
  const ways = [
    () => wasm("{}", bytes),
    () => generateCsv(header, rows),
    () => Papa.unparse({ fields: header, data: rows }),
  ];
  const [ours, seeds, papa] = await race(ways, rounds);
  return { rows: rows.length, file_bytes: wasm("{}", bytes).file_bytes, wasm: ours, seeds, papa };
}

async function pourAll(options) {
  const { memory } = await init();
  const file = new RowExport(options, nowhere);
  const reader = (await fetch("/whole")).body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    file.push(value);
  }
  const { rows, file_bytes } = JSON.parse(file.finish());
  file.free();
  return { rows, file_bytes, memory_bytes: memory.buffer.byteLength };
}

window.compare = (rounds) => begin(compareWays(rounds));
window.pour = (options) => begin(pourAll(options));
// Of scripts that only some sections load.
window.compareFormat = (...choice) => begin(import("./formats.js").then(({ compare }) => compare(...choice)));
window.comparePretty = (...choice) => begin(import("./pretty.js").then(({ compare }) => compare(...choice)));
window.pourBundle = (...choice) => begin(import("./bundle.js").then(({ pourBundle }) => pourBundle(...choice)));
