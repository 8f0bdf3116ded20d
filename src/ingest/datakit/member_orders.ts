/** Objects whose members are written in another order than they come in, of which there may be very many. */

/** Their members, where they begin in the order that they are written in, and behind them the object's last bracket. */
export interface MemberOrders {
  /** Adds an object that begins at `from`. */
  add(from: number, members: readonly number[], closeAt: number): void;
  /** What tells the object that begins at `from`; `undefined`: its members are written as they come. */
  find(from: number): number | undefined;
  /** Where an object's member begins, or behind the last one its bracket is. */
  place(found: number, index: number): number;
}

export function createMemberOrders(): MemberOrders {
  /** Of each object how many places there are, and the places. */
  let places = new Uint32Array(0);
  let length = 0;
  const byFrom = new Map<number, number>();

  function push(place: number): void {
    if (length === places.length) {
      const larger = new Uint32Array(Math.max(64, 2 * length));
      larger.set(places);
      places = larger;
    }
    places[length++] = place;
  }

  return {
    add: (from, members, closeAt) => {
      byFrom.set(from, length);
      push(members.length + 1);
      for (const member of members) push(member);
      push(closeAt);
    },
    find: (from) => byFrom.get(from),
    place: (found, index) => places[found + 1 + Math.min(index, (places[found] ?? 0) - 1)] ?? 0,
  };
}
