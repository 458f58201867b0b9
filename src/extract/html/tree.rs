//! HTML into a tree, with bounded depth and time.

use super::HtmlError;
use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};
use html5ever::tree_builder::{TreeBuilder, TreeSink};
use scraper::{Html, HtmlTreeSink};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// Deepest nesting that is kept, as in browsers; deeper tags are dropped and their text stays.
const DEPTH_MAX: usize = 512;
/// Longest time for a page. Some constructs cost more than linear time, with which a page could occupy a thread.
const TIME_MAX: Duration = Duration::from_secs(3);
/// Bytes between two looks at the clock.
const STEP_BYTES: usize = 4 * 1024;

/// Elements that close themselves, or that the next of their kind closes: they do not nest by themselves. Script-like
/// ones change how the text after them is read and must get through.
const UNCOUNTED: [&str; 41] = [
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "param",
    "source",
    "track",
    "wbr",
    "p",
    "li",
    "dt",
    "dd",
    "option",
    "optgroup",
    "tr",
    "td",
    "th",
    "tbody",
    "thead",
    "tfoot",
    "colgroup",
    "caption",
    "rp",
    "rt",
    "html",
    "head",
    "body",
    "script",
    "style",
    "title",
    "textarea",
    "noscript",
    "iframe",
    "xmp",
    "plaintext",
];

/// Parses a document or a fragment.
pub(super) fn parse(html: &str) -> Result<Html, HtmlError> {
    let builder = TreeBuilder::new(HtmlTreeSink::new(Html::new_document()), Default::default());
    let tokenizer = Tokenizer::new(Shallow { builder, depth: Cell::new(0) }, Default::default());
    let queue = BufferQueue::default();
    let started = Instant::now();
    let mut rest = html;
    while !rest.is_empty() {
        if started.elapsed() > TIME_MAX {
            return Err(HtmlError::TooComplex);
        }
        let (step, after) = rest.split_at(super::clip_bytes(rest, STEP_BYTES).len());
        queue.push_back(StrTendril::from_slice(step));
        while !matches!(tokenizer.feed(&queue), TokenizerResult::Done) {}
        rest = after;
    }
    tokenizer.end();
    Ok(tokenizer.sink.builder.sink.finish())
}

/// Passes tokens on to the tree builder, but no tag that nests too deep.
struct Shallow<S: TreeSink> {
    builder: TreeBuilder<S::Handle, S>,
    depth: Cell<usize>,
}

impl<S: TreeSink> Shallow<S> {
    fn too_deep(&self, tag: &Tag) -> bool {
        if tag.self_closing || UNCOUNTED.contains(&&*tag.name) {
            return false;
        }
        let depth = self.depth.get();
        match tag.kind {
            TagKind::StartTag => {
                self.depth.set(depth + 1);
                depth >= DEPTH_MAX
            }
            TagKind::EndTag => {
                self.depth.set(depth.saturating_sub(1));
                depth > DEPTH_MAX
            }
        }
    }
}

impl<S: TreeSink> TokenSink for Shallow<S> {
    type Handle = S::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<S::Handle> {
        if let Token::TagToken(tag) = &token
            && self.too_deep(tag)
        {
            return TokenSinkResult::Continue;
        }
        self.builder.process_token(token, line)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
