/**
 * Takes an item out of a list of few, whose order does not matter. For what comes and goes with each request: a `Set` or
 * a `Map` that becomes empty makes a new table each time, and V8 keeps all tables behind one that it once took for old.
 * @see `tests/spec/deno.md` 2.3
 */
export function takeOut<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at < 0) return;
  const last = list.pop();
  if (last !== undefined && at < list.length) list[at] = last;
}
