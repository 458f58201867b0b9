//! Sections 1 to 5: framing, pings and pongs, reserved bits, opcodes, fragments.

use super::case::{Case, Step};
use crate::support::wire::Frame;

const HELLO: &str = "Hello, world!";
const BINARY: &[u8] = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";

pub fn cases() -> Vec<Case> {
    [framing(), pings(), reserved_bits(), opcodes(), fragments(), interleaved()].concat()
}

/// 1.1 and 1.2: lengths around the three forms of a length.
fn framing() -> Vec<Case> {
    let mut cases = Vec::new();
    for (n, (length, chop)) in [
        (0, None),
        (125, None),
        (126, None),
        (127, None),
        (128, None),
        (65_535, None),
        (65_536, None),
        (65_536, Some(997)),
    ]
    .into_iter()
    .enumerate()
    {
        let (text, binary) = (vec![b'*'; length], vec![0xfe; length]);
        let chop = chop.unwrap_or(length + 14);
        cases.push(Case::new(format!("1.1.{}", n + 1)).send_chopped(&[Frame::text(&text)], chop).text(&text));
        cases.push(Case::new(format!("1.2.{}", n + 1)).send_chopped(&[Frame::new(2, &binary)], chop).binary(&binary));
    }
    cases
}

fn pings() -> Vec<Case> {
    let ten: Vec<Frame> = (0..10).map(|n| Frame::ping(format!("payload-{n}"))).collect();
    let tenfold = |case: Case| (0..10).fold(case, |case, n| case.pong(format!("payload-{n}")));
    let long = vec![0xfe; 125];
    let unasked = Frame::new(10, "unsolicited pong payload");
    vec![
        Case::new("2.1").send(&[Frame::ping("")]).pong(""),
        Case::new("2.2").send(&[Frame::ping(HELLO)]).pong(HELLO),
        Case::new("2.3").send(&[Frame::ping(BINARY)]).pong(BINARY),
        Case::new("2.4").send(&[Frame::ping(&long)]).pong(&long),
        Case::new("2.5").send(&[Frame::ping(vec![0xfe; 126])]).fails(1002),
        Case::new("2.6").send_chopped(&[Frame::ping(&long)], 1).pong(&long),
        Case::new("2.7").send(&[Frame::new(10, "")]),
        Case::new("2.8").send(std::slice::from_ref(&unasked)),
        Case::new("2.9").send(&[unasked, Frame::ping("ping payload")]).pong("ping payload"),
        tenfold(Case::new("2.10").send_each(&ten)),
        tenfold(Case::new("2.11").send_chopped(&ten, 1)),
    ]
}

fn reserved_bits() -> Vec<Case> {
    let good = || Frame::text(HELLO);
    let then = |rsv| [good(), good().rsv(rsv), Frame::ping("")];
    vec![
        Case::new("3.1").send(&[good().rsv(1)]).fails(1002),
        Case::new("3.2").send(&then(2)).text(HELLO).fails(1002),
        Case::new("3.3").send_each(&then(3)).text(HELLO).fails(1002),
        Case::new("3.4").send_chopped(&then(4), 1).text(HELLO).fails(1002),
        Case::new("3.5").send(&[Frame::new(2, BINARY).rsv(5)]).fails(1002),
        Case::new("3.6").send(&[Frame::new(2, HELLO).rsv(6)]).fails(1002),
        Case::new("3.7").send(&[Frame::new(8, "").rsv(7)]).fails(1002),
    ]
}

/// 4.1: reserved data opcodes (3 to 7). 4.2: reserved control opcodes (11 to 15).
fn opcodes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (section, first) in [("4.1", 3), ("4.2", 11)] {
        let after = |opcode, payload: &str| [Frame::text(HELLO), Frame::new(opcode, payload), Frame::ping("")];
        let case = |n: u8| Case::new(format!("{section}.{n}")).fails(1002);
        cases.push(case(1).send(&[Frame::new(first, "")]));
        cases.push(case(2).send(&[Frame::new(first + 1, "reserved opcode payload")]));
        cases.push(case(3).send(&after(first + 2, "")).text(HELLO));
        cases.push(case(4).send(&after(first + 3, HELLO)).text(HELLO));
        cases.push(case(5).send_chopped(&after(first + 4, HELLO), 1).text(HELLO));
    }
    cases
}

/// 5, all but 5.19 and 5.20.
fn fragments() -> Vec<Case> {
    let two = || [Frame::text("fragment1").more(), Frame::new(0, "fragment2")];
    let with_ping = || {
        let [first, second] = two();
        [first, Frame::ping("ping payload"), second]
    };
    let whole = "fragment1fragment2";
    let nothing_to_continue = Frame::new(0, "non-continuation payload");
    let last = [nothing_to_continue.clone(), Frame::text(HELLO)];
    let more = [nothing_to_continue.more(), Frame::text(HELLO)];
    let twice = |first: Frame| {
        let once = [first, Frame::text("fragment2").more(), Frame::new(0, "fragment3")];
        [once.clone(), once].concat()
    };
    let control = |opcode| [Frame::new(opcode, "fragment1").more(), Frame::new(0, "fragment2")];
    let ([first, second], fragment1) = (two(), Frame::new(0, "fragment1"));
    vec![
        Case::new("5.1").send(&control(9)).fails(1002),
        Case::new("5.2").send(&control(10)).fails(1002),
        Case::new("5.3").send(&two()).text(whole),
        Case::new("5.4").send_each(&two()).text(whole),
        Case::new("5.5").send_chopped(&two(), 1).text(whole),
        Case::new("5.6").send(&with_ping()).pong("ping payload").text(whole),
        Case::new("5.7").send_each(&with_ping()).pong("ping payload").text(whole),
        Case::new("5.8").send_chopped(&with_ping(), 1).pong("ping payload").text(whole),
        Case::new("5.9").send(&last).fails(1002),
        Case::new("5.10").send_each(&last).fails(1002),
        Case::new("5.11").send_chopped(&last, 1).fails(1002),
        Case::new("5.12").send(&more).fails(1002),
        Case::new("5.13").send_each(&more).fails(1002),
        Case::new("5.14").send_chopped(&more, 1).fails(1002),
        Case::new("5.15")
            .send(&[first.clone(), second, Frame::new(0, "fragment3").more(), Frame::text("fragment4")])
            .text(whole)
            .fails(1002),
        Case::new("5.16").send(&twice(fragment1.clone().more())).fails(1002),
        Case::new("5.17").send(&twice(fragment1)).fails(1002),
        Case::new("5.18").send(&[first, Frame::text("fragment2")]).fails(1002),
    ]
}

/// 5.19 and 5.20: each ping is answered before the message around it is whole.
fn interleaved() -> Vec<Case> {
    let part = |n: u8| Frame::new(0, format!("fragment{n}"));
    let begin = [Frame::text("fragment1").more(), part(2).more(), Frame::ping("pongme 1!")];
    let rest = [part(3).more(), part(4).more(), Frame::ping("pongme 2!"), part(5)];
    let expect =
        |case: Case| case.pong("pongme 1!").pong("pongme 2!").text("fragment1fragment2fragment3fragment4fragment5");
    vec![
        expect(Case::new("5.19").send(&begin).step(Step::Hear).send(&rest)),
        expect(Case::new("5.20").send_each(&begin).step(Step::Hear).send_each(&rest)),
    ]
}
