// What the scripts of the bench share: the way through WebAssembly, the clock, and what the bench reads.

import { RowExport } from "./wasm_export.js";

const CHUNK_BYTES = 64 * 1024;

// Each piece of the file would go to the disk here; only its size is looked at.
export const nowhere = {
  copies: true,
  write(bytes) {
    return bytes.length;
  },
};

// Bytes in pieces through an object that takes them; gives what its `finish` gives.
export function pushed(file, bytes) {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    file.push(bytes.subarray(start, start + CHUNK_BYTES));
  }
  const finished = file.finish();
  file.free();
  return finished;
}

// The file of a whole stream; gives what `finish` tells.
export const wasm = (options, bytes) => JSON.parse(pushed(new RowExport(options, nowhere), bytes));

// What was made last, so that nobody's work can be left out as useless.
let made;

// For so many milliseconds at least a way is taken again and again: the first moments after a pause are slow ones, and
// a way that needs few milliseconds would be charged the most for them.
const LEAST_TIME = 250;

// How long a way takes, in milliseconds; some are asynchronous. What the way before it left as rubbish is collected
// first, so that nobody pays for another's.
async function timed(way) {
  made = undefined;
  gc();
  const begun = performance.now();
  for (let times = 1; ; times += 1) {
    made = await way();
    const took = performance.now() - begun;
    if (took >= LEAST_TIME) return took / times;
  }
}

// Lets the browser do what it has to do between two ways.
const pause = () => new Promise((resume) => setTimeout(resume, 20));

// The milliseconds of each way in rounds of one after the other, after a round that does not count.
export async function race(ways, rounds) {
  const times = ways.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (const [place, way] of ways.entries()) {
      const time = await timed(way);
      if (round > 0) times[place].push(time);
      await pause();
    }
  }
  return times;
}

// What a way makes, and by how many bytes the heap is greater when it is done, rubbish that still lies there included.
// Buffers lie beside the heap.
export async function weighed(way) {
  made = undefined;
  gc();
  const before = performance.memory.usedJSHeapSize;
  made = await way();
  const grown = performance.memory.usedJSHeapSize - before;
  return { made, memory_bytes: Math.max(0, grown) + (made.byteLength ?? 0) };
}

export const fetched = async (name) => new Uint8Array(await (await fetch(`/${name}`)).arrayBuffer());

// Works, and leaves the outcome where the bench looks for it.
export function begin(work) {
  window.outcome = null;
  work.then(
    (outcome) => (window.outcome = outcome),
    (error) => (window.outcome = { failure: String(error) }),
  );
}
