/// <reference lib="dom" />
/** Drawing on the timeline's canvas in the page's own colours. */

const COLOURS = [
  ...["text", "soft", "line", "edge", "panel", "sunk", "run", "init", "ext", "good", "wait", "bad"],
  ...["badTint", "ice", "accent", "pick", "waitText", "onRun", "onInit"],
] as const;
export type Colour = typeof COLOURS[number];

export interface Brush {
  readonly context: CanvasRenderingContext2D;
  /** Reads the colours of the theme that is on. */
  readColours(): void;
  colour(name: Colour): string;
  box(name: Colour, x: number, y: number, width: number, height: number): void;
  hatch(x: number, y: number, width: number, height: number): void;
  setFont(isBold?: boolean): void;
  widthOf(text: string): number;
  /** Writes what fits into `width`, and nothing that does not. */
  write(text: string, x: number, y: number, width: number, name: Colour, align?: "left" | "center"): void;
}

/** Space beside a text, in px. */
const PADDING = 4;
const HATCH_PX = 6;

/** A brush for this canvas. */
export function createBrush(canvas: HTMLCanvasElement): Brush {
  const context = canvas.getContext("2d");
  if (context === null) throw new TypeError("Cannot draw the timeline as there is no 2d canvas");
  const colours = new Map<Colour, string>();
  let family = "sans-serif";
  /** A tile costs a tenth of lines and a clip for each sleep. */
  let hatching: CanvasPattern | null = null;

  const brush: Brush = {
    context,
    readColours: () => {
      const probe = document.createElement("i");
      document.body.append(probe);
      for (const name of COLOURS) {
        probe.style.color = `var(--${name})`;
        colours.set(name, getComputedStyle(probe).color);
      }
      probe.remove();
      family = getComputedStyle(document.body).fontFamily;
      hatching = context.createPattern(drawHatch(brush.colour("edge")), "repeat");
    },
    colour: (name) => colours.get(name) ?? "#888",
    box: (name, x, y, width, height) => {
      context.fillStyle = brush.colour(name);
      context.fillRect(x, y, width, height);
    },
    hatch: (x, y, width, height) => {
      brush.box("ice", x, y, width, height);
      if (hatching === null) return;
      context.fillStyle = hatching;
      context.fillRect(x, y, width, height);
    },
    setFont: (isBold = false) => void (context.font = `${isBold ? 600 : 400} 11px ${family}`),
    widthOf: (text) => context.measureText(text).width,
    write: (text, x, y, width, name, align = "left") => {
      const room = align === "center" ? 3 : 2 * PADDING;
      if (brush.widthOf(text) + room > width) return;
      context.fillStyle = brush.colour(name);
      context.textAlign = align;
      context.fillText(text, align === "center" ? x + width / 2 : x + PADDING, y);
    },
  };
  return brush;
}

/** A tile of slanted lines that meet those of the next one. */
function drawHatch(colour: string): HTMLCanvasElement {
  const tile = document.createElement("canvas");
  tile.width = tile.height = HATCH_PX;
  const context = tile.getContext("2d");
  if (context === null) return tile;
  context.strokeStyle = colour;
  context.lineWidth = 0.8;
  context.beginPath();
  for (const shift of [-HATCH_PX, 0, HATCH_PX]) {
    context.moveTo(shift - 1, HATCH_PX + 1);
    context.lineTo(shift + HATCH_PX + 1, -1);
  }
  context.stroke();
  return tile;
}
