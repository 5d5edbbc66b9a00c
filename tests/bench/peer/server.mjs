// An export as the seeds describe it: select all, build one string, send it.
// DSN: the database; SELECT: the query, with the names of the columns. Prints where it listens.

import http from "node:http";
import pg from "pg";
import { generateCsv } from "../page/seeds.js";

const header = [
  "Time", "User", "Key", "Provider", "Model", "Original Model", "Endpoint", "Status Code", "Input Tokens",
  "Output Tokens", "Cache Write 5m", "Cache Write 1h", "Cache Read", "Total Tokens", "Cost (USD)", "Duration (ms)",
  "Session ID", "Retry Count",
];

const pool = new pg.Pool({ connectionString: process.env.DSN });

const text = (value) => (value === null ? "" : String(value));

function cells(log) {
  return [
    log.created_at?.toISOString() ?? "", text(log.user_name), text(log.key_name), text(log.provider_name),
    text(log.model), text(log.original_model), text(log.endpoint), text(log.status_code), text(log.input_tokens),
    text(log.output_tokens), text(log.cache_write_5m), text(log.cache_write_1h), text(log.cache_read),
    text(log.total_tokens), text(log.cost_usd), text(log.duration_ms), text(log.session_id), text(log.retry_count),
  ];
}

const server = http.createServer(async (_request, response) => {
  try {
    const { rows } = await pool.query(process.env.SELECT);
    const csv = generateCsv(header, rows.map(cells));
    response.writeHead(200, {
      "content-type": "text/csv; charset=utf-8",
      "content-length": Buffer.byteLength(csv),
    });
    response.end(csv);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});

server.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
