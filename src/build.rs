//! How the programs that are shipped are linked: a tenth smaller, where the linker can.

#![allow(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]

use std::env::var;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=RUSTC_LINKER");
    let native = var("HOST").is_ok_and(|host| host == "x86_64-unknown-linux-gnu" && var("TARGET") == Ok(host));
    // On this platform Rust brings LLVM's linker, unless another one is asked for: GNU's refuses `--icf`.
    let chosen = var("RUSTC_LINKER").is_ok()
        || var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link") || flags.contains("fuse-ld"));
    if var("PROFILE").as_deref() != Ok("release") || !native || chosen {
        return;
    }
    // Functions with the same machine code are kept once. (Rust promises no function an address of its own.)
    println!("cargo:rustc-link-arg-bins=-Wl,--icf=all");
    // 5 MB of addresses to fill in at the start become 50 kB of bitmaps. The dynamic loader understands them since
    // glibc 2.36: only where this machine has that.
    if glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's C library.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
