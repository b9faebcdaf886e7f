//! Event streams (WHATWG HTML, "Server-sent events"): a bounded reader of those that others send, and the texts of
//! those that are sent from here.

use std::borrow::Cow;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its type; empty where the stream names none, which means `message`.
    pub name: String,
    /// Its lines of data, joined by line feeds.
    pub data: String,
    /// The last id that the stream gave, be it with this event or one before.
    pub id: Option<String>,
}

/// A line or an event is longer than is read; nothing after it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is longer than is read")]
pub struct TooLong;

/// Most bytes that are kept of lines that are no field of an event.
const LONGEST_STRAY: usize = 8 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads events from bytes that are split anywhere: inside a character, between CR and LF, inside a line.
///
/// What is not UTF-8 is replaced, as the standard says. `retry` is of no use to who does not reconnect, and ignored.
#[derive(Debug)]
pub struct EventReader {
    longest: usize,
    buffer: Vec<u8>,
    /// Where the next line begins in `buffer`.
    start: usize,
    /// How far the line that begins there has been looked at.
    seen: usize,
    at_beginning: bool,
    /// The last line ended in CR: an LF right behind it belongs to it.
    after_return: bool,
    name: String,
    data: String,
    has_data: bool,
    id: Option<String>,
    stray: String,
    failed: bool,
}

impl EventReader {
    /// Reads events whose lines and whose data have at most `longest` bytes.
    pub fn new(longest: usize) -> Self {
        Self {
            longest,
            buffer: Vec::new(),
            start: 0,
            seen: 0,
            at_beginning: true,
            after_return: false,
            name: String::new(),
            data: String::new(),
            has_data: false,
            id: None,
            stray: String::new(),
            failed: false,
        }
    }

    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed {
            return;
        }
        self.buffer.drain(..self.start);
        self.seen -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event that is complete; nothing until more bytes are pushed.
    pub fn next_event(&mut self) -> Option<Result<Event, TooLong>> {
        if self.failed {
            return None;
        }
        loop {
            match self.next_line() {
                Some((from, to)) if to - from > self.longest => return Some(self.fail()),
                Some((from, to)) if from == to => {
                    if let Some(event) = self.dispatch() {
                        return Some(Ok(event));
                    }
                }
                Some((from, to)) => {
                    self.field(from, to);
                    if self.data.len() > self.longest {
                        return Some(self.fail());
                    }
                }
                None if self.buffer.len() - self.start > self.longest => return Some(self.fail()),
                None => return None,
            }
        }
    }

    /// After the stream's end: whether there was more than blank lines behind the last event, which is dropped.
    pub fn is_unfinished(&self) -> bool {
        self.has_data || !self.name.is_empty() || self.start < self.buffer.len()
    }

    /// Lines that are no field of an event, joined, the unfinished last one included: some services write an error as
    /// plain JSON into a stream. Bounded.
    pub fn stray(&self) -> String {
        let last = self.buffer.get(self.start..).unwrap_or_default();
        let last = String::from_utf8_lossy(last.get(..LONGEST_STRAY).unwrap_or(last));
        if is_field(&last) { self.stray.clone() } else { format!("{}{last}", self.stray) }
    }

    fn fail(&mut self) -> Result<Event, TooLong> {
        self.failed = true;
        self.buffer = Vec::new();
        (self.start, self.seen) = (0, 0);
        Err(TooLong)
    }

    /// Where the next line is in the buffer, without its end; the line is consumed.
    fn next_line(&mut self) -> Option<(usize, usize)> {
        if self.after_return {
            match self.buffer.get(self.start)? {
                b'\n' => self.start += 1,
                _ => (),
            }
            self.after_return = false;
            self.seen = self.start;
        }
        if self.at_beginning {
            let head = self.buffer.get(..BYTE_ORDER_MARK.len()).unwrap_or(&self.buffer);
            if head == BYTE_ORDER_MARK {
                self.start = BYTE_ORDER_MARK.len();
                self.seen = self.start;
            } else if BYTE_ORDER_MARK.starts_with(head) {
                return None;
            }
            self.at_beginning = false;
        }
        let unseen = self.buffer.get(self.seen..).unwrap_or_default();
        let Some(at) = unseen.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
            self.seen = self.buffer.len();
            return None;
        };
        let (from, to) = (self.start, self.seen + at);
        self.after_return = self.buffer.get(to) == Some(&b'\r');
        self.start = to + 1;
        self.seen = self.start;
        Some((from, to))
    }

    fn field(&mut self, from: usize, to: usize) {
        let line = String::from_utf8_lossy(self.buffer.get(from..to).unwrap_or_default());
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" | "retry" => (),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "event" => value.clone_into(&mut self.name),
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            _ if self.stray.len() + line.len() <= LONGEST_STRAY => self.stray.push_str(&line),
            _ => (),
        }
    }

    /// What a blank line does: an event with data is complete, one without is none.
    fn dispatch(&mut self) -> Option<Event> {
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        let id = self.id.clone();
        std::mem::take(&mut self.has_data).then_some(Event { name, data, id })
    }
}

