//! From C to a program that runs, the way a user's crate does it: cargo, a build script, clang, the macro.
//!
//! One test a crate, in the order in which a user works: each run of cargo takes seconds.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::project::{Project, clang};
use bpf_skel_build::Builder;
use bpf_skel_tests::machine::{Outcome, tests};

tests![
    a_source_is_compiled_and_watched,
    a_bundled_object_stands_for_clang,
    what_clang_refuses_is_said_once,
    several_sources_make_one_skeleton,
    a_module_made_in_two_ways_is_refused,
];

/// Its value is in a header, so that a change of that changes what the program prints.
const SOURCE: &str = r#"
#include "limit.h"
#warning look here
char _license[] __attribute__((section("license"), used)) = "GPL";
const volatile int limit = LIMIT;
__attribute__((section("raw_tp/sys_enter"), used)) int prog(void *ctx) { return limit; }
"#;

const NO_CLANG: (&str, &str) = ("CLANG", "/nonexistent/clang");

fn source(limit: u32) -> String {
    SOURCE
        .replace("#include \"limit.h\"\n#warning look here\n", "")
        .replace("LIMIT", &limit.to_string())
}

fn compile(clang: &str, project: &Project, limit: u32) {
    project.write("third.c", &source(limit));
    let status = Command::new(clang)
        .args(["-g", "-O2", "-target", "bpf", "-c", "third.c", "-o", "src/third.bpf.o"])
        .current_dir(&project.folder)
        .status();
    assert!(status.expect("clang runs").success());
}

fn a_source_is_compiled_and_watched() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let files = [
        (
            "build.rs",
            "fn main() -> bpf_skel_build::Result<()> { bpf_skel_build::build(\"src/first.bpf.c\") }",
        ),
        (
            "src/main.rs",
            r#"
            #![forbid(unsafe_code)]
            bpf_skel::include_skel!(first);
            bpf_skel_macros::bpf_skel!(mod second = "src/second.bpf.c");
            bpf_skel_macros::bpf_skel!(mod third = "src/third.bpf.o");
            fn main() {
                let limits = (first::open().rodata.limit, second::open().rodata.limit);
                println!("{limits:?} {}", third::open().rodata.limit);
            }
            "#,
        ),
        ("src/first.bpf.c", SOURCE),
        ("src/limit.h", "#define LIMIT 1"),
        ("src/second.bpf.c", &source(2)),
    ];
    let project = Project::new("watched", &files);
    compile(&clang, &project, 3);
    let environment = [("CLANG", clang.as_str())];

    let built = project.run(&environment).good();
    assert_eq!(built.stdout, "(1, 2) 3\n");
    // clang's warning, as cargo's.
    let warned = |text: &str| {
        text.lines()
            .any(|line| line.starts_with("warning: watched@0.1.0: ") && line.contains("look here"))
    };
    assert!(warned(&built.stderr), "{}", built.stderr);

    let again = project.cargo(&["build", "-v"], &environment).good();
    assert!(again.stderr.contains("Fresh watched v0.1.0"), "{}", again.stderr);

    project.write("src/limit.h", "#define LIMIT 10");
    project.write("src/second.bpf.c", &source(20));
    compile(&clang, &project, 30);
    assert_eq!(project.run(&environment).good().stdout, "(10, 20) 30\n");

    same_in_another_folder(&project, &files, &environment);

    project.write("src/limit.h", "#define LIMIT limmit");
    let stderr = project.run(&environment).bad();
    assert!(
        stderr.contains("first.bpf.c:5:28: error: use of undeclared identifier 'limmit'"),
        "{stderr}"
    );

    let stderr = project.run(&[NO_CLANG]).bad();
    assert!(stderr.contains("no executable \"/nonexistent/clang\", which CLANG names"), "{stderr}");
    assert!(stderr.contains("install clang"), "{stderr}");
    Ok(())
}

/// The same sources give the same bytes, wherever they lie.
fn same_in_another_folder(project: &Project, files: &[(&str, &str)], environment: &[(&str, &str)]) {
    let other = Project::new("elsewhere", files);
    for file in ["src/limit.h", "src/second.bpf.c", "src/third.bpf.o"] {
        fs::copy(project.path(file), other.path(file)).expect("it can be copied");
    }
    let show =
        "\nfn main() { println!(\"{}\", env!(\"OUT_DIR\")) }\nbpf_skel::include_skel!(first);\n";
    let outputs = [project, &other].map(|project| {
        let main = fs::read_to_string(project.path("src/main.rs")).expect("main.rs");
        project.write("src/main.rs", show);
        let built = project.run(environment).good();
        project.write("src/main.rs", &main);
        let out = Path::new(built.stdout.trim());
        ["first.bpf.o", "first.skel.rs"].map(|file| fs::read(out.join(file)).expect("it was built"))
    });
    assert!(outputs[0] == outputs[1], "what is built depends on the folder");
}

