//! Splits SQL of a table of contents into tokens by PostgreSQL's lexical rules, so that the text of a literal, a comment or a
//! name is never taken for SQL.

/// A piece of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a name or a number.
    Name(String),
    /// A name in double quotes, without them.
    Quoted(String),
    /// Any other character. A literal is one `'`, whatever its text is.
    Sign(char),
}

/// Returns the tokens of a text, without white space and comments.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    pieces(text).filter_map(|(token, _)| token).collect()
}

/// Returns the statements of a text.
pub(super) fn statements(tokens: &[Token]) -> impl Iterator<Item = Tokens<'_>> {
    tokens.split(|token| token == &Token::Sign(';')).map(Tokens)
}

/// Returns the texts of the statements that a semicolon ends, without the comments before them.
pub(super) fn split(script: &str) -> Vec<&str> {
    let (mut statements, mut start, mut at) = (Vec::new(), None, 0);
    for (token, piece) in pieces(script) {
        match token {
            Some(Token::Sign(';')) => {
                statements.extend(start.take().map(|start| script[start..at].trim_end()));
            }
            Some(_) => {
                start.get_or_insert(at);
            }
            None => {}
        }
        at += piece.len();
    }
    statements
}

/// Returns each piece of a text with its token. White space and comments have none.
fn pieces(text: &str) -> impl Iterator<Item = (Option<Token>, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let letter = rest.chars().next()?;
        let (token, length) = match letter {
            '"' => {
                let length = quoted_length(rest, '"', false);
                let name = rest[1..length].strip_suffix('"').unwrap_or(&rest[1..length]);
                (Some(Token::Quoted(name.replace("\"\"", "\""))), length)
            }
            '\'' => (Some(Token::Sign('\'')), quoted_length(rest, '\'', false)),
            'E' | 'e' if rest[1..].starts_with('\'') => {
                (Some(Token::Sign('\'')), 1 + quoted_length(&rest[1..], '\'', true))
            }
            '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, comment_length(rest)),
            '$' => match dollar_quoted_length(rest) {
                Some(length) => (Some(Token::Sign('\'')), length),
                None => (Some(Token::Sign('$')), 1),
            },
            letter if is_name(letter) => {
                let length = rest.find(|letter| !is_name(letter) && letter != '$');
                let length = length.unwrap_or(rest.len());
                (Some(Token::Name(rest[..length].to_owned())), length)
            }
            letter if letter.is_whitespace() => (None, letter.len_utf8()),
            letter => (Some(Token::Sign(letter)), letter.len_utf8()),
        };
        let (piece, others) = rest.split_at(length);
        rest = others;
        Some((token, piece))
    })
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || !letter.is_ascii() && !letter.is_whitespace()
}

/// Returns the length of the quoted text at the start, with both quotes. A doubled quote belongs to it.
fn quoted_length(text: &str, quote: char, has_escapes: bool) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && has_escapes {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, letter)| *letter == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// Returns the length of the comment at the start, which may contain others.
fn comment_length(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// Returns the length of a text such as `$body$ … $body$`; `None` if none begins here.
fn dollar_quoted_length(text: &str) -> Option<usize> {
    let tag = 2 + text[1..].find('$')?;
    let is_tag = text[1..tag - 1].chars().all(is_name)
        && !text[1..].starts_with(|letter: char| letter.is_ascii_digit());
    let end = |rest: &str| rest.find(&text[..tag]).map_or(text.len(), |at| tag + at + tag);
    is_tag.then(|| end(&text[tag..]))
}

/// The tokens of a statement that are not parsed yet.
#[derive(Clone)]
pub(super) struct Tokens<'a>(pub &'a [Token]);

impl Tokens<'_> {
    /// Takes these keywords, all or none.
    pub fn words(&mut self, words: &str) -> Option<()> {
        let count = words.split(' ').count();
        let found = self.0.get(..count)?;
        let is_same = found
            .iter()
            .zip(words.split(' '))
            .all(|(token, word)| matches!(token, Token::Name(name) if name == word));
        is_same.then(|| self.0 = &self.0[count..])
    }

    pub fn name(&mut self) -> Option<String> {
        let (Token::Name(name) | Token::Quoted(name), rest) = self.0.split_first()? else {
            return None;
        };
        self.0 = rest;
        Some(name.clone())
    }

    pub fn sign(&mut self, sign: char) -> Option<()> {
        let is_next = self.0.first() == Some(&Token::Sign(sign));
        is_next.then(|| self.0 = &self.0[1..])
    }

    /// Skips the tokens before these keywords, but none in parentheses, and takes the keywords.
    pub fn skip_to(&mut self, words: &str) -> Option<()> {
        let mut depth = 0_usize;
        while depth > 0 || self.words(words).is_none() {
            let (token, rest) = self.0.split_first()?;
            match token {
                Token::Sign('(') => depth += 1,
                Token::Sign(')') => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.0 = rest;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_comments_are_no_statements() {
        let text = "a '; b ''; c' E'; \\'; d' $$; e$$ $x$; $$ f $x$ -- ; g\n /* ; /* h */ ; */ \"i;\"\"\nj\" k$1; é.1 $2";
        let name = |name: &str| Token::Name(name.to_owned());
        let literal = Token::Sign('\'');
        let expected = [
            name("a"),
            literal.clone(),
            literal.clone(),
            literal.clone(),
            literal,
            Token::Quoted("i;\"\nj".to_owned()),
            name("k$1"),
            Token::Sign(';'),
            name("é"),
            Token::Sign('.'),
            name("1"),
            Token::Sign('$'),
            name("2"),
        ];
        assert_eq!(tokens(text), expected);
        assert_eq!(statements(&tokens(text)).count(), 2);
    }

    #[test]
    fn a_text_without_its_end_goes_on_to_the_end() {
        for text in [
            "'a;",
            "E'a;\\'",
            "\"a;é",
            "$$a;",
            "$a$ a; $a",
            "/* a;",
            "-- a;",
            "e",
            "$",
        ] {
            assert!(tokens(text).len() <= 1, "{text}");
        }
    }

    #[test]
    fn a_script_is_split_outside_of_names_and_comments() {
        let script = "--\n-- Name: a; Type: ACL; it's\n--\n\nSET a = 'x;y';\n\nREVOKE ALL ON FUNCTION public.\"f;--\n\"\"\"() FROM PUBLIC;\nGRANT ALL ON SCHEMA é TO b;\n\n\n--\n-- end; --\n";
        assert_eq!(
            split(script),
            [
                "SET a = 'x;y'",
                "REVOKE ALL ON FUNCTION public.\"f;--\n\"\"\"() FROM PUBLIC",
                "GRANT ALL ON SCHEMA é TO b"
            ]
        );
    }
}
