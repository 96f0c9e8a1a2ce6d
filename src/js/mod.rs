//! What the npm package calls: the core, and nothing else. Private to the package's JavaScript.
//!
//! | module | feature | called by |
//! | --- | --- | --- |
//! | [`machine`] | `npm`, and `npm-wires` for all wires of sockets | `pkg-template/engine.js` |
//! | [`parser`] | `npm-parser` | `pkg-template/parser.js` |
//!
//! Each is compiled into a module of its own, the machine with and without those wires, so that a page pays for what it uses.
//!
//! In the npm build the shell is written in JavaScript (`pkg-template/shell.js`), for three reasons, all measured. A page pays for
//! every byte, and the same shell over web-sys is four times the size. A payload must never enter wasm memory. And a socket
//! should open before the module has been compiled, which only JavaScript can do.
//!
//! Only numbers cross, which needs no glue at all. A payload is a [handle](handle::Handle) of a value that JavaScript keeps. A text
//! that goes out is a pointer and a length; one that comes in was written into a buffer before the call. Whatever a
//! call makes a connection do is told to the host before the call returns, in order; the host must carry it out after, and
//! must not call back before.
//!
//! Enums cross as their variants' numbers: `pkg-template/names.js` has the names in the same order, and a test holds them together.

#![expect(unreachable_pub, reason = "wasm-bindgen exports only what is public")]

#[cfg(feature = "npm")]
mod handle;
#[cfg(feature = "npm")]
mod host;
#[cfg(feature = "npm")]
mod machine;
#[cfg(feature = "npm-parser")]
mod parser;
mod slab;

/// A good part of a small module is the allocator, unless it is a small one. Few and short-lived allocations are made here.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());
