//! Words and texts of alerts, infringements and actions, with strings that break a carelessly written file.

pub(super) const SOURCES: [&str; 4] = ["web", "marketplace", "social", "domain"];
pub(super) const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];
pub(super) const ALERT_STATUSES: [&str; 4] = ["new", "acknowledged", "dismissed", "escalated"];
pub(super) const INFRINGEMENT_STATUSES: [&str; 5] =
    ["open", "investigating", "in_progress", "resolved", "dismissed"];
pub(super) const INFRINGEMENT_TYPES: [&str; 8] = [
    "counterfeiting",
    "domain_squatting",
    "typo_squatting",
    "impersonation",
    "phishing",
    "malware",
    "data_leak",
    "trademark",
];
pub(super) const ACTION_TYPES: [&str; 6] = [
    "takedown",
    "cease_and_desist",
    "dmca",
    "domain_dispute",
    "report",
    "other",
];
pub(super) const ACTION_STATUSES: [&str; 5] = ["pending", "in_progress", "completed", "failed", "cancelled"];

pub(super) const TITLES: [&str; 10] = [
    "Copied product page",
    "Look-alike domain registered",
    "Seller offers \"originals\" at 10 % of the price",
    "=HYPERLINK(\"https://evil.example\",\"open\")",
    "疑似假冒商品",
    "حساب منتحل على شبكة اجتماعية",
    "Logo used without permission, third time",
    "Login page <form action=\"https://evil.example\">",
    "Two\nlines, and a tab\there",
    "+1-555 hotline that is not ours",
];

pub(super) const DESCRIPTIONS: [Option<&str>; 6] = [
    None,
    Some("Found by the weekly search."),
    Some("The page shows our logo, our address and another bank account.\nA copy is in the archive."),
    Some("卖家位于境外，已截图。"),
    Some("-2+3 offers, 'quoted', \"quoted\"; semicolons; and | pipes"),
    Some(""),
];

pub(super) const DOMAINS: [&str; 6] = [
    "n0rthwind.example",
    "northwind-shop.example",
    "xn--fabrkam-5va.example",
    "login.contoso.example",
    "market.example",
    "social.example",
];

pub(super) const RESULTS: [&str; 4] = [
    "The page is gone.",
    "The registrar answered: \"not our customer\"",
    "平台已下架",
    "No answer within 14 days",
];
