// The three ways to CSV, timed. The bench calls `compare` and `pour` and reads `outcome`.

import init, { RowExport } from "./wasm_export.js";
import { decode } from "./decoded.js";
import { generateCsv } from "./seeds.js";

const CHUNK_BYTES = 64 * 1024;

// What was made last, so that nobody's work can be left out as useless.
let made;

// Each piece of the file would go to the disk here; only its size is looked at.
const nowhere = {
  write(bytes) {
    return bytes.length;
  },
};

function wasm(bytes) {
  const file = new RowExport("{}", nowhere);
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    file.push(bytes.subarray(start, start + CHUNK_BYTES));
  }
  const { file_bytes } = JSON.parse(file.finish());
  file.free();
  return file_bytes;
}

function timed(way) {
  made = undefined;
  const begun = performance.now();
  made = way();
  return performance.now() - begun;
}

// Lets the browser do what it has to do between two ways.
const pause = () => new Promise((resume) => setTimeout(resume, 20));

async function compareWays(rounds) {
  await init();
  const bytes = new Uint8Array(await (await fetch("/part")).arrayBuffer());
  const { header, rows } = decode(bytes);
  const ways = {
    wasm: () => wasm(bytes),
    seeds: () => generateCsv(header, rows),
    papa: () => Papa.unparse({ fields: header, data: rows }),
  };
  const times = { wasm: [], seeds: [], papa: [] };
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, way] of Object.entries(ways)) {
      const time = timed(way);
      if (round > 0) times[name].push(time);
      await pause();
    }
  }
  return { rows: rows.length, file_bytes: wasm(bytes), ...times };
}

async function pourAll() {
  const { memory } = await init();
  const file = new RowExport("{}", nowhere);
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

function begin(work) {
  window.outcome = null;
  work.then(
    (outcome) => (window.outcome = outcome),
    (error) => (window.outcome = { failure: String(error) }),
  );
}

window.compare = (rounds) => begin(compareWays(rounds));
window.pour = () => begin(pourAll());
