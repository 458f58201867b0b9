//! Sections 9 and 10: large messages, in one frame, in fragments and in chops; a thousand round trips.

use super::case::{Case, Step};
use crate::support::wire::{Event, Frame};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;
const TEXT: &[u8] = b"BAsd7&jh23";
const BINARY: &[u8] = b"\x00\xfe\x23\xfa\xf0";

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (n, length) in (1..).zip([64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB]) {
        cases.push(whole(format!("9.1.{n}"), 1, repeated(TEXT, length), None));
        cases.push(whole(format!("9.2.{n}"), 2, repeated(BINARY, length), None));
    }
    for (n, size) in (1..).zip((0..9).map(|power| 64 << (2 * power))) {
        cases.push(fragmented(format!("9.3.{n}"), 1, vec![b'*'; 4 * MIB], size));
        let byte = if n == 1 { 0xfe } else { b'*' };
        cases.push(fragmented(format!("9.4.{n}"), 2, vec![byte; 4 * MIB], size));
    }
    for (n, chop) in (1..).zip([64, 128, 256, 512, 1024, 2048]) {
        cases.push(whole(format!("9.5.{n}"), 1, repeated(TEXT, MIB), Some(chop)));
        cases.push(whole(format!("9.6.{n}"), 2, repeated(BINARY, MIB), Some(chop)));
    }
    for (n, length) in (1..).zip([0, 16, 64, 256, 1024, 4096]) {
        for (section, opcode, byte) in [("9.7", 1, b'*'), ("9.8", 2, 0xfe)] {
            let payload = vec![byte; length];
            let step = Step::RoundTrips(Frame::new(opcode, &payload), back(opcode, payload), 1000);
            cases.push(Case::new(format!("{section}.{n}")).step(step));
        }
    }
    // 10.1.1: 65,536 bytes in fragments of 1,300.
    cases.push(fragmented("10.1.1".to_owned(), 1, vec![b'*'; 65_536], 1_300));
    cases
}

fn repeated(pattern: &[u8], length: usize) -> Vec<u8> {
    pattern.iter().copied().cycle().take(length).collect()
}

fn back(opcode: u8, payload: Vec<u8>) -> Event {
    if opcode == 1 { Event::Text(payload) } else { Event::Binary(payload) }
}

fn whole(id: String, opcode: u8, payload: Vec<u8>, chop: Option<usize>) -> Case {
    let frame = Frame::new(opcode, &payload);
    Case::new(id).send_chopped(&[frame], chop.unwrap_or(payload.len() + 14)).expect(back(opcode, payload))
}

fn fragmented(id: String, opcode: u8, payload: Vec<u8>, size: usize) -> Case {
    let count = payload.chunks(size).len();
    let frames: Vec<Frame> = payload
        .chunks(size)
        .enumerate()
        .map(|(n, part)| {
            let frame = Frame::new(if n == 0 { opcode } else { 0 }, part);
            if n + 1 == count { frame } else { frame.more() }
        })
        .collect();
    Case::new(id).send(&frames).expect(back(opcode, payload))
}
