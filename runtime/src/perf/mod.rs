//! Perf buffers: records that programs output to perf events, one ring a CPU, read in place.

mod claim;
mod cpu;
mod options;
mod reader;
mod received;
mod ring;

pub use options::PerfReaderOptions;
pub use reader::PerfReader;
pub use received::Received;
