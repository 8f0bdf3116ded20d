/** Long texts of a log masked in steps before it is written, which is done in one go. */
import type { Steps } from "../bounded_pattern.ts";
import type { MemberMask, SteppedMask } from "./rules.ts";
import { isLong } from "./windows.ts";

/** Texts that are asked for, and a mask that knows them. */
export interface MaskAhead {
  /** Stands for the mask while it is found out what it will be asked for; masks nothing. */
  readonly asked: MemberMask;
  /** The mask, once it knows what it makes of the long texts among them. */
  masked(): Steps<MemberMask>;
}

export function createMaskAhead(mask: SteppedMask): MaskAhead {
  const texts: [text: string, key: string][] = [];
  return {
    asked: (text, key) => {
      if (isLong(text)) texts.push([text, key]);
      return text;
    },
    *masked(): Steps<MemberMask> {
      const known: (readonly [text: string, key: string, masked: string])[] = [];
      for (const [text, key] of texts) known.push([text, key, String(yield* mask.steps(text, key))]);
      if (known.length === 0) return mask;
      return (text, key) => {
        const found = isLong(text) ? known.find((one) => one[1] === key && one[0] === text) : undefined;
        return found === undefined ? mask(text, key) : found[2];
      };
    },
  };
}
