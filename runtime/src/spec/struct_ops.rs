/// A function of a struct_ops map: the program that a member of the operations is to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StructOpsFunction {
    /// Index of the member in the object's own struct.
    pub member: u32,
    /// Index in [`ObjectSpec::programs`](super::ObjectSpec::programs).
    pub program: u32,
}
