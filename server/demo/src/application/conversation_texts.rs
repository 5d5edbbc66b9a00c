//! Texts of conversations, with strings that break a carelessly written file.

pub(super) const TITLES: [&str; 14] = [
    "Refund for a cancelled order",
    "How to read a 2 GB file in Rust",
    "Reset a password, step by step",
    "=1+1",
    "Quotes \"inside\" a title, and a comma",
    "两个时区的会议安排",
    "مرحبا بالعالم",
    "שאלה על חשבונית",
    "Two\nlines",
    "# not a heading | not a cell <b>not bold</b>",
    "Café, naïve, e\u{301} 🦀",
    "@SUM(A1:A9)",
    "Rate limits and retries",
    "Migration of a table with 50 million rows",
];

pub(super) const PERSONAS: [Option<&str>; 5] = [
    None,
    Some("Impatient customer"),
    Some("New developer"),
    Some("老用户"),
    Some("Auditor, \"by the book\""),
];

pub(super) const EMOTIONS: [Option<&str>; 5] = [
    None,
    Some("calm"),
    Some("frustrated"),
    Some("curious"),
    Some("anxious"),
];

pub(super) const TOPICS: [Option<&str>; 6] = [
    None,
    Some("billing"),
    Some("files and streams"),
    Some("账户安全"),
    Some("الأسعار"),
    Some("+1-555, or any other number"),
];

/// Arrays in the notation of PostgreSQL.
pub(super) const CATEGORIES: [&str; 6] = [
    "{}",
    "{support}",
    "{support,billing}",
    "{code,\"data, large\"}",
    "{\"=1+1\",\"say \\\"hi\\\"\"}",
    "{客服,code}",
];

/// JSON. The seed has more digits than a float.
pub(super) const PARAMETERS: [&str; 4] = [
    "{}",
    r#"{"model":"claude-sonnet-4-5","temperature":0.70,"seed":12345678901234567890}"#,
    r#"{"model":"gpt-5-mini","stop":["\n\n","=1+1"],"note":"he said \"hi\""}"#,
    r#"{"model":"gemini-2.5-pro","nested":{"empty":null,"语言":"中文"}}"#,
];

/// Comments of reviewers as JSON.
pub(super) const COMMENTS: [&str; 6] = [
    "null",
    r#""Good""#,
    r#""The tone is right, but \"sorry\" comes three times""#,
    r#""Two lines:\n- one\n- two""#,
    r#""语气合适，可以使用""#,
    r#""=HYPERLINK(\"https://evil.example\")""#,
];

pub(super) const INSTRUCTIONS: [&str; 3] = [
    "You are a patient assistant of a shop. Answer in the language of the question.",
    "Answer briefly.\nNever invent an order number.",
    "你是一名客服助手。",
];

pub(super) const QUESTIONS: [&str; 14] = [
    "My order has not come. What can I do?",
    "How do I read a file line by line without loading it whole?",
    "=1+1",
    "-2+3+cmd|' /C calc'!A0",
    "What does \"idempotent\" mean, and why does it matter for \"retries\"?",
    "请帮我把这段话翻译成英文：天气很好。",
    "كيف يمكنني إعادة تعيين كلمة المرور؟",
    "איך מבטלים מנוי?",
    "Line one\nline two\r\nline three",
    "A tab\there, a back\\slash, and \\N which is not null",
    "Here is my code:\n```rust\nfn main() { println!(\"{}\", 1 + 1); }\n```\nWhy does it print 2?",
    "<script>alert(1)</script> & is this escaped?",
    "🦀🎉 e\u{301} \u{202e}overridden\u{202c}",
    "{\"role\": \"user\", \"content\": \"JSON in text\"}",
];

pub(super) const ANSWERS: [&str; 10] = [
    "I am sorry for the trouble. The parcel left the warehouse on Monday; I have asked the carrier and write again tomorrow.",
    "Read it as a stream: open the file, wrap it in a buffered reader, and take one line at a time. The memory then depends on the longest line only.",
    "An operation is idempotent if doing it twice has the effect of doing it once. A retry after a timeout is then harmless.",
    "The weather is nice. / The weather is very good today.",
    "1. Open *Settings*.\n2. Choose **Security**.\n3. Press `Reset`.\n\n> The link is valid for an hour.",
    "افتح الإعدادات، ثم اختر \"الأمان\"، ثم اضغط على إعادة التعيين.",
    "אפשר לבטל את המנוי בכל עת, תחת \"חשבון\".",
    "可以的。先备份数据，再执行迁移；失败时可以回滚。",
    "| step | cost |\n|---|---|\n| one | 1.50 |\n| two | =A1*2 |",
    "+49 30 901820 is the number of the office, and -5 is a temperature.",
];

pub(super) const CODE: [&str; 5] = [
    "```rust\nlet file = open(path)?;\nfor line in file.lines() {\n    println!(\"{}\", line?);\n}\n```",
    "```sql\nselect id, total\nfrom orders\nwhere note = 'it''s \"quoted\"' -- and 1 = 1\n```",
    "````markdown\n```sh\nrm -rf /tmp/scratch\n```\n````",
    "~~~python\nprint(\"\\\"\\\\n\\\"\", end=\"\\t\")\n~~~",
    "    indented code\n\twith a tab",
];

pub(super) const TOOL_RESULTS: [&str; 3] = [
    "{\"status\":\"ok\",\"rows\":[{\"id\":1,\"total\":\"12.50\"}]}",
    "Error: ECONNRESET\n    at TLSWrap.onStreamRead (node:internal/stream_base_commons:216:20)",
    "exit code 0",
];
