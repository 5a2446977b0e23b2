//! Server-sent events: bytes in, events out. Chunks may be cut anywhere. After the WHATWG HTML standard, section
//! "Server-sent events", as far as model servers use it. Used by the providers that stream this way.

/// Most bytes of one event; a piece of an answer is a few dozen, a tool call a few thousand.
const LIMIT: usize = 8 << 20;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Its type; empty when the server names none.
    pub(crate) name: String,
    /// Its data, lines joined by line breaks.
    pub(crate) data: String,
}

/// Reads a body.
#[derive(Debug, Default)]
pub(crate) struct SseReader {
    line: Vec<u8>,
    event: SseEvent,
    has_data: bool,
    after_cr: bool,
    begun: bool,
    over: bool,
}

/// An event is larger than any model server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl SseReader {
    /// Takes the next chunk; gives the events that it completes.
    pub(crate) fn push(&mut self, chunk: &[u8], out: &mut Vec<SseEvent>) -> Result<(), TooLong> {
        for &byte in chunk {
            if self.over {
                return Err(TooLong);
            }
            // A line ends with CR, LF or both.
            let second_half = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                _ if second_half => {}
                b'\r' | b'\n' => {
                    self.after_cr = byte == b'\r';
                    self.end_line(out);
                }
                _ => {
                    self.line.push(byte);
                    self.over = self.line.len() + self.event.data.len() > LIMIT;
                }
            }
        }
        if self.over { Err(TooLong) } else { Ok(()) }
    }

    /// The body ended; some servers leave out the empty line after the last event.
    pub(crate) fn finish(&mut self, out: &mut Vec<SseEvent>) {
        if !self.line.is_empty() {
            self.end_line(out);
        }
        self.dispatch(out);
    }

    fn end_line(&mut self, out: &mut Vec<SseEvent>) {
        let bytes = std::mem::take(&mut self.line);
        let bytes = if self.begun { &bytes[..] } else { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) };
        self.begun = true;
        if bytes.is_empty() {
            return self.dispatch(out);
        }
        let line = String::from_utf8_lossy(bytes);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // Comments (an empty field) keep the connection alive; id and retry are for browsers.
            _ => {}
        }
    }

    fn dispatch(&mut self, out: &mut Vec<SseEvent>) {
        let event = std::mem::take(&mut self.event);
        if std::mem::take(&mut self.has_data) {
            out.push(event);
        }
    }
}

/// Whether a body that begins like this may be server-sent events.
pub(crate) fn may_be_events(head: &[u8]) -> bool {
    [&b":"[..], b"data:", b"event:", b"id:", b"retry:"].iter().any(|m| head.starts_with(m) || m.starts_with(head))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::net::testing::pieces;
    use proptest::prelude::*;

    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<SseEvent> {
        let (mut reader, mut out) = (SseReader::default(), Vec::new());
        for chunk in chunks {
            reader.push(chunk, &mut out).unwrap();
        }
        reader.finish(&mut out);
        out
    }

    const BODY: &str = "\u{feff}: hello\n\nevent: a\ndata: Größe\ndata:2\r\n\r\nid: 7\rdata: {\"x\":\"日本\"}\r\r\ndata\n\nevent: lost\n\ndata: last";

    #[test]
    fn events_of_every_form_are_read() {
        let event = |name: &str, data: &str| SseEvent { name: name.into(), data: data.into() };
        let want = [event("a", "Größe\n2"), event("", "{\"x\":\"日本\"}"), event("", ""), event("", "last")];
        assert_eq!(read([BODY.as_bytes()]), want);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let (mut reader, mut out) = (SseReader::default(), Vec::new());
        let piece = vec![b'x'; 1 << 16];
        assert!((0..200).any(|_| reader.push(&piece, &mut out).is_err()));
        assert_eq!(reader.push(b"\n\n", &mut out), Err(TooLong));
    }

    proptest! {
        #[test]
        fn chunks_cut_anywhere_give_the_same_events(cuts in proptest::collection::vec(0..BODY.len(), 0..40)) {
            let chunks = pieces(BODY, cuts);
            prop_assert_eq!(read(chunks), read([BODY.as_bytes()]));
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read([&bytes[..]]);
        }
    }
}
