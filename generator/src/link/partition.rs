//! The coarsest partition of a graph's nodes in which those of a class have the same label and, one by one, edges to
//! the same classes.
//!
//! Hopcroft's way: where a class falls apart, its largest part stays as it is, and only nodes with an edge to the
//! others are looked at again. No node is moved more than log₂ n times, whatever the graph.

/// A graph: each node's label and, in order, where its edges lead.
pub(super) struct Labelled<'g> {
    pub(super) labels: &'g [u32],
    /// Where in `edges` those of each node start; one more than there are nodes.
    pub(super) starts: &'g [u32],
    /// Nodes; numbers from their count on stand for themselves.
    pub(super) edges: &'g [u32],
}

impl Labelled<'_> {
    fn edges_of(&self, node: u32) -> &[u32] {
        &self.edges[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    /// The class of each node.
    pub(super) fn classes(&self) -> Vec<u32> {
        let mut partition = Partition::by_label(self.labels);
        let predecessors = Predecessors::of(self);
        for node in 0..self.labels.len() as u32 {
            partition.mark(node);
        }
        while let Some(class) = partition.queue.pop() {
            for moved in partition.split(class, self) {
                predecessors.of_node(moved).iter().for_each(|&node| partition.mark(node));
            }
        }
        partition.class_of
    }
}

/// Nodes by class, each class a range of `order` whose marked nodes come first.
struct Partition {
    order: Vec<u32>,
    position: Vec<u32>,
    class_of: Vec<u32>,
    classes: Vec<Class>,
    /// Classes with marked nodes.
    queue: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Class {
    start: u32,
    end: u32,
    marked: u32,
}

impl Partition {
    fn by_label(labels: &[u32]) -> Self {
        let mut order: Vec<u32> = (0..labels.len() as u32).collect();
        order.sort_by_key(|&node| labels[node as usize]);
        let mut partition = Self {
            position: vec![0; labels.len()],
            class_of: vec![0; labels.len()],
            classes: Vec::new(),
            queue: Vec::new(),
            order,
        };
        let mut last = None;
        for at in 0..labels.len() {
            let node = partition.order[at] as usize;
            if last != Some(labels[node]) {
                last = Some(labels[node]);
                let start = at as u32;
                partition.classes.push(Class { start, end: start, marked: 0 });
            }
            let class = partition.classes.len() - 1;
            partition.classes[class].end += 1;
            partition.class_of[node] = class as u32;
            partition.position[node] = at as u32;
        }
        partition
    }

    /// Notes that a node is to be compared with its class again.
    fn mark(&mut self, node: u32) {
        let index = self.class_of[node as usize];
        let class = &mut self.classes[index as usize];
        let (from, to) = (self.position[node as usize], class.start + class.marked);
        if from < to {
            return;
        }
        if class.marked == 0 {
            self.queue.push(index);
        }
        class.marked += 1;
        let other = self.order[to as usize];
        self.order.swap(from as usize, to as usize);
        (self.position[node as usize], self.position[other as usize]) = (to, from);
    }

    /// Splits a class by where its marked nodes lead now. Returns the nodes that are in another class than before.
    fn split(&mut self, index: u32, graph: &Labelled<'_>) -> Vec<u32> {
        let Class { start, end, marked } = self.classes[index as usize];
        self.classes[index as usize].marked = 0;
        if end - start == 1 {
            return Vec::new();
        }
        let nodes = graph.labels.len() as u32;
        let target = |edge: u32| match edge < nodes {
            true => self.class_of[edge as usize],
            // Beyond all classes, of which there are no more than nodes.
            false => edge,
        };
        let places = start as usize..(start + marked) as usize;
        let mut signed: Vec<(Vec<u32>, u32)> = self.order[places]
            .iter()
            .map(|&node| (graph.edges_of(node).iter().map(|&edge| target(edge)).collect(), node))
            .collect();
        signed.sort_unstable();

        // The parts as ranges, that of the unmarked nodes last: their edges lead where they led.
        let mut ends: Vec<u32> = Vec::new();
        for (n, (signature, node)) in signed.iter().enumerate() {
            let at = start + n as u32;
            self.order[at as usize] = *node;
            self.position[*node as usize] = at;
            if n > 0 && signed[n - 1].0 != *signature {
                ends.push(at);
            }
        }
        ends.push(start + marked);
        if start + marked < end {
            ends.push(end);
        }
        let starts = std::iter::once(start).chain(ends.iter().copied());
        let parts: Vec<(u32, u32)> = starts.zip(ends.iter().copied()).collect();
        let stays = parts.iter().copied().max_by_key(|(start, end)| end - start);
        let mut moved = Vec::new();
        for part in parts {
            let class = Class { start: part.0, end: part.1, marked: 0 };
            if Some(part) == stays {
                self.classes[index as usize] = class;
                continue;
            }
            let new = self.classes.len() as u32;
            self.classes.push(class);
            for &node in &self.order[part.0 as usize..part.1 as usize] {
                self.class_of[node as usize] = new;
                moved.push(node);
            }
        }
        moved
    }
}

/// For each node, those with an edge to it.
struct Predecessors {
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl Predecessors {
    fn of(graph: &Labelled<'_>) -> Self {
        let count = graph.labels.len();
        let inner = |edge: &&u32| (**edge as usize) < count;
        let mut starts = vec![0_u32; count + 1];
        for &edge in graph.edges.iter().filter(inner) {
            starts[edge as usize + 1] += 1;
        }
        for n in 0..count {
            starts[n + 1] += starts[n];
        }
        let mut next = starts.clone();
        let mut nodes = vec![0; starts[count] as usize];
        for node in 0..count as u32 {
            for &edge in graph.edges_of(node).iter().filter(inner) {
                nodes[next[edge as usize] as usize] = node;
                next[edge as usize] += 1;
            }
        }
        Self { starts, nodes }
    }

    fn of_node(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.nodes[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The classes, as the first node of each.
    fn classes(labels: &[u32], edges: &[&[u32]]) -> Vec<usize> {
        let mut starts = vec![0];
        let mut all = Vec::new();
        for edges in edges {
            all.extend_from_slice(edges);
            starts.push(all.len() as u32);
        }
        let classes = Labelled { labels, starts: &starts, edges: &all }.classes();
        classes.iter().map(|class| classes.iter().position(|c| c == class).unwrap()).collect()
    }

    #[test]
    fn labels_and_edges_tell_nodes_apart() {
        assert!(classes(&[], &[]).is_empty());
        assert_eq!(classes(&[7, 7, 8], &[&[], &[], &[]]), [0, 0, 2]);
        assert_eq!(classes(&[1, 2, 3, 3], &[&[], &[], &[0], &[1]]), [0, 1, 2, 3]);
        assert_eq!(classes(&[1, 2, 3, 3], &[&[], &[], &[0, 1], &[0, 1]]), [0, 1, 2, 2]);
        // The order of edges counts.
        assert_eq!(classes(&[1, 2, 3, 3], &[&[], &[], &[0, 1], &[1, 0]]), [0, 1, 2, 3]);
        // Numbers beyond the nodes stand for themselves.
        assert_eq!(classes(&[1, 1, 1], &[&[9], &[9], &[10]]), [0, 0, 2]);
    }

    #[test]
    fn cycles_are_equal_until_something_differs() {
        // Two rings of two and one of three, all alike.
        let rings: [&[u32]; 7] = [&[1], &[0], &[3], &[2], &[5], &[6], &[4]];
        assert_eq!(classes(&[1; 7], &rings), [0; 7]);
        // One node of the last ring has another label: all of that ring differ.
        assert_eq!(classes(&[1, 1, 1, 1, 1, 1, 2], &rings), [0, 0, 0, 0, 4, 5, 6]);
    }

    #[test]
    fn a_long_chain_takes_no_time() {
        // Each of the nodes has another distance from the end, so that each is a class, found one by one.
        let count = 100_000_u32;
        let labels = vec![1; count as usize];
        let edges: Vec<u32> = (1..count).collect();
        let mut starts: Vec<u32> = (0..count).collect();
        starts.push(count - 1);
        let mut classes = Labelled { labels: &labels, starts: &starts, edges: &edges }.classes();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), count as usize);
    }
}
