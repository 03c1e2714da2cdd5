//! From types that fail to fewer types that fail.

use std::ops::Range;

use super::draw::{Composite, Member, Named, Shape, is_empty};

/// Leaves out types, half of them at first, and then members one by one, as long as what is left fails all the same.
pub(super) fn shrink(mut types: Vec<Named>, fails: impl Fn(&[Named]) -> bool) -> Vec<Named> {
    // A type of no bytes would fail in its own way.
    let fails = |types: &[Named]| {
        !types.is_empty() && !types.iter().any(|ty| is_empty(&ty.composite)) && fails(types)
    };
    let mut chunk = types.len().div_ceil(2);
    while chunk > 0 {
        for start in (0..types.len()).step_by(chunk).rev() {
            let fewer = without_types(&types, start..start + chunk);
            if fails(&fewer) {
                types = fewer;
            }
        }
        chunk /= 2;
    }
    let mut nth = 0;
    while let Some(fewer) = without_member(&types, nth) {
        if fails(&fewer) { types = fewer } else { nth += 1 }
    }
    types
}

/// All types but these, and all members but those that are of them.
fn without_types(types: &[Named], out: Range<usize>) -> Vec<Named> {
    let left = types.iter().enumerate().filter(|(nth, _)| !out.contains(nth));
    let mut left: Vec<Named> = left.map(|(_, ty)| ty.clone()).collect();
    for ty in &mut left {
        retain(&mut ty.composite, &mut |member| match &mut member.shape {
            Shape::Earlier(nth, _) if out.contains(nth) => false,
            Shape::Earlier(nth, _) if *nth >= out.end => {
                *nth -= out.len();
                true
            }
            _ => true,
        });
    }
    left
}

/// All members but the one with this number, counting those of inner types; nothing where there are not as many.
fn without_member(types: &[Named], out: usize) -> Option<Vec<Named>> {
    let (mut left, mut count) = (types.to_vec(), 0);
    for ty in &mut left {
        retain(&mut ty.composite, &mut |_| {
            count += 1;
            count - 1 != out
        });
    }
    (out < count).then_some(left)
}

fn retain(composite: &mut Composite, keep: &mut impl FnMut(&mut Member) -> bool) {
    composite.members.retain_mut(|member| {
        let keeps = keep(member);
        if let (true, Shape::Inline(inner, _) | Shape::Anonymous(inner)) =
            (keeps, &mut member.shape)
        {
            retain(inner, keep);
        }
        keeps
    });
}
