//! Jobs and answers on the pipes: a length of four bytes, the lowest first, and so many bytes of MessagePack.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, ErrorKind, Read, Write};

/// Largest greeting, bytes.
pub(crate) const HELLO_BYTES_MAX: usize = 256;
/// What the frame of an answer has beside what was made, bytes at most.
pub(crate) const REPLY_OVERHEAD: usize = 512;

/// What a process tells when it is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    pub(crate) work: String,
    pub(crate) version: u32,
}

/// The answer to a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reply<M> {
    /// It was done.
    Made(M),
    /// The code panicked on it; the process goes on.
    Panicked(String),
    /// What was made is larger than its bound.
    TooLarge(usize),
}

fn invalid(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error.to_string())
}

/// The bytes of a value. Byte strings as such; fields by name, since these programs may be of two builds.
pub(crate) fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    rmp_serde::to_vec_named(value).map_err(invalid)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    rmp_serde::from_slice(bytes).map_err(invalid)
}

/// Writes one frame and sends it off.
pub(crate) fn write(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let len = u32::try_from(bytes.len()).map_err(invalid)?;
    to.write_all(&len.to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// Reads one frame; `None` at an end between two.
pub(crate) fn read(from: &mut impl Read, max: usize) -> io::Result<Option<Vec<u8>>> {
    let mut len = [0; 4];
    match from.read_exact(&mut len[..1]) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    from.read_exact(&mut len[1..])?;
    let len = usize::try_from(u32::from_le_bytes(len)).map_err(invalid)?;
    if len > max {
        return Err(invalid(format_args!("a frame of {len} bytes, more than {max}")));
    }
    let mut bytes = vec![0; len];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_an_end_inside_of_a_frame_is_an_error() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"one").unwrap();
        write(&mut bytes, b"").unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(read(&mut from, 3).unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(read(&mut from, 3).unwrap().as_deref(), Some(&b""[..]));
        assert_eq!(read(&mut from, 3).unwrap(), None);
        for cut in 1..7 {
            assert_eq!(read(&mut &bytes[..cut], 3).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{cut}");
        }
        assert_eq!(read(&mut bytes.as_slice(), 2).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
