//! Ring buffers: records from programs, read in place, and samples for them, written in place.

mod consumer;
mod drain;
mod producer;
mod registry;
mod reserve;
mod ring;
mod ring_buf;
mod sample;
mod user_ring_buf;
mod wait;

pub use ring_buf::RingBuf;
pub(crate) use ring_buf::with_record;
pub use sample::UserRingBufSample;
pub use user_ring_buf::UserRingBuf;
