//! The rules of XML 1.0 (fifth edition) that the parser does not check.

use quick_xml::events::{BytesDecl, BytesPI, BytesStart};

use super::Refusal;

/// Checks the characters of text, of a comment, or of a processing instruction (XML 1.0, production 2).
///
/// # Errors
/// When XML has no such character, not even as a reference.
pub(super) fn check_characters(text: &str) -> Result<(), Refusal> {
    // Nearly every text passes the first, cheaper check.
    let is_plain = text.bytes().all(|byte| byte >= 0x20 && byte != 0xef);
    if is_plain {
        return Ok(());
    }
    text.chars().try_for_each(check_character)
}

/// Checks a character, also one of a reference.
///
/// # Errors
/// When XML has no such character.
pub(super) fn check_character(character: char) -> Result<(), Refusal> {
    match character {
        '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'.. => Ok(()),
        _ => Err(format!(
            "XML has no character U+{:04X}, not even as a reference",
            u32::from(character)
        )),
    }
}

/// Checks the text between tags (production 14).
///
/// # Errors
/// When it contains `]]>`, or a character that XML does not have.
pub(super) fn check_text(text: &str) -> Result<(), Refusal> {
    if memchr::memmem::find(text.as_bytes(), b"]]>").is_some() {
        return Err("`]]>` must be written `]]&gt;` here".to_owned());
    }
    check_characters(text)
}

/// Checks the name and the attributes of a start tag (productions 5, 10, 40, 41).
///
/// # Errors
/// When a name is none, an attribute is malformed, or its value contains `<` or an unknown reference.
pub(super) fn check_start(start: &BytesStart<'_>) -> Result<(), Refusal> {
    check_name(start.name().into_inner())?;
    let mut rest = start.attributes_raw();
    loop {
        let attribute = rest.trim_start_matches(WHITE_SPACE);
        if attribute.is_empty() {
            return Ok(());
        }
        if attribute.len() == rest.len() {
            return Err("white space is missing before an attribute".to_owned());
        }
        let (name, value) = attribute.split_once('=').ok_or("an attribute has no value")?;
        check_name(name.trim_end_matches(WHITE_SPACE))?;
        let value = value.trim_start_matches(WHITE_SPACE);
        let quote = value
            .chars()
            .next()
            .filter(|quote| matches!(quote, '"' | '\''))
            .ok_or("the value of an attribute has no quotes")?;
        let (value, behind) = value[1..]
            .split_once(quote)
            .ok_or("the value of an attribute has no closing quote")?;
        check_value(value)?;
        rest = behind;
    }
}

/// White space of XML (production 3).
const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

fn check_value(value: &str) -> Result<(), Refusal> {
    check_characters(value)?;
    if value.contains('<') {
        return Err("`<` must be written `&lt;` in the value of an attribute".to_owned());
    }
    let unescaped = quick_xml::escape::unescape(value).map_err(|error| error.to_string())?;
    check_characters(&unescaped)
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let mut characters = name.chars();
    let is_name = characters.next().is_some_and(begins_name) && characters.all(continues_name);
    match is_name {
        true => Ok(()),
        false => Err(format!("`{name}` is not a name in XML")),
    }
}

/// Production 4.
fn begins_name(character: char) -> bool {
    matches!(
        character,
        ':' | 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
            | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}' | '\u{200d}' | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
            | '\u{10000}'..='\u{effff}'
    )
}

/// Production 4a.
fn continues_name(character: char) -> bool {
    begins_name(character)
        || matches!(
            character,
            '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}'
        )
}

/// Checks a processing instruction (productions 16 and 17).
///
/// # Errors
/// When its target is no name, or is `xml`, which only the declaration at the beginning of the file may be.
pub(super) fn check_instruction(instruction: &BytesPI<'_>) -> Result<(), Refusal> {
    let target = instruction.target();
    check_name(target)?;
    if target.eq_ignore_ascii_case("xml") {
        return Err("a processing instruction may not be called `xml`".to_owned());
    }
    check_characters(instruction.content())
}

/// Checks the declaration `<?xml version="1.0" encoding="UTF-8"?>` (productions 23 to 26, 32, 80).
///
/// # Errors
/// When it is malformed, or declares an encoding other than UTF-8.
pub(super) fn check_declaration(declaration: &BytesDecl<'_>) -> Result<(), Refusal> {
    let malformed = || "the XML declaration is malformed".to_owned();
    let start = BytesStart::from_content(&**declaration, "xml".len());
    check_start(&start).map_err(|error| format!("the XML declaration is malformed: {error}"))?;
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        attributes.push((attribute.key.into_inner(), attribute.value));
    }
    let mut rest = attributes
        .iter()
        .map(|(name, value)| (*name, &**value))
        .peekable();
    match rest.next() {
        Some(("version", version)) if is_version(version) => {}
        _ => return Err(malformed()),
    }
    if let Some((_, encoding)) = rest.next_if(|(name, _)| *name == "encoding")
        && !["utf-8", "us-ascii"].contains(&&*encoding.to_ascii_lowercase())
    {
        return Err(format!(
            "the file declares the encoding `{encoding}`, and only UTF-8 is read. Convert it first, for example with \
             `iconv -t UTF-8`, and correct the declaration"
        ));
    }
    rest.next_if(|(name, value)| *name == "standalone" && matches!(*value, "yes" | "no"));
    match rest.next() {
        None => Ok(()),
        Some(_) => Err(malformed()),
    }
}

fn is_version(version: &str) -> bool {
    version
        .strip_prefix("1.")
        .is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}
