//! Which error belongs to which layer; the only module that knows both `CallError` and HTTP.