fn is_field(line: &str) -> bool {
    let name = line.split_once(':').map_or(line, |(name, _)| name);
    matches!(name, "" | "retry" | "data" | "event" | "id")
}

/// An event to send. Data may have several lines; ends of lines and NUL in the type or the id, which the format cannot
/// carry, are left out.
pub fn event(name: &str, id: Option<&str>, data: &str) -> String {
    let mut text = String::with_capacity(name.len() + data.len() + 32);
    for (field, value) in [("event: ", Some(name).filter(|name| !name.is_empty())), ("id: ", id)] {
        if let Some(value) = value {
            text.push_str(field);
            text.push_str(&one_line(value));
            text.push('\n');
        }
    }
    for line in lines(data) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text
}

/// A comment, which keeps a connection from being taken for dead and is no event.
pub fn comment(text: &str) -> String {
    format!(": {}\n\n", one_line(text))
}

fn one_line(text: &str) -> Cow<'_, str> {
    let breaks = ['\n', '\r', '\0'];
    if text.contains(breaks) { Cow::Owned(text.replace(breaks, "")) } else { Cow::Borrowed(text) }
}

/// The lines of a text, whichever way they end; the empty text is one line.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((line, behind)) = text.split_once(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let is_pair = text.as_bytes().get(line.len()) == Some(&b'\r');
        rest = Some(if is_pair { behind.strip_prefix('\n').unwrap_or(behind) } else { behind });
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_in(pieces: &[&[u8]]) -> Vec<Event> {
        let mut reader = EventReader::new(1024);
        let mut events = Vec::new();
        for piece in pieces {
            reader.push(piece);
            while let Some(event) = reader.next_event() {
                events.push(event.unwrap());
            }
        }
        events
    }

    fn read(stream: &str) -> Vec<(String, String, Option<String>)> {
        let events = read_in(&[stream.as_bytes()]).into_iter();
        events.map(|event| (event.name, event.data, event.id)).collect()
    }

    fn data(stream: &str) -> Vec<String> {
        read(stream).into_iter().map(|(_, data, _)| data).collect()
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        assert_eq!(data("data: a\n\ndata: b\r\rdata: c\r\n\r\n"), ["a", "b", "c"]);
        assert_eq!(data("data: YHOO\ndata: +2\r\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
        // One leading space is removed, no more; without a colon the line is a field without a value.
        assert_eq!(
            data("data:a\n\ndata:  a\n\ndata\n\ndata\ndata\n\ndata:\n\n"),
            ["a", " a", "", "\n", ""]
        );
        assert_eq!(
            data(": comment\n\n:\n\nid: 1\n\nevent: x\n\nretry: 10\n\n"),
            Vec::<String>::new()
        );
        assert_eq!(data("\u{feff}data: a\n\n\u{feff}data: b\n\n"), ["a"]);
        assert_eq!(data("Data: a\n data: b\ndata : c\n\n"), Vec::<String>::new());
        assert_eq!(data("\n\n\r\n\rdata: a\n\n"), ["a"]);
    }

    #[test]
    fn types_end_with_their_event_and_ids_stay() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            read("event: add\nid: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: x\0y\ndata: d\n\n"),
            [
                ("add".into(), "a".into(), some("7")),
                (String::new(), "b".into(), some("7")),
                (String::new(), "c".into(), some("")),
                (String::new(), "d".into(), some("")),
            ]
        );
        // A type without data is forgotten with the blank line behind it.
        assert_eq!(read("event: add\n\ndata: a\n\n"), [(String::new(), "a".into(), None)]);
    }

    #[test]
    fn what_is_no_utf_8_is_replaced() {
        assert_eq!(read_in(&[b"data: a\xffb\n\n"])[0].data, "a\u{fffd}b");
        assert_eq!(read_in(&[b"data: \xe2\x82\n\n"])[0].data, "\u{fffd}");
    }

    #[test]
    fn an_unfinished_event_is_dropped_and_told() {
        for (stream, unfinished) in [
            ("data: a\n\n", false),
            ("data: a\n\n: comment\n", false),
            ("data: a\r\n\r", false),
            ("data: a\n\ndata: b", true),
            ("data: a\n\ndata: b\n", true),
            ("data: a\n\nevent: b\n", true),
        ] {
            let mut reader = EventReader::new(64);
            reader.push(stream.as_bytes());
            assert_eq!(reader.next_event().unwrap().unwrap().data, "a");
            assert_eq!(reader.next_event(), None);
            assert_eq!(reader.is_unfinished(), unfinished, "{stream:?}");
        }
    }

    #[test]
    fn what_is_no_field_is_kept_within_bounds() {
        for tail in ["", "\n", "\n\n"] {
            let mut reader = EventReader::new(64 * 1024);
            reader.push(b"data: a\n\n{\n\"error\": {\"code\": 503}\n}");
            reader.push(tail.as_bytes());
            while reader.next_event().is_some() {}
            assert_eq!(reader.stray(), "{\"error\": {\"code\": 503}}");
        }
        let mut reader = EventReader::new(64 * 1024);
        reader.push("x".repeat(10_000).as_bytes());
        assert_eq!((reader.next_event(), reader.stray().len()), (None, LONGEST_STRAY));
        reader.push(b"\n");
        assert_eq!((reader.next_event(), reader.stray().len()), (None, 0));
    }

    #[test]
    fn what_is_too_long_ends_the_reading() {
        let line = format!("data: {}\n\n", "a".repeat(100));
        let lines = "data: 12345678\n".repeat(12);
        let endless = "a".repeat(101);
        for stream in [line, lines, endless] {
            let mut reader = EventReader::new(100);
            reader.push(b"data: first\n\n");
            reader.push(stream.as_bytes());
            assert_eq!(reader.next_event().unwrap().unwrap().data, "first");
            assert_eq!(reader.next_event(), Some(Err(TooLong)));
            reader.push(b"\n\ndata: more\n\n");
            assert_eq!(reader.next_event(), None);
            assert_eq!(reader.buffer.capacity(), 0);
        }
    }

    #[test]
    fn events_are_written_so_that_they_are_read_again() {
        assert_eq!(event("token", Some("3"), "{}"), "event: token\nid: 3\ndata: {}\n\n");
        assert_eq!(event("", None, "a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
        assert_eq!(event("", None, "a\n\r"), "data: a\ndata: \ndata: \n\n");
        assert_eq!(event("a\nb", Some("1\r2\0"), ""), "event: ab\nid: 12\ndata: \n\n");
        assert_eq!(comment("ping\nevent: x"), ": pingevent: x\n\n");
        assert_eq!(read(&comment("ping")), []);
    }

    proptest! {
        #[test]
        fn any_splitting_gives_the_same_events(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "data: héllo", "data:€", "data", "event: x", "id: 1", ": c", "\n", "\n", "\r", "\r\n", "\r\n\r\n",
                    "\u{feff}", "{\"error\":1}", "data: 🦀", "retry: 1", "\u{0}",
                ]),
                0..40,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let stream = parts.concat().into_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect();
            let single: Vec<&[u8]> = stream.chunks(1).collect();
            let whole = read_in(&[&stream]);
            prop_assert_eq!(&read_in(&pieces), &whole);
            prop_assert_eq!(&read_in(&single), &whole);
        }

        #[test]
        fn any_data_survives_being_sent(text in "\\PC{0,40}", lines in prop::collection::vec("[^\r\n\u{0}]{0,10}", 1..4)) {
            let text = format!("{text}\n{}", lines.join("\n"));
            let read = read(&event("n", Some("1"), &text));
            prop_assert_eq!(read, [("n".to_owned(), text, Some("1".to_owned()))]);
        }
    }
}
