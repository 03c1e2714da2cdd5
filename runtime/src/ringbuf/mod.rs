//! Ring buffers: records from programs, read in place.

mod consumer;
mod ring;
mod ring_buf;

pub use ring_buf::RingBuf;
