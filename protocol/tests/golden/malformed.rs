//! Bytes that a server refuses, each with the class of its error.

use estafette_protocol::Codec::{self, Json, MsgPack};

type Case = (&'static str, &'static str, Codec, Vec<u8>, &'static str);

fn json(name: &'static str, description: &'static str, text: &str, error: &'static str) -> Case {
    (name, description, Json, text.as_bytes().to_vec(), error)
}

fn msgpack(name: &'static str, description: &'static str, bytes: &[u8], error: &'static str) -> Case {
    (name, description, MsgPack, bytes.to_vec(), error)
}

/// `[{"t":"ping","id":…}]` in MessagePack, with other bytes in the place of the id.
fn ping_with(id: &[u8]) -> Vec<u8> {
    [b"\x91\x82\xa1t\xa4ping\xa2id", id].concat()
}

fn nested(open: &[u8], core: &[u8], times: usize, close: &[u8]) -> Vec<u8> {
    [open.repeat(times), core.to_vec(), close.repeat(times)].concat()
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        json("json-empty", "Nothing at all.", "", "malformed"),
        json("json-blank", "Only blanks.", " \n", "malformed"),
        json("json-not-json", "Not JSON.", "hello", "malformed"),
        json("json-truncated", "Cut in the middle.", r#"[{"t":"pi"#, "malformed"),
        json("json-trailing", "Something after the batch.", r#"[{"t":"ping","id":1}] x"#, "malformed"),
        json(
            "json-two-batches",
            "Two batches in one frame.",
            r#"[{"t":"ping","id":1}][{"t":"ping","id":2}]"#,
            "malformed",
        ),
        json("json-trailing-comma", "A comma too much.", r#"[{"t":"ping","id":1},]"#, "malformed"),
        json("json-nan", "Not a number.", r#"[{"t":"ping","id":NaN}]"#, "malformed"),
        json("json-infinite", "A number beyond every number.", r#"[{"t":"ping","id":1e999}]"#, "malformed"),
        json("json-key-twice", "One key twice.", r#"[{"t":"ping","id":1,"id":2}]"#, "malformed"),
        json("json-lone-surrogate", "Half a character.", r#"[{"t":"ping","id":1,"x":"\ud800"}]"#, "malformed"),
        json(
            "json-control-character",
            "A control character that is not escaped.",
            "[{\"t\":\"ping\",\"id\":1,\"x\":\"\u{1}\"}]",
            "malformed",
        ),
        json("json-single-message", "A message without its batch.", r#"{"t":"ping","id":1}"#, "not_a_batch"),
        json("json-text", "A text.", r#""ping""#, "not_a_batch"),
        json("json-null", "Null.", "null", "not_a_batch"),
        json("json-empty-batch", "A batch without messages.", "[]", "batch_length"),
        json("json-message-is-number", "A message that is no map.", "[1]", "bad_message"),
        json("json-message-is-batch", "A batch in a batch.", r#"[[{"t":"ping","id":1}]]"#, "bad_message"),
        json("json-no-t", "A message without `t`.", r#"[{"id":3}]"#, "bad_message"),
        json("json-t-number", "A `t` that is no text.", r#"[{"t":1,"id":3}]"#, "bad_message"),
        json(
            "json-unknown-t",
            "A message that this version does not know.",
            r#"[{"t":"subscribe","id":3}]"#,
            "bad_message",
        ),
        json(
            "json-unknown-t-no-id",
            "The same without a number to answer to.",
            r#"[{"t":"subscribe"}]"#,
            "bad_message",
        ),
        json("json-server-message", "A message that only servers send.", r#"[{"t":"pong","id":3}]"#, "bad_message"),
        json("json-id-missing", "A request without number.", r#"[{"t":"ping"}]"#, "bad_message"),
        json("json-id-negative", "A negative number.", r#"[{"t":"ping","id":-1}]"#, "bad_message"),
        json("json-id-fraction", "A number that is not whole.", r#"[{"t":"ping","id":1.5}]"#, "bad_message"),
        json("json-id-float", "A whole number written as a fraction.", r#"[{"t":"ping","id":1.0}]"#, "bad_message"),
        json("json-id-too-large", "2^32.", r#"[{"t":"ping","id":4294967296}]"#, "bad_message"),
        json("json-id-text", "A number as text.", r#"[{"t":"ping","id":"1"}]"#, "bad_message"),
        json("json-hello-no-token", "No token.", r#"[{"t":"hello","device":"d"}]"#, "bad_message"),
        json(
            "json-hello-bad-device",
            "A device with a blank.",
            r#"[{"t":"hello","token":"x","device":"my phone"}]"#,
            "bad_message",
        ),
        json(
            "json-hello-client-lines",
            "A name that would forge lines in a log.",
            r#"[{"t":"hello","token":"x","device":"d","client":"a\nb"}]"#,
            "bad_message",
        ),
        json("json-sub-no-topic", "No topic.", r#"[{"t":"sub","id":1}]"#, "bad_message"),
        json("json-sub-bad-topic", "Not a topic.", r#"[{"t":"sub","id":1,"topic":"Task:1"}]"#, "bad_message"),
        json("json-sub-wildcard", "There are no wildcards.", r#"[{"t":"sub","id":1,"topic":"task:*"}]"#, "bad_message"),
        json(
            "json-sub-since-number",
            "A position is two numbers.",
            r#"[{"t":"sub","id":1,"topic":"app","since":4}]"#,
            "bad_message",
        ),
        json(
            "json-sub-since-array",
            "A position is a map.",
            r#"[{"t":"sub","id":1,"topic":"app","since":[1,2]}]"#,
            "bad_message",
        ),
        json(
            "json-sub-since-no-epoch",
            "A position without its epoch.",
            r#"[{"t":"sub","id":1,"topic":"app","since":{"seq":1}}]"#,
            "bad_message",
        ),
        json(
            "json-sub-since-too-large",
            "2^53.",
            r#"[{"t":"sub","id":1,"topic":"app","since":{"epoch":1,"seq":9007199254740992}}]"#,
            "bad_message",
        ),
        json(
            "json-sub-since-negative",
            "Before the beginning.",
            r#"[{"t":"sub","id":1,"topic":"app","since":{"epoch":1,"seq":-1}}]"#,
            "bad_message",
        ),
        json("json-call-no-method", "No method.", r#"[{"t":"call","id":1,"params":{}}]"#, "bad_message"),
        json(
            "json-call-empty-method",
            "An empty method.",
            r#"[{"t":"call","id":1,"method":"","params":{}}]"#,
            "bad_message",
        ),
        json(
            "json-call-params-array",
            "Parameters that are no map.",
            r#"[{"t":"call","id":1,"method":"m","params":[1]}]"#,
            "bad_message",
        ),
        json(
            "json-call-empty-key",
            "An empty idempotency key.",
            r#"[{"t":"call","id":1,"method":"m","key":""}]"#,
            "bad_message",
        ),
        json(
            "json-call-nul",
            "A character that the database cannot keep.",
            r#"[{"t":"call","id":1,"method":"m","params":{"a":["x\u0000"]}}]"#,
            "bad_message",
        ),
        msgpack("msgpack-empty", "Nothing at all.", b"", "malformed"),
        msgpack("msgpack-reserved", "The byte that MessagePack never uses.", b"\x91\xc1", "malformed"),
        msgpack("msgpack-truncated", "Cut in the middle.", b"\x91\x82\xa1t\xa4pi", "malformed"),
        msgpack("msgpack-trailing", "A byte after the batch.", &[ping_with(b"\x01"), vec![0xc0]].concat(), "malformed"),
        msgpack("msgpack-array-bomb", "An array that declares 2^32 - 1 items.", b"\xdd\xff\xff\xff\xff", "malformed"),
        msgpack(
            "msgpack-array-bomb-inside",
            "The same inside a message.",
            &ping_with(b"\xdd\xff\xff\xff\xff\xc0"),
            "malformed",
        ),
        msgpack("msgpack-map-bomb", "A map that declares 2^32 - 1 entries.", b"\x91\xdf\xff\xff\xff\xff", "malformed"),
        msgpack("msgpack-text-bomb", "A text that declares 2^32 - 1 bytes.", b"\x91\xdb\xff\xff\xff\xffx", "malformed"),
        msgpack(
            "msgpack-binary-bomb",
            "A binary value that declares 2^32 - 1 bytes.",
            b"\x91\xc6\xff\xff\xff\xffx",
            "malformed",
        ),
        msgpack(
            "msgpack-ext-bomb",
            "An extension that declares 2^32 - 1 bytes.",
            b"\x91\xc9\xff\xff\xff\xff\x01",
            "malformed",
        ),
        msgpack("msgpack-binary", "A binary value: there is none in JSON.", &ping_with(b"\xc4\x01x"), "malformed"),
        msgpack("msgpack-ext", "An extension.", &ping_with(b"\xd4\x01x"), "malformed"),
        msgpack(
            "msgpack-timestamp",
            "The timestamp extension: instants are texts.",
            &ping_with(b"\xd6\xff\x00\x00\x00\x00"),
            "malformed",
        ),
        msgpack("msgpack-nan", "Not a number.", &ping_with(b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), "malformed"),
        msgpack("msgpack-infinite", "Infinity, as a short float.", &ping_with(b"\xca\x7f\x80\x00\x00"), "malformed"),
        msgpack("msgpack-invalid-utf8", "A text that is not UTF-8.", &ping_with(b"\xa2\xff\xfe"), "malformed"),
        msgpack("msgpack-invalid-utf8-key", "A key that is not UTF-8.", b"\x91\x81\xa2\xff\xfe\x01", "malformed"),
        msgpack("msgpack-integer-key", "A map with a number as key.", b"\x91\x81\x01\x01", "malformed"),
        msgpack(
            "msgpack-binary-key",
            "A map with a binary value as key.",
            b"\x91\x82\xc4\x01t\xa4ping\xa2id\x01",
            "malformed",
        ),
        msgpack("msgpack-nil-key", "A map with nil as key.", b"\x91\x81\xc0\x01", "malformed"),
        msgpack("msgpack-key-twice", "One key twice.", b"\x91\x83\xa1t\xa4ping\xa2id\x01\xa2id\x02", "malformed"),
        msgpack(
            "msgpack-single-message",
            "A message without its batch.",
            b"\x82\xa1t\xa4ping\xa2id\x01",
            "not_a_batch",
        ),
        msgpack(
            "msgpack-json-text",
            "A JSON text frame's bytes: its first byte is the number 91.",
            b"[{}]",
            "malformed",
        ),
        msgpack("msgpack-number", "A number.", b"\x07", "not_a_batch"),
        msgpack("msgpack-empty-batch", "A batch without messages.", b"\x90", "batch_length"),
        msgpack(
            "msgpack-id-min",
            "The smallest number there is.",
            &ping_with(b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00"),
            "bad_message",
        ),
        msgpack(
            "msgpack-id-max",
            "The largest number there is.",
            &ping_with(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
            "bad_message",
        ),
        msgpack(
            "msgpack-id-float",
            "A whole number as a float.",
            &ping_with(b"\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"),
            "bad_message",
        ),
    ];
    // The batch is the first level; 33 levels are one too many.
    cases.push(("json-too-deep", "Arrays nested 33 deep.", Json, nested(b"[", b"", 33, b"]"), "malformed"));
    cases.push(("msgpack-too-deep", "Arrays nested 33 deep.", MsgPack, nested(b"\x91", b"\x90", 32, b""), "malformed"));
    cases.push((
        "msgpack-maps-too-deep",
        "Maps nested until the last, empty one is the 33rd level.",
        MsgPack,
        [b"\x91".to_vec(), nested(b"\x81\xa1x", b"\x80", 31, b"")].concat(),
        "malformed",
    ));
    cases.push((
        "json-batch-too-long",
        "65 messages.",
        Json,
        format!("[{}]", vec![r#"{"t":"ping","id":1}"#; 65].join(",")).into_bytes(),
        "batch_length",
    ));
    cases
}
