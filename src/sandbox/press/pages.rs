//! The parts of Typst that a PDF needs: what `typst::compile` does, without Typst's HTML and SVG. Those bring a
//! reader of PDFs and a rasteriser into the program (3 MB), and no design uses them.

use comemo::{Constraint, Track as _};
use std::sync::LazyLock;
use typst_layout::PagedDocument;
use typst_library::diag::{At as _, SourceResult};
use typst_library::engine::{Engine, Route, Sink, Traced};
use typst_library::foundations::{Module, NativeRuleMap, Output as _, Scope, StyleChain, Target, TargetElem};
use typst_library::introspection::{EmptyIntrospector, Introspector, MAX_ITERS};
use typst_library::routines::Routines;
use typst_library::{Library, LibraryBuilder, World};
use typst_syntax::Span;
use typst_utils::Protected;

static ROUTINES: LazyLock<Routines> = LazyLock::new(|| Routines {
    rules: || {
        let mut rules = NativeRuleMap::new();
        typst_layout::register(&mut rules);
        rules
    },
    eval_string: typst_eval::eval_string,
    eval_closure: typst_eval::eval_closure,
    realize: typst_realize::realize,
    layout_frame: typst_layout::layout_frame,
    // Reached with the target HTML only, or not even then.
    html_module: || Module::new("html", Scope::new()),
    html_mathml_body: |_, _| None,
    html_span_filled: |content, _| content,
});

/// All that a design can use.
pub(super) fn library() -> Library {
    LibraryBuilder::from_routines(&ROUTINES).build()
}

/// The pages of the world's main file.
///
/// # Errors
/// What Typst has against the file.
pub(super) fn pages(world: &dyn World) -> SourceResult<PagedDocument> {
    let (library, traced, mut sink) = (world.library(), Traced::default(), Sink::new());
    let base = StyleChain::new(&library.styles);
    let target = TargetElem::target.set(Target::Paged).wrap();
    let styles = base.chain(&target);
    let main = world.source(world.main()).at(Span::detached())?;
    let route = Route::default();
    let content =
        typst_eval::eval(world.track(), library, traced.track(), sink.track_mut(), route.track(), &main)?.content();
    // Laid out again until what the content asks about its own places stays as it was, or Typst gives up on that.
    let mut document: Option<PagedDocument> = None;
    let mut seen = Sink::new();
    for _ in 0..MAX_ITERS {
        let before: &dyn Introspector = match &document {
            Some(document) => document.introspector().as_ref(),
            None => &EmptyIntrospector,
        };
        let asked = Constraint::new();
        seen = Sink::new();
        let mut engine = Engine {
            library,
            world: world.track(),
            introspector: Protected::new(before.track_with(&asked)),
            traced: traced.track(),
            sink: seen.track_mut(),
            route: Route::default(),
        };
        let pages = PagedDocument::create(&mut engine, &content, styles)?;
        let settled = asked.validate(pages.introspector().as_ref() as &dyn Introspector);
        document = Some(pages);
        if settled {
            break;
        }
    }
    sink.extend_from_sink(seen);
    let delayed = sink.delayed();
    match document {
        Some(document) if delayed.is_empty() => Ok(document),
        _ => Err(delayed),
    }
}
