//! Text and structured data out of HTML and PDF.
