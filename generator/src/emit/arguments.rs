use std::mem;

use super::text::Text;

/// What stands between the brackets of a macro: groups of arguments, `a, b; c, d`.
pub(super) struct Arguments<'w> {
    text: &'w mut String,
    /// Where each argument starts.
    breaks: Vec<usize>,
    is_first: bool,
}

impl<'w> Arguments<'w> {
    /// `breaks` is any memory for where the arguments start.
    pub(super) fn new(text: &'w mut String, mut breaks: Vec<usize>) -> Self {
        breaks.clear();
        Self { text, breaks, is_first: true }
    }

    /// Where each argument starts.
    pub(super) fn breaks(self) -> Vec<usize> {
        self.breaks
    }

    pub(super) fn item(&mut self, item: impl Text) -> &mut Self {
        if !mem::take(&mut self.is_first) {
            self.text.push(',');
        }
        self.start();
        item.put(self.text);
        self
    }

    pub(super) fn items(&mut self, items: impl IntoIterator<Item = impl Text>) -> &mut Self {
        items.into_iter().for_each(|item| {
            self.item(item);
        });
        self
    }

    /// Ends a group.
    pub(super) fn group(&mut self) -> &mut Self {
        self.text.push(';');
        self.is_first = true;
        self
    }

    fn start(&mut self) {
        self.breaks.push(self.text.len());
        if self.breaks.len() > 1 {
            self.text.push(' ');
        }
    }
}
