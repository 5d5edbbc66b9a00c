// A bundle of all rows in several parts, through WebAssembly as `fetch` gives them. The bench calls `pourBundle`.

import init, { BundleExport } from "./wasm_export.js";
import { nowhere } from "./ways.js";

export async function pourBundle(options, contents) {
  const { memory } = await init();
  const file = new BundleExport(options, contents, nowhere);
  const reader = (await fetch("/bundle")).body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    file.push(value);
  }
  const { rows, file_bytes } = JSON.parse(file.finish());
  file.free();
  return { rows, file_bytes, memory_bytes: memory.buffer.byteLength };
}
