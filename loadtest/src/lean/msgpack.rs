//! Looks at a batch in MessagePack without decoding it: of each message only what a measurement needs.

/// What is looked at of one message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Its `t`.
    pub t: &'a [u8],
    /// Its `seq`.
    pub seq: Option<u64>,
    /// Its `at`.
    pub at: &'a [u8],
    /// `n` of its data.
    pub n: Option<u64>,
    /// `at_us` of its data.
    pub at_us: Option<u64>,
    /// Its `code` and `message`: of a refusal.
    pub message: &'a [u8],
}

struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Option<usize> {
        usize::try_from(self.number(bytes)?).ok()
    }

    fn array(&mut self) -> Option<usize> {
        match self.byte()? {
            head @ 0x90..=0x9f => Some(usize::from(head & 0x0f)),
            0xdc => self.length(2),
            0xdd => self.length(4),
            _ => None,
        }
    }

    fn map(&mut self) -> Option<usize> {
        match self.byte()? {
            head @ 0x80..=0x8f => Some(usize::from(head & 0x0f)),
            0xde => self.length(2),
            0xdf => self.length(4),
            _ => None,
        }
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            head @ 0xa0..=0xbf => usize::from(head & 0x1f),
            0xd9 => self.length(1)?,
            0xda => self.length(2)?,
            0xdb => self.length(4)?,
            _ => return None,
        };
        self.take(length)
    }

    fn unsigned(&mut self) -> Option<u64> {
        match self.byte()? {
            small @ 0x00..=0x7f => Some(u64::from(small)),
            0xcc => self.number(1),
            0xcd => self.number(2),
            0xce => self.number(4),
            0xcf => self.number(8),
            _ => None,
        }
    }

    /// Over one value, whatever it is.
    fn skip(&mut self) -> Option<()> {
        let mut open = 1_usize;
        while open > 0 {
            open -= 1;
            let head = self.byte()?;
            let bytes = match head {
                0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => 0,
                0x80..=0x8f => {
                    open += usize::from(head & 0x0f) * 2;
                    0
                }
                0x90..=0x9f => {
                    open += usize::from(head & 0x0f);
                    0
                }
                0xa0..=0xbf => usize::from(head & 0x1f),
                0xcc | 0xd0 => 1,
                0xcd | 0xd1 => 2,
                0xca | 0xce | 0xd2 => 4,
                0xcb | 0xcf | 0xd3 => 8,
                0xc4 | 0xd9 => self.length(1)?,
                0xc5 | 0xda => self.length(2)?,
                0xc6 | 0xdb => self.length(4)?,
                0xdc => {
                    open += self.length(2)?;
                    0
                }
                0xdd => {
                    open += self.length(4)?;
                    0
                }
                0xde => {
                    open += self.length(2)? * 2;
                    0
                }
                0xdf => {
                    open += self.length(4)? * 2;
                    0
                }
                _ => return None,
            };
            self.take(bytes)?;
        }
        Some(())
    }

    fn message(&mut self) -> Option<Seen<'a>> {
        let mut seen = Seen::default();
        for _ in 0..self.map()? {
            match self.text()? {
                b"t" => seen.t = self.text()?,
                b"seq" => seen.seq = Some(self.unsigned()?),
                b"at" => seen.at = self.text()?,
                b"message" => seen.message = self.text()?,
                b"data" => self.data(&mut seen)?,
                _ => self.skip()?,
            }
        }
        Some(seen)
    }

    fn data(&mut self, seen: &mut Seen<'a>) -> Option<()> {
        if !matches!(self.0.first()?, 0x80..=0x8f | 0xde | 0xdf) {
            return self.skip();
        }
        for _ in 0..self.map()? {
            match self.text()? {
                b"n" => seen.n = Some(self.unsigned()?),
                b"at_us" => seen.at_us = Some(self.unsigned()?),
                _ => self.skip()?,
            }
        }
        Some(())
    }
}

/// Goes through a batch. `None`: it is none.
pub fn batch<'a>(bytes: &'a [u8], mut each: impl FnMut(Seen<'a>)) -> Option<()> {
    let mut walk = Walk(bytes);
    for _ in 0..walk.array()? {
        each(walk.message()?);
    }
    walk.0.is_empty().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use estafette_protocol::Codec;
    use serde_json::json;

    #[test]
    fn what_is_looked_at_is_what_a_decoder_finds() {
        let long = "x".repeat(70_000);
        let messages = vec![
            json!({"t": "live", "topic": "task:1", "key": "load-3", "kind": "test.live", "at": "2026-11-21T05:16:15.123Z",
                "data": {"at_us": 1_763_702_000_000_001_u64, "n": 7, "text": long, "deep": [{"a": [1.5, -3, null, true]}]}}),
            json!({"t": "ev", "topic": "task:1", "seq": 300, "kind": "k", "at": "now", "data": null}),
            json!({"t": "mark", "heads": {"task:1": 300}}),
        ];
        let bytes = Codec::MsgPack.encode_batch(&messages).unwrap();
        let mut seen = Vec::new();
        batch(&bytes, |one| seen.push(one)).unwrap();
        assert_eq!((seen[0].t, seen[0].n), (&b"live"[..], Some(7)));
        assert_eq!((seen[0].at_us, seen[0].at), (Some(1_763_702_000_000_001), &b"2026-11-21T05:16:15.123Z"[..]));
        assert_eq!((seen[1].t, seen[1].seq, seen[1].n), (&b"ev"[..], Some(300), None));
        assert_eq!(seen[2].t, b"mark");
        for end in 0..bytes.len() {
            assert_eq!(batch(&bytes[..end], |_| {}), None, "cut at {end}");
        }
    }
}
