//! The form encoding that Stripe reads: nested names in brackets (`line_items[0][price]=price_1`).

use url::form_urlencoded;

/// The fields of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a field.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl std::fmt::Display) -> Self {
        self.0.push((name.into(), value.to_string()));
        self
    }

    /// With a field, if there is a value.
    #[must_use]
    pub fn set_some(self, name: impl Into<String>, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// The body of a request.
    pub fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }

    /// Reads a body.
    pub fn decode(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All fields.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The fields `prefix[name]`, by name.
    pub fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.fields().filter_map(move |(name, value)| {
            let inner = name.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?;
            (!inner.contains(['[', ']'])).then_some((inner, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_survive_the_way() {
        let form = Form::new()
            .set("mode", "payment")
            .set("metadata[user_id]", "u&1")
            .set("line_items[0][price_data][product_data][name]", "10 crédits")
            .set_some("customer", None::<&str>);
        let body = form.encode();
        assert!(body.starts_with("mode=payment&metadata%5Buser_id%5D=u%261&"), "{body}");
        let read = Form::decode(body.as_bytes());
        assert_eq!(read, form);
        assert_eq!(read.below("metadata").collect::<Vec<_>>(), [("user_id", "u&1")]);
    }
}
