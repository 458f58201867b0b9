//! The pool, the migrations, the embedded Postgres.
