//! Values that hang on an object of the kernel and go with it: on a task, a socket, an inode, a cgroup.
//!
//! A program has the object itself as key. In a system call the key is the 4 bytes of a descriptor that leads to it.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::Map;
use super::slots::expecting;
use super::typed::{expect_key, expect_type, expect_value, typed_clone, typed_map};
use crate::pod::{self, Pod, bytes_of, bytes_of_mut};
use crate::uapi::{MapType, flags};
use crate::{Error, Result};

/// A handle for each sort of owner, so that its type says what the descriptor is of.
macro_rules! local_storage {
    (
        $(#[$meta:meta])*
        pub struct $name:ident<V> for $owner:ident: $map_type:ident, expects $expected:literal;
    ) => {
        typed_map! {
            $(#[$meta])*
            ///
            /// A program gets and makes values by the helpers of this map type. No kernel lists the owners to user space;
            /// a value is deleted with its owner. The map has to be created with the types of key and value, as the maps
            /// of an object with BTF are.
            pub struct $name<V> {}
        }
        typed_clone!($name<V>);

        impl<V: Pod> $name<V> {
            fn check(map: &Map) -> Result<()> {
                expect_type(map, &[MapType::$map_type])?;
                expect_key::<i32>(map)?;
                expect_value::<V>(map)
            }

            /// A copy of the owner's value, or `None` where it has none.
            ///
            /// # Errors
            /// [`InvalidInput`](crate::ErrorKind::InvalidInput) where the descriptor is not one of such an owner.
            pub fn get(&self, $owner: &impl AsFd) -> Result<Option<V>> {
                get(self, $owner.as_fd()).map_err(|error| expecting(error, $expected))
            }

            /// Creates or replaces the owner's value.
            ///
            /// # Errors
            /// As [`get`](Self::get); [`NotFound`](crate::ErrorKind::NotFound) where the owner is gone, though its
            /// descriptor is open.
            pub fn insert(&self, $owner: &impl AsFd, value: &V) -> Result<()> {
                self.update(&key($owner.as_fd()), bytes_of(value), flags::ANY)
                    .map_err(|error| expecting(not_there(error, stringify!($owner)), $expected))
            }

            /// Creates the owner's value; `false`, and nothing changed, where it has one already.
            ///
            /// # Errors
            /// As [`insert`](Self::insert).
            #[doc(alias = "BPF_NOEXIST")]
            pub fn insert_new(&self, $owner: &impl AsFd, value: &V) -> Result<bool> {
                self.update_new(&key($owner.as_fd()), bytes_of(value))
                    .map_err(|error| expecting(not_there(error, stringify!($owner)), $expected))
            }

            /// Replaces the owner's value; `false`, and nothing changed, where it has none.
            ///
            /// # Errors
            /// As [`get`](Self::get).
            #[doc(alias = "BPF_EXIST")]
            pub fn replace(&self, $owner: &impl AsFd, value: &V) -> Result<bool> {
                self.update_existing(&key($owner.as_fd()), bytes_of(value))
                    .map_err(|error| expecting(error, $expected))
            }

            /// Deletes the owner's value; `false` where it has none.
            ///
            /// # Errors
            /// As [`get`](Self::get).
            pub fn remove(&self, $owner: &impl AsFd) -> Result<bool> {
                self.delete(&key($owner.as_fd())).map_err(|error| expecting(error, $expected))
            }
        }
    };
}

local_storage! {
    /// Values of tasks: `BPF_MAP_TYPE_TASK_STORAGE`. Linux 5.11.
    ///
    /// The owner is a thread, by a [`PidFd`](super::PidFd) or any other `pidfd_open(2)` descriptor: that of a process stands
    /// for its first thread, whose id is the process's.
    #[doc(alias = "BPF_MAP_TYPE_TASK_STORAGE")]
    pub struct TaskStorage<V> for task: TASK_STORAGE,
        expects "it takes a descriptor of a process, such as a PidFd";
}

local_storage! {
    /// Values of sockets: `BPF_MAP_TYPE_SK_STORAGE`. Linux 5.2.
    ///
    /// The owner is a socket, by its descriptor.
    #[doc(alias = "BPF_MAP_TYPE_SK_STORAGE")]
    pub struct SkStorage<V> for socket: SK_STORAGE, expects "it takes a socket";
}

local_storage! {
    /// Values of inodes: `BPF_MAP_TYPE_INODE_STORAGE`. Linux 5.10.
    ///
    /// The owner is an open file, directory, pipe or whatever else has an inode: all descriptors of a file have the same. The
    /// BPF LSM has to be one of the kernel's active ones (`bpf` in `/sys/kernel/security/lsm`): it keeps the values.
    #[doc(alias = "BPF_MAP_TYPE_INODE_STORAGE")]
    pub struct InodeStorage<V> for file: INODE_STORAGE,
        expects "it takes an open file, and the BPF LSM must be active (/sys/kernel/security/lsm)";
}

local_storage! {
    /// Values of cgroups: `BPF_MAP_TYPE_CGRP_STORAGE`. Linux 6.2.
    ///
    /// The owner is a cgroup, by its open directory. [`CgroupStorage`](super::CgroupStorage) is something else: an older
    /// map type.
    #[doc(alias = "BPF_MAP_TYPE_CGRP_STORAGE")]
    pub struct CgrpStorage<V> for cgroup: CGRP_STORAGE,
        expects "it takes an open directory of a cgroup";
}

fn key(owner: BorrowedFd<'_>) -> [u8; 4] {
    owner.as_raw_fd().to_ne_bytes()
}

fn get<V: Pod>(map: &Map, owner: BorrowedFd<'_>) -> Result<Option<V>> {
    let mut value = pod::zeroed::<V>();
    Ok(map.lookup_into(&key(owner), bytes_of_mut(&mut value))?.then_some(value))
}

/// That there is no such element is no answer to its creation, unless the owner itself is not there.
fn not_there(error: Error, owner: &str) -> Error {
    if error.raw_os_error() == Some(libc::ENOENT) {
        error.with_hint(format!("the {owner} is gone, though its descriptor is open"))
    } else {
        error
    }
}
