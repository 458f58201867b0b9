//! Passwords, access tokens, refresh tokens: shared by the products.
