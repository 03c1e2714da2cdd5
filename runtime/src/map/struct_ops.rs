use std::os::fd::OwnedFd;
use std::sync::OnceLock;

use super::Map;
use super::typed::{expect_key, expect_type, typed_clone, typed_map};
use crate::Result;
use crate::uapi::{MapType, flags};

typed_map! {
    /// Operations for the kernel to call, such as the congestion control of TCP: `BPF_MAP_TYPE_STRUCT_OPS`.
    ///
    /// [`attach`](Self::attach) registers them. Linux 5.6; those of section `.struct_ops.link` 6.4, those that a
    /// module takes 6.9.
    #[doc(alias = "BPF_MAP_TYPE_STRUCT_OPS")]
    pub struct StructOps {}
}
typed_clone!(StructOps);

impl StructOps {
    fn check(map: &Map) -> Result<()> {
        expect_type(map, &[MapType::STRUCT_OPS])?;
        expect_key::<u32>(map)
    }

    /// Whether a BPF link registers them (section `.struct_ops.link`): such a registration can be pinned, and the
    /// operations can be registered again after it has ended.
    pub fn has_link(&self) -> bool {
        self.flags() & flags::LINK != 0
    }
}

/// What the handles of a struct_ops map share.
#[derive(Debug)]
pub(crate) struct Operations {
    /// The operations' name in the kernel: `tcp_congestion_ops`.
    pub(crate) name: String,
    value: OnceLock<OperationsValue>,
}

/// The value of a struct_ops map, whole.
#[derive(Debug)]
pub(crate) struct OperationsValue {
    pub(crate) bytes: Vec<u8>,
    /// The programs whose descriptors are in it: open for as long as their numbers are there.
    _programs: Vec<OwnedFd>,
}

impl OperationsValue {
    pub(crate) fn new(bytes: Vec<u8>, programs: Vec<OwnedFd>) -> Self {
        Self { bytes, _programs: programs }
    }
}

impl Operations {
    pub(super) fn new(name: String) -> Self {
        Self { name, value: OnceLock::new() }
    }

    pub(super) fn fill(&self, value: OperationsValue) {
        // The load that the map belongs to does it, once.
        let _ = self.value.set(value);
    }

    /// What is to be registered; `None` before the programs are loaded.
    pub(crate) fn value(&self) -> Option<&OperationsValue> {
        self.value.get()
    }
}
