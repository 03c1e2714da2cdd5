//! Padding, by its length. A length that is written out is a constant with a body of its own to the compiler, of which most
//! structs would have several, and their live twins as many again.

macro_rules! padding {
    ($($name:ident $len:literal)*) => { $(
        /// As many bytes of padding.
        pub type $name = [u8; $len];
    )* };
}

padding! {
    Pad1 1 Pad2 2 Pad3 3 Pad4 4 Pad5 5 Pad6 6 Pad7 7 Pad8 8 Pad9 9 Pad10 10 Pad11 11 Pad12 12 Pad13 13 Pad14 14 Pad15 15
}
