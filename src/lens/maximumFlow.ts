export interface Pipe {
  readonly from: number;
  readonly to: number;
  readonly capacity: number;
}

/** Differences below this are rounding: pipes are not worth a search for them. */
const drop = 1e-12;

/**
 * The most that flows from source to sink (Dinic 1970): breadth-first levels, then depth-first pushes along them, until
 * the sink cannot be reached. Nodes are 0 to nodes − 1; pipes of no capacity are passed over.
 */
export function maximumFlow(nodes: number, pipes: readonly Pipe[], source: number, sink: number): number {
  if (source === sink) return Number.POSITIVE_INFINITY;
  const [to, room]: [number[], number[]] = [[], []];
  const leaving: number[][] = Array.from({ length: nodes }, () => []);
  // A pipe and its way back stand side by side: number p and p ^ 1.
  const add = (from: number, target: number, capacity: number): void => {
    leaving[from]!.push(to.length);
    to.push(target);
    room.push(capacity);
  };
  for (const { from, to: target, capacity } of pipes) {
    if (capacity <= drop) continue;
    add(from, target, capacity);
    add(target, from, 0);
  }
  let total = 0;
  for (;;) {
    const level = levels(nodes, leaving, to, room, source);
    if (level[sink]! < 0) return total;
    const next = new Int32Array(nodes);
    const push = (node: number, most: number): number => {
      if (node === sink) return most;
      for (; next[node]! < leaving[node]!.length; next[node]!++) {
        const pipe = leaving[node]![next[node]!]!;
        const target = to[pipe]!;
        if (room[pipe]! <= drop || level[target] !== level[node]! + 1) continue;
        const pushed = push(target, Math.min(most, room[pipe]!));
        if (pushed <= drop) continue;
        room[pipe]! -= pushed;
        room[pipe ^ 1]! += pushed;
        return pushed;
      }
      return 0;
    };
    for (let pushed = push(source, Infinity); pushed > drop; pushed = push(source, Infinity)) total += pushed;
  }
}

/** Steps from the source over pipes with room; −1 where there is no way. */
function levels(
  nodes: number,
  leaving: readonly (readonly number[])[],
  to: readonly number[],
  room: readonly number[],
  source: number,
): Int32Array {
  const level = new Int32Array(nodes).fill(-1);
  level[source] = 0;
  const queue = [source];
  for (const node of queue)
    for (const pipe of leaving[node]!)
      if (room[pipe]! > drop && level[to[pipe]!]! < 0) {
        level[to[pipe]!] = level[node]! + 1;
        queue.push(to[pipe]!);
      }
  return level;
}
