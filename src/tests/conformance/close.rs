//! Section 7: the closing handshake.

use super::case::Case;
use crate::support::wire::Frame;

/// 7.7: codes that may be sent.
const GOOD: [u16; 13] = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
/// 7.9: codes that may not.
const BAD: [u16; 9] = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
/// So many codes drawn from all there are, beyond the public cases.
const DRAWN: u16 = 97;

pub fn cases() -> Vec<Case> {
    let normal = || Frame::close(1000, "");
    let hello = || Frame::text("Hello World!");
    let not_utf8 = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
    let mut cases = vec![
        Case::new("7.1.1").send(&[hello()]).text("Hello World!"),
        Case::new("7.1.2").send(&[normal(), Frame::new(8, "")]).answers(&[1000]),
        Case::new("7.1.3").send(&[normal(), Frame::ping("")]).answers(&[1000]),
        Case::new("7.1.4").send(&[normal(), hello()]).answers(&[1000]),
        Case::new("7.1.5")
            .send(&[Frame::text("fragment1").more(), normal(), Frame::new(0, "fragment2")])
            .answers(&[1000]),
        Case::new("7.1.6")
            .send(&[Frame::text("BAsd7&jh23".repeat(26_215)), hello(), normal(), Frame::ping("")])
            .anything(),
        Case::new("7.3.1").send(&[Frame::new(8, "")]).answers(&[1000]),
        Case::new("7.3.2").send(&[Frame::new(8, "a")]).answers(&[1002]),
        Case::new("7.3.3").send(&[normal()]).answers(&[1000]),
        Case::new("7.3.4").send(&[Frame::close(1000, "Hello World!")]).answers(&[1000]),
        Case::new("7.3.5").send(&[Frame::close(1000, "*".repeat(123))]).answers(&[1000]),
        Case::new("7.3.6").send(&[Frame::close(1000, "*".repeat(124))]).answers(&[1002]),
        Case::new("7.5.1").send(&[Frame::close(1000, not_utf8)]).answers(&[1007]),
        Case::new("7.13.1").send(&[Frame::close(5000, "")]).anything(),
        Case::new("7.13.2").send(&[Frame::close(65_535, "")]).anything(),
    ];
    for (n, code) in GOOD.into_iter().enumerate() {
        cases.push(Case::new(format!("7.7.{}", n + 1)).send(&[Frame::close(code, "")]).answers(&[1000, code]));
    }
    for (n, code) in BAD.into_iter().enumerate() {
        cases.push(Case::new(format!("7.9.{}", n + 1)).send(&[Frame::close(code, "")]).answers(&[1002]));
    }
    cases
}

/// Codes all over the range, each with the answer that the RFC's table asks for.
pub fn drawn() -> Vec<Case> {
    (0..DRAWN)
        .map(|n| {
            let code = n.wrapping_mul(9_973).wrapping_add(n % 7) % 5_200;
            let good = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            let answer = if good { code } else { 1002 };
            Case::new(format!("drawn.{code}")).send(&[Frame::close(code, "why")]).answers(&[answer])
        })
        .collect()
}
