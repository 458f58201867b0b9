//! Server-sent events out of a byte stream, as far as chat completions use them: `data:` lines, comments, blank lines.

/// Longest event, bytes: pieces of an answer are short, an endpoint that sends more is broken.
pub(super) const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// An event longer than [`EVENT_BYTES_MAX`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EventTooLong;

/// Takes bytes as they come, gives the data of each finished event.
#[derive(Default)]
pub(super) struct SseDecoder {
    line: Vec<u8>,
    data: String,
    has_data: bool,
}

impl SseDecoder {
    /// Takes the next bytes and returns the events that they finish.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<String>, EventTooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            if byte != b'\n' {
                if self.line.len() + self.data.len() >= EVENT_BYTES_MAX {
                    return Err(EventTooLong);
                }
                self.line.push(byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            events.extend(self.line_end(&line));
        }
        Ok(events)
    }

    /// The stream is over: what stands unfinished counts as a last event, as some endpoints leave out the blank line.
    pub(super) fn finish(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        self.line_end(&line).or_else(|| self.line_end(b""))
    }

    fn line_end(&mut self, line: &[u8]) -> Option<String> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return std::mem::take(&mut self.has_data).then(|| std::mem::take(&mut self.data));
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            if self.has_data {
                self.data.push('\n');
            }
            self.has_data = true;
            self.data.push_str(&String::from_utf8_lossy(data.strip_prefix(b" ").unwrap_or(data)));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let stream = ": hello\r\n\r\ndata: {\"é\":1}\r\n\r\nevent: x\ndata:a\ndata: b\n\ndata: [DONE]\n\n".as_bytes();
        for size in 1..stream.len() {
            let mut decoder = SseDecoder::default();
            let events: Vec<String> = stream.chunks(size).flat_map(|chunk| decoder.feed(chunk).unwrap()).collect();
            assert_eq!(events, ["{\"é\":1}", "a\nb", "[DONE]"], "pieces of {size}");
        }
    }

    #[test]
    fn a_last_event_without_its_blank_line_counts() {
        let mut decoder = SseDecoder::default();
        assert!(decoder.feed(b"data: x").unwrap().is_empty());
        assert_eq!(decoder.finish().as_deref(), Some("x"));
        assert_eq!(decoder.finish(), None);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut decoder = SseDecoder::default();
        assert_eq!(decoder.feed(&vec![b'x'; EVENT_BYTES_MAX + 1]), Err(EventTooLong));
    }
}
