/** Pipes between nodes, those of one node side by side: node v's are starts[v] to starts[v + 1] − 1. */
export interface Network {
  readonly starts: Uint32Array;
  readonly to: Uint32Array;
  readonly capacity: Float32Array;
}

/** Differences below this are rounding: pipes are not worth a search for them. */
const drop = 1e-12;

/** A network laid pipe by pipe, node after node in their order; pipes of no capacity are passed over. */
export class NetworkBuilder {
  #to = new Uint32Array(1024);
  #capacity = new Float32Array(1024);
  #count = 0;
  readonly #starts: Uint32Array;
  #node = 0;

  constructor(nodes: number) {
    this.#starts = new Uint32Array(nodes + 1);
  }

  add(from: number, to: number, capacity: number): void {
    if (capacity <= drop) return;
    while (this.#node < from) this.#starts[++this.#node] = this.#count;
    if (this.#count === this.#to.length) {
      const grown = Math.ceil(this.#count * 1.5);
      const [targets, capacities] = [new Uint32Array(grown), new Float32Array(grown)];
      targets.set(this.#to);
      capacities.set(this.#capacity);
      [this.#to, this.#capacity] = [targets, capacities];
    }
    this.#to[this.#count] = to;
    this.#capacity[this.#count++] = capacity;
  }

  get network(): Network {
    while (this.#node < this.#starts.length - 1) this.#starts[++this.#node] = this.#count;
    return {
      starts: this.#starts,
      to: this.#to.subarray(0, this.#count),
      capacity: this.#capacity.subarray(0, this.#count),
    };
  }
}

/** What flows back: into each node, the pipes that something flows through, and where they come from. */
type Back = readonly { readonly from: number; readonly pipe: number }[];

/**
 * The most that flows from source to each sink, or into several nodes together, by itself (Dinic 1970): breadth-first levels, then depth-first pushes along
 * them, until the sink cannot be reached. Cost: 16 bytes a pipe held, and a few passes over all pipes for each sink.
 */
export function maximumFlows(
  { starts, to, capacity }: Network,
  source: number,
  sinks: readonly (number | readonly number[])[],
): number[] {
  const nodes = starts.length - 1;
  const room = new Float64Array(capacity.length);
  const level = new Int32Array(nodes);
  const next = new Uint32Array(nodes);
  const queue = new Uint32Array(nodes);
  return sinks.map((sink) => {
    const ends = new Set(typeof sink === 'number' ? [sink] : sink);
    if (ends.has(source)) return Number.POSITIVE_INFINITY;
    room.set(capacity);
    const back = new Map<number, { from: number; pipe: number }[]>();
    const flowing = (node: number): Back => back.get(node) ?? [];
    /** What may still be taken back out of a pipe. */
    const used = (pipe: number): number => capacity[pipe]! - room[pipe]!;
    /** Steps from the source over pipes with room, as far as the nearest end; −1 where there is no way. */
    const found = (): boolean => {
      let reached = false;
      level.fill(-1);
      level[source] = 0;
      let count = 1;
      queue[0] = source;
      const see = (node: number, steps: number): void => {
        if (level[node]! >= 0) return;
        level[node] = steps;
        queue[count++] = node;
        reached ||= ends.has(node);
      };
      for (let at = 0; at < count && !reached; at++) {
        const node = queue[at]!;
        const steps = level[node]! + 1;
        for (let pipe = starts[node]!; pipe < starts[node + 1]!; pipe++) if (room[pipe]! > drop) see(to[pipe]!, steps);
        for (const { from, pipe } of flowing(node)) if (used(pipe) > drop) see(from, steps);
      }
      return reached;
    };
    const push = (node: number, most: number): number => {
      if (ends.has(node)) return most;
      let left = most;
      const size = starts[node + 1]! - starts[node]!;
      // A node's own pipes first, then what flows into it, which may be sent back.
      for (; next[node]! < size && left > drop; next[node]!++) {
        const pipe = starts[node]! + next[node]!;
        const target = to[pipe]!;
        if (room[pipe]! <= drop || level[target] !== level[node]! + 1) continue;
        const pushed = push(target, Math.min(left, room[pipe]!));
        if (pushed <= 0) continue;
        if (room[pipe] === capacity[pipe]) {
          const list = back.get(target);
          if (!list) back.set(target, [{ from: node, pipe }]);
          else if (!list.some((one) => one.pipe === pipe)) list.push({ from: node, pipe });
        }
        room[pipe]! -= pushed;
        left -= pushed;
        if (left <= drop) return most - left;
      }
      for (; next[node]! < size + flowing(node).length && left > drop; next[node]!++) {
        const { from, pipe } = flowing(node)[next[node]! - size]!;
        if (used(pipe) <= drop || level[from] !== level[node]! + 1) continue;
        const pushed = push(from, Math.min(left, used(pipe)));
        room[pipe]! += pushed;
        left -= pushed;
        if (left <= drop) return most - left;
      }
      return most - left;
    };
    // No more leaves the source than its pipes hold.
    const most = capacity.subarray(starts[source], starts[source + 1]).reduce((sum, one) => sum + one, 0);
    let total = 0;
    while (total < most - drop && found()) {
      next.fill(0);
      total += push(source, most - total);
    }
    return total;
  });
}
