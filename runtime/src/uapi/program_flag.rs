use super::open_enum::open_enum;

open_enum! {
    /// A flag of programs: one bit of what they are loaded with.
    pub struct ProgramFlag: u32, prefix "BPF_F_", source "#define BPF_F_STRICT_ALIGNMENT";
    STRICT_ALIGNMENT = 0x1, "BPF_F_STRICT_ALIGNMENT";
    ANY_ALIGNMENT = 0x2, "BPF_F_ANY_ALIGNMENT";
    TEST_RND_HI32 = 0x4, "BPF_F_TEST_RND_HI32";
    TEST_STATE_FREQ = 0x8, "BPF_F_TEST_STATE_FREQ";
    SLEEPABLE = 0x10, "BPF_F_SLEEPABLE";
    XDP_HAS_FRAGS = 0x20, "BPF_F_XDP_HAS_FRAGS";
    XDP_DEV_BOUND_ONLY = 0x40, "BPF_F_XDP_DEV_BOUND_ONLY";
    TEST_REG_INVARIANTS = 0x80, "BPF_F_TEST_REG_INVARIANTS";
}

impl ProgramFlag {
    /// The flags in `bits` that this version knows.
    pub fn of(bits: u32) -> impl Iterator<Item = Self> {
        Self::KNOWN.iter().copied().filter(move |flag| bits & flag.0 != 0)
    }
}
