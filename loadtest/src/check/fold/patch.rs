//! JSON Patch (RFC 6902) as a reader of `cv.changed` applies it; written here so that it is not the server's.

use estafette_protocol::cv::patch::PatchOperation;
use serde_json::Value;

/// Applies a patch, operation after operation.
///
/// # Errors
/// What cannot be applied.
pub fn apply(document: &mut Value, patch: &[PatchOperation]) -> Result<(), String> {
    for operation in patch {
        one(document, operation).map_err(|why| format!("{operation:?}: {why}"))?;
    }
    Ok(())
}

fn one(document: &mut Value, operation: &PatchOperation) -> Result<(), String> {
    match operation {
        PatchOperation::Add { path, value } => add(document, path, value.clone()),
        PatchOperation::Remove { path } => remove(document, path).map(drop),
        PatchOperation::Replace { path, value } => {
            *document.pointer_mut(path).ok_or("there is nothing to replace")? = value.clone();
            Ok(())
        }
        PatchOperation::Move { from, path } => {
            let value = remove(document, from)?;
            add(document, path, value)
        }
        PatchOperation::Copy { from, path } => {
            let value = document.pointer(from).cloned().ok_or("there is nothing to copy")?;
            add(document, path, value)
        }
        PatchOperation::Test { path, value } if document.pointer(path) == Some(value) => Ok(()),
        PatchOperation::Test { .. } => Err("the test does not hold".to_owned()),
    }
}

fn split(path: &str) -> Option<(&str, String)> {
    let (parent, last) = path.rsplit_once('/')?;
    Some((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let Some((parent, name)) = split(path) else {
        *document = value;
        return Ok(());
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.insert(name, value);
            Ok(())
        }
        Some(Value::Array(items)) => {
            let at = if name == "-" { items.len() } else { name.parse().map_err(|_| "no index")? };
            if at > items.len() {
                return Err("the index is behind the end".to_owned());
            }
            items.insert(at, value);
            Ok(())
        }
        _ => Err("there is nothing to add to".to_owned()),
    }
}

fn remove(document: &mut Value, path: &str) -> Result<Value, String> {
    let (parent, name) = split(path).ok_or("the whole cannot be removed")?;
    let gone = match document.pointer_mut(parent) {
        Some(Value::Object(map)) => map.remove(&name),
        Some(Value::Array(items)) => {
            let at: usize = name.parse().map_err(|_| "no index")?;
            (at < items.len()).then(|| items.remove(at))
        }
        _ => None,
    };
    gone.ok_or_else(|| "there is nothing to remove".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_operation_does_what_the_rfc_says() {
        let mut document = json!({"a": [1, 3], "b": {"c/d": "x"}});
        let patch: Vec<PatchOperation> = serde_json::from_value(json!([
            {"op": "add", "path": "/a/1", "value": 2},
            {"op": "add", "path": "/a/-", "value": 4},
            {"op": "test", "path": "/b/c~1d", "value": "x"},
            {"op": "move", "from": "/b/c~1d", "path": "/e"},
            {"op": "copy", "from": "/a/0", "path": "/b/f"},
            {"op": "replace", "path": "/e", "value": "y"},
            {"op": "remove", "path": "/a/2"},
        ]))
        .unwrap();
        apply(&mut document, &patch).unwrap();
        assert_eq!(document, json!({"a": [1, 2, 4], "b": {"f": 1}, "e": "y"}));
        let bad: Vec<PatchOperation> = serde_json::from_value(json!([{"op": "remove", "path": "/none"}])).unwrap();
        assert!(apply(&mut document, &bad).is_err());
    }
}