/// The object is in one folder, the header in another, and a macro is in neither.
fn a_bundled_object_stands_for_clang() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let build = |more: u32| {
        let text = r#"
            fn main() -> bpf_skel_build::Result<()> {
                let include = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
                bpf_skel_build::Builder::new()
                    .include_dir(include)
                    .define("MORE", "NUMBER")
                    .bundled("objects/first.bpf.o")
                    .build("src/first.bpf.c")?;
                Ok(())
            }
        "#;
        text.replace("NUMBER", &more.to_string())
    };
    let project = Project::new(
        "bundled",
        &[
            ("build.rs", &build(0)),
            (
                "src/main.rs",
                "bpf_skel::include_skel!(first);\nfn main() { println!(\"{}\", first::open().rodata.limit) }",
            ),
            ("src/first.bpf.c", &SOURCE.replace("= LIMIT;", "= LIMIT + MORE;")),
            ("include/limit.h", "#define LIMIT 1"),
            ("objects/README", "What is shipped."),
        ],
    );
    let (with, renew) = (("CLANG", clang.as_str()), ("BPF_SKEL_BUNDLE", "1"));

    let stderr = project.run(&[NO_CLANG]).bad();
    assert!(stderr.contains("clang is needed since objects/first.bpf.o is missing"), "{stderr}");
    let stderr = project.run(&[with]).good().stderr;
    let words = "objects/first.bpf.o is not there: BPF_SKEL_BUNDLE=1 cargo build makes it";
    assert!(stderr.contains(words), "{stderr}");

    assert_eq!(project.run(&[with, renew]).good().stdout, "1\n");
    let bundle = || {
        ["objects/first.bpf.o", "objects/first.bpf.o.sources"]
            .map(|file| fs::read(project.path(file)).expect("it was made"))
    };
    let bundled = bundle();
    assert_eq!(project.run(&[NO_CLANG]).good().stdout, "1\n");

    // The header has changed: clang, and a word about it.
    project.write("include/limit.h", "#define LIMIT 5");
    let stale = project.run(&[with]).good();
    assert_eq!(stale.stdout, "5\n");
    assert!(
        stale.stderr.contains("objects/first.bpf.o does not belong to its source"),
        "{}",
        stale.stderr
    );
    assert!(bundle() == bundled);

    assert_eq!(project.run(&[with, renew]).good().stdout, "5\n");
    let last = project.run(&[NO_CLANG]).good();
    assert_eq!(last.stdout, "5\n");
    assert!(!last.stderr.contains("does not belong"), "{}", last.stderr);

    // And so it is with the macro.
    project.write("build.rs", &build(2));
    let stderr = project.run(&[NO_CLANG]).bad();
    assert!(stderr.contains("sources and options as they are now"), "{stderr}");
    assert_eq!(project.run(&[with, renew]).good().stdout, "7\n");
    let renewed = bundle();
    assert_eq!(project.run(&[NO_CLANG]).good().stdout, "7\n");

    // Whoever asks for it gets it anew, whatever was there.
    project.write("objects/first.bpf.o", "\x7fELF\x02\x01\x01");
    let stderr = project.run(&[with]).bad();
    let words = [
        "objects/first.bpf.o: ",
        "it is the bundled object: BPF_SKEL_BUNDLE=1 cargo build renews it",
    ];
    assert!(words.iter().all(|words| stderr.contains(words)), "{stderr}");
    assert_eq!(project.run(&[with, renew]).good().stdout, "7\n");
    assert!(bundle() == renewed);
    Ok(())
}

fn what_clang_refuses_is_said_once() -> Outcome {
    let builder = Builder::new().clang(clang()?);
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let source = path("x.bpf.c");
    let refused = |text: &str| -> Result<String, Box<dyn Error>> {
        fs::write(&source, text)?;
        Ok(builder.compile(&source, path("x.bpf.o")).unwrap_err().to_string())
    };
    fs::write(path("bad.h"), "int f(void) { return y; }")?;

    let error = refused("int f(void) { return x; }")?;
    assert!(error.starts_with(&format!("{}:1:22: error: ", source.display())), "{error}");
    let error = refused("#include \"bad.h\"")?;
    assert!(
        error.starts_with(&format!("{}: {}", source.display(), path("bad.h").display())),
        "{error}"
    );
    let error = refused("#include \"vmlinux.h\"")?;
    assert!(
        error.contains("`Builder::vmlinux` and `bpf-skel build --vmlinux` write it"),
        "{error}"
    );
    assert!(!refused("#include \"other.h\"")?.contains("vmlinux"));

    // What is wrong with the object is said of the source, whatever the module is called.
    fs::write(&source, "int x = 1;")?;
    let named = builder.clone().module_name("other").types(["absent"]);
    let error = named.expand(&source).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: type \"absent\"", source.display())), "{error}");
    Ok(())
}

