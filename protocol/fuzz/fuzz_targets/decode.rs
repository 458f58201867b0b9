//! Whatever bytes arrive: a batch within the bounds or a typed error, and what is a message stays the same message when
//! it is written and read again.
#![no_main]

use estafette_protocol::limits::MAX_BATCH_LEN;
use estafette_protocol::{ClientMessage, Codec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|frame: &[u8]| {
    for codec in Codec::ALL {
        if let Ok(batch) = codec.decode_batch(frame) {
            assert!((1..=MAX_BATCH_LEN).contains(&batch.len()));
            for value in batch {
                if let Ok(message) = ClientMessage::from_value(value) {
                    again(codec, &message);
                }
            }
        }
        if let Ok(messages) = codec.decode_from_server(frame)
            && !messages.is_empty()
        {
            let bytes = codec.encode_batch(&messages).expect("a message that was read can be written");
            assert_eq!(codec.decode_from_server(&bytes).expect("what was written can be read"), messages);
        }
    }
});

fn again(codec: Codec, message: &ClientMessage) {
    let bytes = codec.encode_batch(&[message]).expect("a message that was read can be written");
    // Another writer may need more bytes than the message came with, and so pass a bound.
    let Ok(mut batch) = codec.decode_batch(&bytes) else { return };
    let value = batch.pop().expect("one message");
    assert_eq!(&ClientMessage::from_value(value).expect("what was written can be read"), message);
}
