//! Logs and metrics: field names are fixed here.