fn several_sources_make_one_skeleton() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let second = "int shared = NUMBER;\nconst volatile int own = 2;\n";
    let project = Project::new(
        "several",
        &[
            (
                "build.rs",
                r#"
                fn main() -> bpf_skel_build::Result<()> {
                    let sources = ["src/one.bpf.c", "src/two.bpf.c"];
                    bpf_skel_build::Builder::new().sources(sources).build_as("both").map(drop)
                }
                "#,
            ),
            (
                "src/main.rs",
                r#"
                bpf_skel::include_skel!(both);
                bpf_skel_macros::bpf_skel!(mod again = ["src/one.bpf.c", "src/two.bpf.c"]);
                fn main() {
                    let (both, again) = (both::open(), again::open());
                    println!("{} {} {}", both.data.shared, again.data.shared, both.rodata.limit + both.rodata.own);
                }
                "#,
            ),
            (
                "src/one.bpf.c",
                &source(40).replace("return limit", "extern int shared; return limit + shared"),
            ),
            ("src/two.bpf.c", &second.replace("NUMBER", "7")),
        ],
    );
    let environment = [("CLANG", clang.as_str())];
    assert_eq!(project.run(&environment).good().stdout, "7 7 42\n");
    // All of them are watched.
    project.write("src/two.bpf.c", &second.replace("NUMBER", "8"));
    assert_eq!(project.run(&environment).good().stdout, "8 8 42\n");

    let misspelt =
        "__attribute__((section(\"raw_pt/x\"), used)) int odd(void *ctx) { return 0; }\n";
    project.write("src/two.bpf.c", &(second.replace("NUMBER", "8") + misspelt));
    let stderr = project.run(&environment).good().stderr;
    let words = "warning: several@0.1.0: src/one.bpf.c, src/two.bpf.c: program \"odd\": section \"raw_pt/x\" \
                 names no type of program; did you mean \"raw_tp\"?";
    assert!(stderr.contains(words), "{stderr}");

    project.write("src/two.bpf.c", "long long shared = 7;\n");
    let stderr = project.run(&environment).bad();
    let words = "src/two.bpf.c defines it as \"long long\", src/one.bpf.c declares it as \"int\"";
    assert!(stderr.contains(words), "{stderr}");
    Ok(())
}

fn a_module_made_in_two_ways_is_refused() -> Outcome {
    let clang = clang()?.into_string().expect("a name");
    let project = Project::new(
        "one-name",
        &[
            (
                "build.rs",
                r#"
                fn main() -> bpf_skel_build::Result<()> {
                    bpf_skel_build::build("src/probe.bpf.c")?;
                    bpf_skel_build::build("src/probe.bpf.c")?;
                    bpf_skel_build::build("src/other/probe.bpf.c")
                }
                "#,
            ),
            ("src/main.rs", "fn main() {}"),
            ("src/probe.bpf.c", &source(1)),
            ("src/other/probe.bpf.c", &source(2)),
        ],
    );
    let refused = fs::read_to_string(project.path("build.rs"))?;
    // Not where their objects have other names, since the modules go by those.
    project.write(
        "build.rs",
        r#"
        fn main() -> bpf_skel_build::Result<()> {
            let out = std::path::PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
            let builder = bpf_skel_build::Builder::new;
            builder().object(out.join("one.bpf.o")).build("src/probe.bpf.c")?;
            builder().object(out.join("two.bpf.o")).build("src/other/probe.bpf.c").map(drop)
        }
        "#,
    );
    project.run(&[("CLANG", clang.as_str())]).good();
    project.write("build.rs", &refused);
    let stderr = project.run(&[("CLANG", clang.as_str())]).bad();
    for words in [
        "probe.skel.rs was made of ",
        "src/probe.bpf.c and would be made of ",
        "src/other/probe.bpf.c now",
        "`Builder::module_name`",
    ] {
        assert!(stderr.contains(words), "{words} is not in\n{stderr}");
    }
    // Nor is one source made twice in two ways: the second would be seen, and not the first.
    project.write(
        "build.rs",
        r#"
        fn main() -> bpf_skel_build::Result<()> {
            let builder = bpf_skel_build::Builder::new;
            builder().build("src/probe.bpf.c")?;
            builder().build("src/probe.bpf.c")?;
            builder().define("MORE", "1").build("src/probe.bpf.c").map(drop)
        }
        "#,
    );
    let stderr = project.run(&[("CLANG", clang.as_str())]).bad();
    assert!(
        stderr.contains("src/probe.bpf.c and would be made of it with other options now"),
        "{stderr}"
    );
    Ok(())
}
