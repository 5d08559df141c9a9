/** The candidate that a mistyped name most likely means, or undefined where none is near. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const wanted = simplified(name);
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, simplified(candidate));
    if (!best || distance < best.distance) best = { candidate, distance };
  }
  const limit = wanted.length < 5 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  return best && best.distance <= limit ? best.candidate : undefined;
}

/** `basePath`, `base-path` and `BASE_PATH` are all `base_path` to a person. */
function simplified(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one text to the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
