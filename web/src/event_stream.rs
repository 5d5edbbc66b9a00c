//! A parser for server-sent events (WHATWG HTML, "Server-sent events") that arrive in chunks.
//!
//! `EventSource` cannot send a file, so the page reads the stream itself.

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Empty without an `event` field.
    pub name: String,
    /// The `data` lines, joined by line feeds.
    pub data: String,
}

/// Ignores an event that has not arrived completely.
#[derive(Debug, Default)]
pub struct EventReader {
    /// The start of a line whose end has not arrived.
    line: String,
    /// The last character was a carriage return, so a line feed next ends no second line.
    after_return: bool,
    name: String,
    /// `None` before the first `data` line of an event.
    data: Option<String>,
}

impl EventReader {
    /// Returns the events that end in this chunk.
    pub fn push(&mut self, text: &str) -> Vec<Event> {
        let mut events = Vec::new();
        for character in text.chars() {
            let follows_return = std::mem::replace(&mut self.after_return, character == '\r');
            match character {
                '\n' if follows_return => {}
                '\n' | '\r' => events.extend(self.end_line()),
                character => self.line.push(character),
            }
        }
        events
    }

    /// An empty line ends an event. Any other line is a field or a comment.
    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return self.data.take().map(|data| Event { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // A comment has an empty field name. `id` and `retry` matter only for reconnecting.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    /// Pushes the text in chunks of every size, and in two chunks cut at every position.
    #[track_caller]
    fn check(text: &str, expected: &[Event]) {
        let characters: Vec<char> = text.chars().collect();
        for size in 1..=characters.len() {
            let mut reader = EventReader::default();
            let pieces = characters
                .chunks(size)
                .map(|piece| piece.iter().collect::<String>());
            let events: Vec<_> = pieces.flat_map(|piece| reader.push(&piece)).collect();
            assert_eq!(events, expected, "in pieces of {size}");
        }
        for (cut, _) in text.char_indices() {
            let mut reader = EventReader::default();
            let (one, other) = text.split_at(cut);
            let events = [reader.push(one), reader.push(other)].concat();
            assert_eq!(events, expected, "cut at {cut}");
        }
    }

    #[test]
    fn events_are_read_however_the_text_is_cut() {
        check(
            ": still at it\n\nevent: progress\ndata: {\"message\":\"Größe\",\"percent\":1}\n\n: still at it\n\n\
             event: complete\ndata: {}\n\n",
            &[
                event("progress", "{\"message\":\"Größe\",\"percent\":1}"),
                event("complete", "{}"),
            ],
        );
    }

    #[test]
    fn every_end_of_a_line_is_one() {
        for end in ["\n", "\r\n", "\r"] {
            let text = format!("event: a{end}data: 1{end}data: 2{end}{end}data{end}{end}data:3{end}{end}");
            check(&text, &[event("a", "1\n2"), event("", ""), event("", "3")]);
        }
        check(
            "data: 1\r\ndata: 2\n\rdata: 3\r\r\n",
            &[event("", "1\n2"), event("", "3")],
        );
    }

    #[test]
    fn what_is_not_whole_or_has_no_data_is_no_event() {
        check("event: a\n\nid: 7\nretry: 1\n\nevent: b\ndata: 1\n", &[]);
        check("event: a\n\ndata:  x:y\n\nda", &[event("", " x:y")]);
    }
}
