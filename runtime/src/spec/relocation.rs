/// A place in a program that waits for something the kernel hands out at load time.
///
/// Calls and addresses of subprograms are not among them: they are resolved when the object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Index of the instruction in the program.
    pub insn: u32,
    /// What the instruction refers to.
    pub target: RelocationTarget,
}

/// What an instruction refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelocationTarget {
    /// The 64-bit immediate load is to hold this map (index in [`ObjectSpec::maps`](super::ObjectSpec::maps)).
    Map(u32),
    /// The 64-bit immediate load is to hold an address in the only value of this data map.
    MapValue {
        /// Index in [`ObjectSpec::maps`](super::ObjectSpec::maps).
        map: u32,
        /// Offset in the map's value.
        offset: u32,
    },
    /// The 64-bit immediate load is to hold the address of a kernel's variable or function (index in
    /// [`ObjectSpec::externs`](super::ObjectSpec::externs)), or 0 where it is weak and the kernel has not got it.
    Ksym(u32),
    /// The 64-bit immediate load is to hold the address of this table (index in
    /// [`ObjectSpec::jump_tables`](super::ObjectSpec::jump_tables)).
    JumpTable(u32),
    /// The call is one of a kernel's function (index in [`ObjectSpec::externs`](super::ObjectSpec::externs)).
    Kfunc(u32),
}
