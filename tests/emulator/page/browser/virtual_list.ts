/// <reference lib="dom" />
/** A list of any length from a fixed pool of rows, which are moved and filled again. */
import { h, put } from "./dom.ts";

/** A row of the pool; `index` is what it shows now. */
interface Row {
  readonly element: HTMLElement;
  index: number;
  isStale: boolean;
}

export interface VirtualListOptions {
  readonly rowHeight: number;
  /** `index` tells what the row shows when it is asked, e.g. at a click. */
  readonly make: (index: () => number) => HTMLElement;
  readonly fill: (element: HTMLElement, index: number) => void;
}

export interface VirtualList {
  setCount(count: number): void;
  /** Fills all visible rows again. */
  refresh(): void;
  scrollTo(index: number): void;
  /** The last row is in view. */
  readonly isAtEnd: boolean;
}

/** Rows above and below what is visible. */
const SPARE_ROWS = 4;

/** Takes over the content of `box`. */
export function createVirtualList(
  box: HTMLElement,
  { rowHeight, make, fill }: VirtualListOptions,
): VirtualList {
  const pad = h("div", { role: "presentation" });
  const pool: Row[] = [];
  let count = 0;
  let asked = false;
  put(box, pad);

  function draw(): void {
    asked = false;
    const from = Math.max(0, Math.floor(box.scrollTop / rowHeight) - SPARE_ROWS);
    const to = Math.min(count, Math.ceil((box.scrollTop + box.clientHeight) / rowHeight) + SPARE_ROWS);
    while (pool.length < to - from) addRow();
    const used = new Set<Row>();
    for (let index = from; index < to; index++) {
      const row = pool[index % pool.length];
      if (row === undefined) continue;
      used.add(row);
      row.element.hidden = false;
      if (row.index === index && !row.isStale) continue;
      row.index = index;
      row.isStale = false;
      row.element.style.transform = `translateY(${index * rowHeight}px)`;
      fill(row.element, index);
    }
    for (const row of pool) if (!used.has(row)) row.element.hidden = true;
  }

  function addRow(): void {
    const place = { index: -1 };
    const element = make(() => place.index);
    const row: Row = Object.assign(place, { isStale: true, element });
    row.element.style.height = `${rowHeight}px`;
    // A row's place in the pool follows from its index, so a longer pool moves all of them.
    for (const known of pool) known.isStale = true;
    pool.push(row);
    pad.append(row.element);
  }

  function ask(): void {
    if (asked) return;
    asked = true;
    requestAnimationFrame(draw);
  }

  function refresh(): void {
    for (const row of pool) row.isStale = true;
    draw();
  }

  box.onscroll = ask;
  new ResizeObserver(ask).observe(box);
  return {
    setCount: (next) => {
      count = next;
      pad.style.height = `${count * rowHeight}px`;
      refresh();
    },
    refresh,
    scrollTo: (index) => {
      const top = index * rowHeight;
      if (top < box.scrollTop) box.scrollTop = top;
      else if (top + rowHeight > box.scrollTop + box.clientHeight) {
        box.scrollTop = top + rowHeight - box.clientHeight;
      }
      draw();
    },
    get isAtEnd(): boolean {
      return box.scrollTop + box.clientHeight >= count * rowHeight - rowHeight;
    },
  };
}
