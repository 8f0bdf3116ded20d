/** What the doctor found. `fault`: something that does not work. `note`: worth knowing. */
export interface Finding {
  readonly outcome: "ok" | "note" | "fault";
  /** What was looked at. */
  readonly about: string;
  /** What was seen, and where it is a fault what to do about it, in a sentence. */
  readonly text: string;
}

/** A finding of something in order. */
export function ok(about: string, text: string): Finding {
  return { outcome: "ok", about, text };
}

export function note(about: string, text: string): Finding {
  return { outcome: "note", about, text };
}

export function fault(about: string, text: string): Finding {
  return { outcome: "fault", about, text };
}
