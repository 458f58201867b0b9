//! Section 6: UTF-8, with Markus Kuhn's stress test.

use super::case::{Case, Step};
use crate::support::wire::Frame;

const KOSME: &[u8] = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
const MIXED: &str = "Hello-µ@ßöäüàá-UTF-8!!";

pub fn cases() -> Vec<Case> {
    let mut cases = [fragments(), invalid(), fail_fast()].concat();
    for (section, sequences) in (5..).zip(sequences()) {
        for (n, (valid, sequence)) in sequences.into_iter().enumerate() {
            let case = Case::new(format!("6.{section}.{}", n + 1)).send(&[Frame::text(&sequence)]);
            cases.push(if valid { case.text(&sequence) } else { case.fails(1007) });
        }
    }
    cases
}

/// A message of which each byte is a fragment.
fn bytewise(payload: &[u8]) -> Vec<Frame> {
    let last = payload.len() - 1;
    (0..=last)
        .map(|n| {
            let frame = Frame::new(u8::from(n == 0), [payload[n]]);
            if n == last { frame } else { frame.more() }
        })
        .collect()
}

/// 6.1 and 6.2.
fn fragments() -> Vec<Case> {
    let around = |middle: &str| [Frame::text("").more(), Frame::new(0, middle).more(), Frame::new(0, "")];
    let (head, tail) = MIXED.split_at("Hello-µ@ßöä".len());
    vec![
        Case::new("6.1.1").send(&[Frame::text("")]).text(""),
        Case::new("6.1.2").send(&around("")).text(""),
        Case::new("6.1.3").send(&around("middle frame payload")).text("middle frame payload"),
        Case::new("6.2.1").send(&[Frame::text(MIXED)]).text(MIXED),
        Case::new("6.2.2").send(&[Frame::text(head).more(), Frame::new(0, tail)]).text(MIXED),
        Case::new("6.2.3").send(&bytewise(MIXED.as_bytes())).text(MIXED),
        Case::new("6.2.4").send(&bytewise(KOSME)).text(KOSME),
    ]
}

/// 6.3: a surrogate in the middle.
fn invalid() -> Vec<Case> {
    let payload = [KOSME, b"\xed\xa0\x80", b"edited"].concat();
    vec![
        Case::new("6.3.1").send(&[Frame::text(&payload)]).fails(1007),
        Case::new("6.3.2").send(&bytewise(&payload)).fails(1007),
    ]
}

/// 6.4: it fails with the part that spoils the text; the rest is never sent. In 6.4.2 and 6.4.4 that is one byte.
fn fail_fast() -> Vec<Case> {
    let payload = [KOSME, b"\xf4\x90\x80\x80", b"edited"].concat();
    let mut cases = Vec::new();
    for (n, (good, bad)) in [(KOSME.len(), 4), (12, 1)].into_iter().enumerate() {
        let (first, second) = (&payload[..good], &payload[good..good + bad]);
        let fragments = Case::new(format!("6.4.{}", n + 1)).send(&[Frame::text(first).more()]).step(Step::Quiet);
        cases.push(fragments.send(&[Frame::new(0, second).more()]).fails(1007));
        let (head, masked) = Frame::text(&payload).parts();
        let pieces = Case::new(format!("6.4.{}", n + 3)).send_bytes([&head, &masked[..good]].concat());
        cases.push(pieces.step(Step::Quiet).send_bytes(masked[good..good + bad].to_vec()).fails(1007));
    }
    cases
}

/// 6.5 to 6.23: each sequence, and whether it is valid.
fn sequences() -> Vec<Vec<(bool, Vec<u8>)>> {
    let of = |valid: bool, list: &[&[u8]]| list.iter().map(|bytes| (valid, bytes.to_vec())).collect::<Vec<_>>();
    let both = |first: Vec<(bool, Vec<u8>)>, second: Vec<(bool, Vec<u8>)>| [first, second].concat();
    let unfinished: &[&[u8]] = &[
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xfb\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf",
    ];
    let lonely = [(0xc0, 0xdf), (0xe0, 0xef), (0xf0, 0xf7), (0xf8, 0xfb), (0xfc, 0xfd)]
        .map(|(from, to): (u8, u8)| (false, (from..to).flat_map(|byte| [byte, b' ']).collect::<Vec<u8>>()));
    let continuations: Vec<u8> = (0x80..0xbf).collect();
    vec![
        // 6.5 some valid sequences
        of(
            true,
            &[
                b"hello\x24world",
                b"hello\xc2\xa2world",
                b"hello\xe2\x82\xacworld",
                b"hello\xf0\xa4\xad\xa2world",
                KOSME,
            ],
        ),
        // 6.6 all prefixes of a text
        (1..=KOSME.len()).map(|n| (std::str::from_utf8(&KOSME[..n]).is_ok(), KOSME[..n].to_vec())).collect(),
        // 6.7 the first possible sequence of a length, 6.8 of 5 and 6 bytes
        of(true, &[b"\0", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
        of(false, &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        // 6.9 the last possible sequence of a length, 6.10 of 4, 5 and 6 bytes
        of(true, &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
        of(false, &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
        // 6.11 other boundaries
        both(
            of(true, &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"]),
            of(false, &[b"\xf4\x90\x80\x80"]),
        ),
        // 6.12 unexpected continuation bytes
        of(
            false,
            &[
                b"\x80",
                b"\xbf",
                b"\x80\xbf",
                b"\x80\xbf\x80",
                b"\x80\xbf\x80\xbf",
                b"\x80\xbf\x80\xbf\x80",
                b"\x80\xbf\x80\xbf\x80\xbf",
                &continuations,
            ],
        ),
        // 6.13 lonely start characters
        lonely.to_vec(),
        // 6.14 sequences whose last byte is missing, 6.15 all of them together
        of(false, unfinished),
        vec![(false, unfinished.concat())],
        // 6.16 impossible bytes
        of(false, &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        // 6.17 an overlong ASCII character, 6.18 maximum overlong sequences, 6.19 overlong NUL
        of(
            false,
            &[b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf"],
        ),
        of(
            false,
            &[b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf\xbf"],
        ),
        of(
            false,
            &[b"\xc0\x80", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"],
        ),
        // 6.20 single surrogates, 6.21 paired surrogates
        of(
            false,
            &[
                b"\xed\xa0\x80",
                b"\xed\xad\xbf",
                b"\xed\xae\x80",
                b"\xed\xaf\xbf",
                b"\xed\xb0\x80",
                b"\xed\xbe\x80",
                b"\xed\xbf\xbf",
            ],
        ),
        [b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf"]
            .iter()
            .flat_map(|high| [b"\xed\xb0\x80", b"\xed\xbf\xbf"].map(|low| (false, [&high[..], low].concat())))
            .collect(),
        // 6.22 non-characters (valid), 6.23 specials
        noncharacters(),
        (0xb9..=0xbf).map(|last| (true, vec![0xef, 0xbf, last])).collect(),
    ]
}

fn noncharacters() -> Vec<(bool, Vec<u8>)> {
    let mut list = vec![(true, b"\xef\xbf\xbe".to_vec()), (true, b"\xef\xbf\xbf".to_vec())];
    for plane in 1..=16_u32 {
        for last in [0xfffe, 0xffff] {
            let character = char::from_u32(plane << 16 | last).unwrap();
            list.push((true, character.to_string().into_bytes()));
        }
    }
    list
}
