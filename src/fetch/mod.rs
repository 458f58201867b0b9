//! The safe HTTP fetcher for addresses that users give.
