// CSV as the seeds describe it (section 2.4, "CSV Generation with Security Protections").

export function escapeCsvField(field) {
  const dangerousChars = ["=", "+", "-", "@", "\t", "\r"];
  let safeField = field;
  if (dangerousChars.some((char) => field.startsWith(char))) {
    safeField = `'${field}`;
  }
  if (safeField.includes(",") || safeField.includes('"') || safeField.includes("\n")) {
    return `"${safeField.replace(/"/g, '""')}"`;
  }
  return safeField;
}

// The whole file as one string. `rows`: arrays of strings.
export function generateCsv(header, rows) {
  const lines = rows.map((row) => row.map(escapeCsvField).join(","));
  return `\uFEFF${[header.join(","), ...lines].join("\n")}`;
}
