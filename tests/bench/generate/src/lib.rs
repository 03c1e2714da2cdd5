//! The objects that are measured with.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A small object, and one with a large table and many types.
pub fn objects(scratch: &Path) -> Result<Vec<PathBuf>> {
    const HEAD: &str =
        "#define SEC(n) __attribute__((section(n), used))\nchar l[] SEC(\"license\") = \"GPL\";\n";
    let small = format!(
        "{HEAD}struct e {{ int pid; char comm[16]; }} last; const volatile int min = 3; long long total;\n\
         SEC(\"raw_tp/sched_switch\") int p(void *c) {{ total += min; last.pid++; return 0; }}\n"
    );
    let mut large = format!("{HEAD}long long total;\n");
    for n in 0..400 {
        large.push_str(&format!(
            "struct s{n} {{ int a, b[{}]; long long c; struct {{ char d[{}]; short e; }} f; }} v{n};\n",
            n % 7 + 1,
            n % 5 + 1
        ));
    }
    large.push_str("const volatile unsigned char table[1 << 20] = { 1, 2, 3, [99999] = 4 };\n");
    large.push_str(
        "SEC(\"raw_tp/sched_switch\") int p(void *c) { total += table[total & 0xfffff];\n",
    );
    for n in 0..400 {
        large.push_str(&format!("v{n}.a++;\n"));
    }
    large.push_str("return 0; }\n");
    [("small", small), ("large", large)]
        .into_iter()
        .map(|(name, text)| {
            let source = scratch.join(format!("{name}.bpf.c"));
            let object = scratch.join(format!("{name}.bpf.o"));
            fs::write(&source, text)?;
            let status = Command::new("clang-19")
                .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-c"])
                .arg(&source)
                .arg("-o")
                .arg(&object)
                .status()?;
            if !status.success() {
                return Err(format!("clang-19: {status}").into());
            }
            Ok(object)
        })
        .collect()
}
