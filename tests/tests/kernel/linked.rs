//! Objects that were linked do what their sources say.

use bpf_skel::OpenObject;
use bpf_skel_tests::kernel::needs::LOOP;
use bpf_skel_tests::kernel::{Outcome, object, tests};

use crate::phases::{run, run_program};

bpf_skel_macros::bpf_skel!(
    mod linked = ["fixtures/link/main-el.o", "fixtures/link/lib-el.o"],
                 ["fixtures/link/main-eb.o", "fixtures/link/lib-eb.o"]
);

tests! {
    []: two_objects_are_one_skeleton;
    [LOOP]: three_in_any_order;
}

fn two_objects_are_one_skeleton() -> Outcome {
    let open = linked::open();
    assert_eq!((open.data.counter, open.rodata.knob, open.data.weak_number), (5, 3, 20));
    assert_eq!((open.data_custom.padded, open.data_custom.tuned), (7, [5, 6, 7, 8]));
    let skel = open.load()?;
    let run = |program: &bpf_skel::Program<_>| -> bpf_skel::Result<u32> {
        Ok(run_program(&program.try_clone()?.into_any()))
    };

    // By the slot of its prog array.
    assert_eq!(run(&skel.progs.from_lib)?, 77);
    assert_eq!(skel.maps.counts.get(&1)?, Some(21));
    assert_eq!((skel.bss.nested.get().depth, skel.bss.last_lib.get().pid), (2, 8));

    assert_eq!(run(&skel.progs.from_main)?, 8 + 30 + 10 + 7 + 6 + 101 + 20);
    assert_eq!((skel.bss.total.get(), skel.bss.last_main.get().pid), (21, 4));

    let offset = run(&skel.progs.core_main)?;
    assert!((1..1 << 20).contains(&(offset & !(1 << 20))), "{offset:#x}");
    assert_eq!(run(&skel.progs.core_lib)?, 16);
    Ok(())
}

fn three_in_any_order() -> Outcome {
    let (main, lib, third) = (
        ("main", object!("link/main")),
        ("lib", object!("link/lib")),
        ("third", object!("link/third")),
    );
    for objects in [[main, lib, third], [third, lib, main], [lib, third, main]] {
        let names = objects.map(|(name, _)| name);
        let bytes = bpf_skel_build::link(&objects)?;
        let object = OpenObject::new(bpf_skel::elf::read(&bytes, "three.bpf.o")?).load()?;
        assert_eq!(run(&object, "from_third"), 123 + 105 + 7, "{names:?}");
        assert_eq!(run(&object, "from_lib"), 77, "{names:?}");
        // The first of two weak ones: that of `main`, or that of `lib`.
        let main_first =
            names.iter().position(|it| *it == "main") < names.iter().position(|it| *it == "lib");
        let first_wins = if main_first { 10 } else { 40 };
        assert_eq!(run(&object, "from_main"), 8 + 30 + first_wins + 7 + 6 + 101 + 20, "{names:?}");
    }
    Ok(())
}
