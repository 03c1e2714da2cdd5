//! Errors that are handed on as they are.

/// `ok!(RESULT)`: its value, or the function returns its error as it is. `?` has the compiler prove that errors convert.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_ok {
    ($result:expr $(,)?) => {
        match $result {
            ::core::result::Result::Ok(__bpf_skel_value) => __bpf_skel_value,
            ::core::result::Result::Err(__bpf_skel_error) => {
                return ::core::result::Result::Err(__bpf_skel_error)
            }
        }
    };
}
