//! Traces: how spans of calls, tasks, steps, commits and deliveries hang together, also across processes and crashes.
//!
//! Spans are those of `tracing`. What ties the span of a task to the call that queued it, perhaps on another node a
//! minute ago, is a W3C `traceparent`: it stands in the task's row. The runtime knows no exporter; the server installs
//! a [`Propagator`] that does. Without one nothing is stored and nothing costs anything.

use std::fmt;
use std::sync::OnceLock;
use tracing::Span;

/// The target of spans that are only of use in traces: logs leave them out.
pub const TARGET: &str = "estafette::trace";

/// The context of a span in the form of the `traceparent` header (W3C Trace Context, version 00).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent(String);

impl TraceParent {
    /// Reads a header or a stored value: `00-<32 hex>-<16 hex>-<2 hex>`, lower case, ids that are not all zero. `None`
    /// when it is anything else: a broken header is ignored, as the standard asks.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |part: &str, length: usize| {
            part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let zero = |part: &str| part.bytes().all(|byte| byte == b'0');
        let good = version == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && parts.next().is_none();
        (good && !zero(trace) && !zero(span)).then(|| Self(text.to_owned()))
    }

    /// Whether somebody keeps the spans of this trace: the first bit of the flags.
    pub fn is_sampled(&self) -> bool {
        // The flags are the last two digits, so the bit is the last digit's.
        matches!(self.0.as_bytes().last(), Some(b'1' | b'3' | b'5' | b'7' | b'9' | b'b' | b'd' | b'f'))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What connects spans to whoever exports them.
pub trait Propagator: Send + Sync {
    /// The context of a span; `None` when it is not part of a trace.
    fn context(&self, span: &Span) -> Option<TraceParent>;
    /// Makes a span the child of one that may be in another process.
    fn adopt(&self, span: &Span, parent: &TraceParent);
}

static PROPAGATOR: OnceLock<Box<dyn Propagator>> = OnceLock::new();

/// Installs the propagator, once a process. False when there is one.
pub fn install(propagator: Box<dyn Propagator>) -> bool {
    PROPAGATOR.set(propagator).is_ok()
}

/// Whether there is a propagator: whether spans are exported.
pub fn is_on() -> bool {
    PROPAGATOR.get().is_some()
}

/// Whether a span is in a trace that somebody keeps.
pub fn is_kept(span: &Span) -> bool {
    PROPAGATOR.get().and_then(|propagator| propagator.context(span)).is_some_and(|context| context.is_sampled())
}

/// The context of the current span; `None` when nothing is traced.
pub fn current() -> Option<TraceParent> {
    PROPAGATOR.get().and_then(|propagator| propagator.context(&Span::current()))
}

/// Makes `span` the child of `parent`, if there is one.
pub fn adopt(span: &Span, parent: Option<&TraceParent>) {
    if let (Some(propagator), Some(parent)) = (PROPAGATOR.get(), parent) {
        propagator.adopt(span, parent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_context_is_taken() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceParent::parse(good).unwrap().as_str(), good);
        for (flags, sampled) in [("00", false), ("01", true), ("02", false), ("03", true), ("fe", false), ("ff", true)]
        {
            let context = TraceParent::parse(&format!("{}{flags}", &good[..53])).unwrap();
            assert_eq!(context.is_sampled(), sampled, "{flags}");
        }
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-é",
        ] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }
}
