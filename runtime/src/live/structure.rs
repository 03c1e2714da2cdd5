use std::fmt;
use std::ops::Deref;

use super::LiveLayout;
use super::layout::cells;
use crate::pod;

/// A struct or a union that the kernel may read and write at any time.
///
/// It derefs to the cells of its members, `skel.bss.last.pid.get()`; its own methods are for the whole, which is copied
/// word by word (see the [module](super) on tearing).
#[repr(transparent)]
pub struct GlobalStruct<L: LiveLayout>(L);

// SAFETY: transparent over L, which has what is asked for.
unsafe impl<L: LiveLayout> LiveLayout for GlobalStruct<L> {
    type Plain = L::Plain;
}

impl<L: LiveLayout> GlobalStruct<L> {
    /// A struct of one's own, not shared with any program: for tests.
    pub const fn from_plain(plain: L::Plain) -> Self {
        cells(plain)
    }

    /// A copy of the whole.
    #[inline]
    pub fn get(&self) -> L::Plain {
        LiveLayout::get(self)
    }

    /// Overwrites the whole, padding included.
    #[inline]
    pub fn set(&self, value: L::Plain) {
        LiveLayout::copy_from(self, &value);
    }

    /// Reads the whole, lets `change` change it and writes it back: what others write in between is lost.
    #[inline]
    pub fn update(&self, change: impl FnOnce(&mut L::Plain)) {
        LiveLayout::update(self, change);
    }
}

impl<L: LiveLayout> Deref for GlobalStruct<L> {
    type Target = L;

    #[inline]
    fn deref(&self) -> &L {
        &self.0
    }
}

/// As its plain twin prints.
impl<L: LiveLayout<Plain: fmt::Debug>> fmt::Debug for GlobalStruct<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may be too large for the stack.
        let mut plain = pod::boxed_zeroed();
        LiveLayout::copy_to(self, &mut plain);
        fmt::Debug::fmt(&*plain, f)
    }
}
