//! Makes the TypeScript types of the SDK from the Rust types: one file without imports, in a fixed order, with the
//! texts of the documentation. `tests/typescript.rs` compares it with the file on disk.

use crate::cv::catalog::{CALLS, EVENTS, OTHERS, QUERIES, ROUTES, TOPICS};
use crate::{CloseCode, Codec, ErrorCode, limits};
use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use ts_rs::{Config, TS, TypeVisitor};

/// What a type on the wire can tell of itself: its TypeScript and, with the feature `schemars`, its JSON Schema.
#[cfg(feature = "schemars")]
pub trait Described: TS + schemars::JsonSchema + 'static {}
#[cfg(feature = "schemars")]
impl<T: TS + schemars::JsonSchema + 'static> Described for T {}

/// What a type on the wire can tell of itself: its TypeScript and, with the feature `schemars`, its JSON Schema.
#[cfg(not(feature = "schemars"))]
pub trait Described: TS + 'static {}
#[cfg(not(feature = "schemars"))]
impl<T: TS + 'static> Described for T {}

/// A Rust type, seen as TypeScript or as JSON Schema.
#[derive(Clone, Copy)]
pub struct TypeRef {
    name: fn(&Config) -> String,
    collect: fn(&mut Declarations),
    #[cfg(feature = "schemars")]
    schema: fn(&mut schemars::SchemaGenerator) -> schemars::Schema,
}

impl TypeRef {
    /// The type `T`.
    pub const fn of<T: Described>() -> Self {
        Self {
            name: T::name,
            collect: Declarations::add::<T>,
            #[cfg(feature = "schemars")]
            schema: schemars::SchemaGenerator::subschema_for::<T>,
        }
    }

    /// Its JSON Schema; what it refers to is added to the generator's definitions.
    #[cfg(feature = "schemars")]
    pub fn schema(&self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        (self.schema)(generator)
    }

    /// How it is written where it is used.
    pub fn name(&self) -> String {
        (self.name)(&config())
    }
}

impl std::fmt::Debug for TypeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

fn config() -> Config {
    Config::new().with_large_int("number")
}

/// Declarations by name, each type once. Two types of one name would both stand in the file, and TypeScript (and a test
/// here) would refuse it.
#[derive(Default)]
struct Declarations {
    seen: HashSet<TypeId>,
    by_name: BTreeSet<(String, String)>,
}

impl Declarations {
    fn add<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Types that TypeScript has itself (string, number, arrays) have no file of their own.
        if T::output_path().is_some() {
            let config = config();
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("{docs}export {}\n", T::decl(&config));
            self.by_name.insert((T::ident(&config), tidy(&declaration)));
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        self.add::<T>();
    }
}

/// Short texts on one line, fields indented, no links to Rust items.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    let mut docs: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim) {
        let indent = if inside { "  " } else { "" };
        if line == "/**" {
            docs.clear();
        } else if line == "*/" {
            if let [only] = docs.as_slice() {
                let _ = writeln!(out, "{indent}/** {only} */");
            } else {
                let _ = writeln!(out, "{indent}/**");
                for text in &docs {
                    let _ = writeln!(out, "{}", format!("{indent} * {text}").trim_end());
                }
                let _ = writeln!(out, "{indent} */");
            }
        } else if let Some(text) = line.strip_prefix('*') {
            docs.push(without_links(text.trim()));
        } else {
            inside = true;
            match line.strip_suffix(", };") {
                Some(field) if !field.contains('{') => {
                    let _ = writeln!(out, "{indent}{field},\n}};");
                }
                _ => {
                    let _ = writeln!(out, "{indent}{}", line.replace(", } | {", ",\n} | {"));
                }
            }
        }
    }
    out
}

/// Makes `` [`a::b::C`] `` and `` [`C`](d) `` into `` `C` ``.
fn without_links(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((path, after)) = after.split_once("`]") else { break };
        out.push_str(before);
        let name = path.rsplit("::").next().unwrap_or(path);
        let _ = write!(out, "`{name}`");
        rest = match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    out.push_str(rest);
    out
}

const HEADER: &str = "\
// Generated from the Rust types of the crate estafette-protocol. Do not edit.
// Made by: UPDATE=1 cargo test -p estafette-protocol --test typescript

";

