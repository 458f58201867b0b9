//! A scripted endpoint that speaks the true HTTP API.
