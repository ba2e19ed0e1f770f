//! Where the quotes of a CSV record open and close: the parser takes text behind a quote that closes for a part of
//! the value, and would store what nobody meant to write.

/// Where in a record the next byte is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// At the begin of a column, where alone a quote opens.
    #[default]
    Begin,
    /// In a column without quotes, or in text behind them.
    Text,
    /// Within quotes.
    Quoted,
    /// Behind a quote within quotes, which closes unless another follows.
    Quote,
    /// In blanks behind a quote that closes.
    Closed,
}

/// What the bytes of a record, read piece by piece, say of its quotes.
#[derive(Debug, Default)]
pub struct Quotes {
    place: Place,
    is_below: bool,
    /// Whether text follows a quote that closes.
    pub has_stray: bool,
    /// Whether that is so below the first line: then the quote was meant to open.
    pub has_stray_below: bool,
}

impl Quotes {
    /// Reads the next bytes.
    pub fn read(&mut self, bytes: &[u8], delimiter: u8) {
        // Most bytes are within no quotes: only where they end counts then.
        if matches!(self.place, Place::Begin | Place::Text) && !bytes.contains(&b'"') {
            if let Some(last) = bytes.last() {
                let begins = *last == delimiter || ends_line(*last);
                self.place = if begins { Place::Begin } else { Place::Text };
            }
            return;
        }
        for byte in bytes {
            self.step(*byte, delimiter);
        }
    }

    fn step(&mut self, byte: u8, delimiter: u8) {
        self.place = match self.place {
            Place::Quoted if byte == b'"' => Place::Quote,
            Place::Quoted => {
                self.is_below |= ends_line(byte);
                Place::Quoted
            }
            Place::Begin | Place::Quote if byte == b'"' => Place::Quoted,
            _ if byte == delimiter || ends_line(byte) => Place::Begin,
            Place::Quote | Place::Closed if byte.is_ascii_whitespace() => Place::Closed,
            Place::Quote | Place::Closed => {
                self.has_stray = true;
                self.has_stray_below |= self.is_below;
                Place::Text
            }
            Place::Begin | Place::Text => Place::Text,
        };
    }
}

/// Whether a byte ends a line.
pub const fn ends_line(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_behind_a_quote_that_closes_is_seen_wherever_the_bytes_are_parted() {
        for (record, want) in [
            ("a,b\n", (false, false)),
            ("\"a\",\"b\"\r\n", (false, false)),
            ("\"a\" ,\"\"\n", (false, false)),
            ("\"a \"\"b\"\", c\",d\n", (false, false)),
            ("\n\"a\nb\",\"\n\"\n", (false, false)),
            // Quotes within a column that has none around it are text.
            ("a\"b\",\"c\"\n", (false, false)),
            ("\"a\"b,c\n", (true, false)),
            ("a,\"b\" c\n", (true, false)),
            ("\"\"\"a\"\"\"b,c\n", (true, false)),
            ("\"a\"b,\"c\nd\"\n", (true, false)),
            ("\"a\n\"b,c\n", (true, true)),
            ("a,\"b\nc,\" d\"\n", (true, true)),
        ] {
            let mut whole = Quotes::default();
            whole.read(record.as_bytes(), b',');
            assert_eq!((whole.has_stray, whole.has_stray_below), want, "{record:?}");
            for place in 0..record.len() {
                let (mut parted, (first, second)) = (Quotes::default(), record.as_bytes().split_at(place));
                parted.read(first, b',');
                parted.read(second, b',');
                assert_eq!((parted.has_stray, parted.has_stray_below), want, "{record:?} at {place}");
            }
        }
    }
}
