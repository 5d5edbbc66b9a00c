// JSON laid out for people: the module's way from bytes to bytes, the browser's from string to string.

import init, { PrettyJson } from "./wasm_export.js";
import { nowhere, pushed, race } from "./ways.js";

const paragraphs = [
  'The function "retry" gives up after\tthree attempts:\n\n```rust\nlet path = "C:\\\\logs\\\\today.txt";\n```\n',
  "It reads the header, then each row, and stops at the first that has fewer cells than there are columns.\n",
  '{"tool":"search","query":"how is \\"as_of\\" kept?","pages":[1,2,3]}\n',
];
const chinese = "请求在三次重试之后失败：上游返回了 \"429 Too Many Requests\"。\n";

// The body of a request to a language model, about so many bytes: many messages with long strings.
function body(bytes, isAscii) {
  const messages = [];
  for (let length = 0, place = 0; length < bytes; place += 1) {
    const kinds = isAscii || place % 10 > 0 ? paragraphs : [...paragraphs, chinese];
    const parts = Array.from({ length: 40 }, (_, part) => kinds[(place + part) % kinds.length]);
    const message = {
      role: place % 2 === 0 ? "user" : "assistant",
      content: [{ type: "text", text: parts.join(""), cache_control: { type: "ephemeral" } }],
    };
    length += JSON.stringify(message).length;
    messages.push(message);
  }
  return JSON.stringify({ model: "claude", max_tokens: 8192, temperature: 0.7, stream: true, messages });
}

// The whole layout in one array, which is made as long as it will hardly be.
function gathered(bytes) {
  const all = new Uint8Array(bytes.length + bytes.length / 8);
  let length = 0;
  const writer = {
    copies: true,
    write(piece) {
      all.set(piece, length);
      length += piece.length;
    },
  };
  pushed(new PrettyJson(writer), bytes);
  return all.subarray(0, length);
}

// Both kinds of text, in rounds of one after the other.
export async function compare(length, rounds) {
  const { memory } = await init();
  const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
  const layOut = (text) => JSON.stringify(JSON.parse(text), null, 2);
  const bodies = [];
  for (const isAscii of [true, false]) {
    const bytes = encoder.encode(body(length, isAscii));
    // A string that nobody has looked at yet is none that is slow to read.
    const text = decoder.decode(bytes);
    if (decoder.decode(gathered(bytes)) !== layOut(text)) throw new Error("the two ways differ");
    const ways = {
      pieces: () => pushed(new PrettyJson(nowhere), bytes),
      gathered: () => gathered(bytes),
      strings: () => layOut(text),
      bytes_too: () => encoder.encode(layOut(decoder.decode(bytes))),
    };
    const times = await race(Object.values(ways), rounds);
    const names = Object.keys(ways);
    bodies.push({ bytes: bytes.length, ...Object.fromEntries(times.map((of, place) => [names[place], of])) });
  }
  return { bodies, memory_bytes: memory.buffer.byteLength };
}
