/// What a call has read from the rings of all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "records may have been lost"]
#[non_exhaustive]
pub struct Received {
    /// How many records were given out.
    pub records: usize,
    /// How many records programs could not output, as the rings were full, as far as this call has learned.
    ///
    /// The kernel tells of them with the next record that finds room, so not before there is one.
    pub lost: u64,
}