/// The whole file.
pub fn render() -> String {
    let mut types = Declarations::default();
    types.add::<crate::ClientMessage>();
    types.add::<crate::ServerMessage>();
    types.add::<crate::Position>();
    types.add::<crate::problem::Problem>();
    types.add::<crate::close::AfterClose>();
    for row in TOPICS {
        (row.state.collect)(&mut types);
    }
    for row in EVENTS {
        (row.data.collect)(&mut types);
    }
    for row in CALLS {
        (row.params.collect)(&mut types);
        (row.result.collect)(&mut types);
    }
    for reference in ROUTES.iter().flat_map(|row| [row.body, row.answer]).flatten() {
        (reference.collect)(&mut types);
    }
    for (_, reference) in QUERIES {
        (reference.collect)(&mut types);
    }
    for reference in OTHERS {
        (reference.collect)(&mut types);
    }

    let mut out = HEADER.to_owned();
    for (_, declaration) in &types.by_name {
        out.push_str(declaration);
        out.push('\n');
    }
    maps(&mut out);
    constants(&mut out);
    out
}

fn maps(out: &mut String) {
    out.push_str("/** Topic family to the state that a `snap` of it carries. */\nexport interface TopicState {\n");
    for row in TOPICS {
        let _ = writeln!(out, "  {}: {};", key(row.family), row.state.name());
    }
    out.push_str("}\n\n");
    events(out, "Topic family to its durable events (`ev`): kind to data.", "TopicEvents", true);
    events(out, "Topic family to its volatile events (`live`): kind to data.", "TopicLive", false);
    out.push_str("/** Method to what a call takes and returns. */\nexport interface Calls {\n");
    for row in CALLS {
        let (method, params, result) = (row.method, row.params.name(), row.result.name());
        let _ = writeln!(out, "  \"{method}\": {{ params: {params}; result: {result} }};");
    }
    out.push_str("}\n\n");
    out.push_str("/** HTTP route, where it is no call, to its JSON bodies. */\nexport interface Routes {\n");
    for row in ROUTES {
        let name = |reference: Option<crate::typescript::TypeRef>| {
            reference.map_or_else(|| "undefined".to_owned(), |reference| reference.name())
        };
        let (route, body, answer) = (row.route, name(row.body), name(row.answer));
        let _ = writeln!(out, "  \"{route}\": {{ body: {body}; answer: {answer} }};");
    }
    out.push_str("}\n\n");
}

fn events(out: &mut String, docs: &str, name: &str, durable: bool) {
    let _ = writeln!(out, "/** {docs} */\nexport interface {name} {{");
    for topic in TOPICS {
        let rows: Vec<_> = EVENTS.iter().filter(|row| row.family == topic.family && row.durable == durable).collect();
        if rows.is_empty() {
            let _ = writeln!(out, "  {}: Record<never, never>;", key(topic.family));
            continue;
        }
        let _ = writeln!(out, "  {}: {{", key(topic.family));
        for row in rows {
            let _ = writeln!(out, "    \"{}\": {};", row.kind, row.data.name());
        }
        out.push_str("  };\n");
    }
    out.push_str("}\n\n");
}

/// A key of an interface; a whole topic (`admin:emails`) is quoted.
fn constants(out: &mut String) {
    out.push_str(
        "/** Error code to its HTTP status, whether the same request may succeed later, and its meaning. */\n",
    );
    out.push_str("export const ERROR_CODES = {\n");
    for code in ErrorCode::ALL {
        let (status, retryable, meaning) = (code.http_status(), code.is_retryable(), quoted(code.meaning()));
        let _ = writeln!(out, "  {code}: {{ status: {status}, retryable: {retryable}, meaning: {meaning} }},");
    }
    out.push_str(
        "} as const satisfies Record<ErrorCode, { status: number; retryable: boolean; meaning: string }>;\n\n",
    );
    out.push_str("/** Number of a close frame to what the client does next, and its meaning. */\n");
    out.push_str("export const CLOSE_CODES = {\n");
    for code in CloseCode::ALL {
        let after = serde_json::to_string(&code.after()).unwrap_or_default();
        let _ = writeln!(out, "  {}: {{ after: {after}, meaning: {} }},", code.number(), quoted(code.meaning()));
    }
    out.push_str("} as const satisfies Record<number, { after: AfterClose; meaning: string }>;\n\n");
    out.push_str("/** The WebSocket subprotocol of each codec. */\nexport const SUBPROTOCOLS = {\n");
    let _ = writeln!(out, "  json: {},", quoted(Codec::Json.subprotocol()));
    let _ = writeln!(out, "  msgpack: {},\n}} as const;\n", quoted(Codec::MsgPack.subprotocol()));
    out.push_str("/** The bounds of the wire. `welcome.limits` may lower some of them. */\nexport const LIMITS = {\n");
    for (name, value) in limits::TABLE {
        let _ = writeln!(out, "  {name}: {value},");
    }
    out.push_str("} as const;\n");
}

/// A name as a key of an interface: a topic of which there is one only (`admin:costs`) is no plain word.
fn key(name: &str) -> String {
    if name.contains(':') { quoted(name) } else { name.to_owned() }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
