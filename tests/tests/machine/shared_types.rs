//! Skeletons of several sources, with the types that they share, and with types of the user's own.

use bpf_skel_tests::machine::{Outcome, tests};

use crate::project::{Project, clang};

tests![the_same_types_are_one, what_cannot_be_is_said];

/// `DIFFERENT` makes one type another in each source.
const SOURCE: &str = r#"
typedef unsigned int u32;
struct point { int x, y; };
struct event { u32 pid; char comm[16]; struct point at; struct later *later; };
struct different { DIFFERENT value; };
struct holder { struct different inner; };
struct own { u32 a, b; };
union choice { u32 number; enum this { ME } this; };
char _license[] __attribute__((section("license"), used)) = "GPL";
struct event event;
struct holder holder;
struct own own, owns[2];
union choice choice;
EXTRA
__attribute__((section("raw_tp/sys_enter"), used)) int prog(void *ctx)
{
	return event.pid + (long)holder.inner.value + own.a + owns[1].b + choice.number;
}
"#;

/// What one of two sources has.
const EXTRA: &str = r#"
struct extra { u32 x[3]; enum value { LOW } value; } *unused;
struct { int (*type)[1]; u32 *key, *value; int (*max_entries)[1]; }
	seen __attribute__((section(".maps"), used));
"#;

fn source(different: &str, extra: &str) -> String {
    SOURCE.replace("DIFFERENT", different).replace("EXTRA", extra)
}

fn the_same_types_are_one() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let project = Project::new(
        "shared",
        &[
            (
                "build.rs",
                r#"
                fn main() -> bpf_skel_build::Result<()> {
                    bpf_skel_build::Builder::new()
                        .shared_types("crate::common")
                        .bind("struct own", "crate::Own")
                        .types(["struct extra"])
                        .untyped_maps(["seen"])
                        .build_all(["src/a.bpf.c", "src/b.bpf.c"])
                        .map(drop)
                }
                "#,
            ),
            (
                "src/main.rs",
                r#"
                #![deny(warnings)]
                #![forbid(unsafe_code)]
                bpf_skel::include_skel!(common);
                bpf_skel::include_skel!(a);
                bpf_skel::include_skel!(b);

                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                struct Own { a: u32, b: u32 }
                bpf_skel::impl_pod!(Own { a, b });

                fn main() {
                    let mut open = a::open();
                    let event: common::event = b::types::event { pid: 7, ..Default::default() };
                    open.bss.event = event;
                    open.bss.own = Own { a: 1, b: 2 };
                    // Beside an enum whose name methods would bind, in one of the objects and in the module.
                    open.bss.choice = b::types::choice::from_this(common::this::ME);
                    // Not the same, nor is what is made of it.
                    open.bss.holder = a::types::holder { inner: a::types::different { value: 1u32 } };
                    b::open().bss.holder = b::types::holder { inner: b::types::different { value: 1u64 } };
                    let _: fn(&b::Maps) -> &bpf_skel::Map = |maps| &maps.seen;
                    println!("{:?} {}", open.bss.event.pid, size_of::<b::types::extra>());
                }
                "#,
            ),
            ("src/a.bpf.c", &source("u32", "")),
            ("src/b.bpf.c", &source("unsigned long", EXTRA)),
        ],
    );
    let built = project.run(&[("CLANG", clang.as_str())]).good();
    assert_eq!(built.stdout, "7 16\n");

    // A type of the user's that is not the object's does not compile.
    let main = std::fs::read_to_string(project.path("src/main.rs")).expect("main.rs");
    project.write("src/main.rs", &main.replace("b: u32 }", "b: u64 }"));
    let stderr = project.run(&[("CLANG", clang.as_str())]).bad();
    for words in ["size: `struct own` has 8 bytes", "field `b`: `struct own` has `u32 b` at byte 4"]
    {
        assert!(stderr.contains(words), "{stderr}");
    }
    Ok(())
}

fn what_cannot_be_is_said() -> Outcome {
    use bpf_skel_build::Builder;
    use bpf_skel_tests::fixtures;

    let skeleton = |builder: Builder| -> String {
        let path = fixtures::path("members", bpf_skel::spec::Endian::Little);
        match builder.any_endian().skeleton(&[path]) {
            Ok(skeleton) => skeleton.to_string(),
            Err(error) => error.to_string(),
        }
    };
    let cases = [
        (
            Builder::new().types(["recrod"]),
            "members-el.o: type \"recrod\": the object has none of this name (there is \"record\")",
        ),
        (
            Builder::new().types(["struct absent"]),
            "members-el.o: type \"struct absent\": the object has none of this name \
             (clang leaves out what nothing refers to: add `struct absent *unused_absent;` to the C source)",
        ),
        (
            Builder::new().types(["struct task_struct"]),
            "members-el.o: type \"struct task_struct\": the object has its declaration only",
        ),
        (
            Builder::new().types(["union record"]),
            "members-el.o: type \"union record\": the object has none of this name (there is \"record\")",
        ),
        (
            Builder::new().bind("struct flow", "Flow"),
            "members-el.o: type \"struct flow\": Flow: the path is relative (begin it with `crate::` or `::`: `crate::Flow`)",
        ),
        (
            Builder::new().bind("struct flow", "crate::Flow").bind("flow", "crate::Other"),
            "members-el.o: type \"flow\": it is bound to crate::Flow already, and to crate::Other as well",
        ),
        (Builder::new().types([""]), "members-el.o: type \"\": a type has a name"),
        (
            Builder::new().types(["absent *"]),
            "members-el.o: type \"absent *\": the object has none of this name",
        ),
    ];
    for (builder, expected) in cases {
        assert_eq!(skeleton(builder), expected);
    }
    let on_request = skeleton(Builder::new().types(["struct on_request"]));
    assert!(on_request.contains("pub struct on_request {"));
    let bound = skeleton(Builder::new().bind("struct flow", "crate::Flow"));
    assert!(bound.contains("pub type flow = crate::Flow;"), "{bound}");
    assert!(bound.contains("Hash<::bpf_skel::pod::CharArray<16>, types::flow>"));

    let error = Builder::new().module_name("x").build_all(["a.bpf.c"]).expect_err("it cannot be");
    assert_eq!(error.to_string(), "`module_name` is for one skeleton, and these are several");
    Ok(())
}
