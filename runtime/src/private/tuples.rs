//! Tuples of every length that generated code has.

/// `each_tuple!(define)`: `define!(A B …)` for each number of types from none to twelve.
macro_rules! each_tuple {
    ($define:ident) => {
        $define!();
        $define!(A);
        $define!(A B);
        $define!(A B C);
        $define!(A B C D);
        $define!(A B C D E);
        $define!(A B C D E F);
        $define!(A B C D E F G);
        $define!(A B C D E F G H);
        $define!(A B C D E F G H I);
        $define!(A B C D E F G H I J);
        $define!(A B C D E F G H I J K);
        $define!(A B C D E F G H I J K L);
    };
}

pub(super) use each_tuple;
