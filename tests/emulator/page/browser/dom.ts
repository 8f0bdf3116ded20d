/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/** Elements. Data only ever becomes text: nothing here takes HTML. */

export type Child = Node | string | false | null | undefined | readonly Child[];
type Handler = (event: never) => void;
export type Props = Readonly<
  Record<string, string | number | boolean | undefined | Handler | Readonly<Record<string, string>>>
>;

/**
 * An element by `tag.class.class`. Of the properties `on…` are handlers, `style` holds CSS properties, the others are
 * attributes; `false` and `undefined` leave one out.
 */
export function h(tag: string, ...rest: readonly (Props | Child)[]): HTMLElement {
  const [name = "div", ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const part of rest) {
    if (isProps(part)) setProps(element, part);
    else append(element, part);
  }
  return element;
}

function isProps(part: Props | Child): part is Props {
  return typeof part === "object" && part !== null && !Array.isArray(part) && !(part instanceof Node);
}

function setProps(element: HTMLElement, props: Props): void {
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") {
      listen(element, key.slice(2), value);
    } else if (typeof value === "object") {
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    } else {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
}

/** What an element made by `h` does at an event, by the event's type; nothing any more, for one that it did. */
const handlersOf = new WeakMap<Element, Map<string, Handler | undefined>>();

function listen(element: Element, type: string, handler: Handler | undefined): void {
  const known = handlersOf.get(element) ?? new Map<string, Handler | undefined>();
  handlersOf.set(element, known);
  if (!known.has(type)) {
    element.addEventListener(type, (event) => handlersOf.get(element)?.get(type)?.(event as never));
  }
  known.set(type, handler);
}

function append(element: Element, child: Child): void {
  if (child === false || child === null || child === undefined) return;
  if (typeof child === "string" || child instanceof Node) element.append(child);
  else for (const inner of child) append(element, inner);
}

/** Replaces what is in an element. */
export function put<E extends Element>(element: E, ...children: readonly Child[]): E {
  element.replaceChildren();
  append(element, children);
  return element;
}

/**
 * Makes the content of an element what `children` say, and keeps the elements that stay what they are, with their focus
 * and scroll position: a button that is replaced between press and release is never clicked. What has `data-fresh` is
 * replaced all the same, as somebody holds on to the new one.
 */
export function patch<E extends Element>(element: E, ...children: readonly Child[]): E {
  const made = document.createElement("div");
  append(made, children);
  patchChildren(element, made);
  return element;
}

function patchChildren(element: Element, made: Element): void {
  const old = [...element.childNodes];
  const wanted = [...made.childNodes];
  wanted.forEach((next, at) => {
    const kept = old[at];
    if (kept === undefined) element.append(next);
    else if (kept instanceof Text && next instanceof Text) setText(kept, next.data);
    else if (kept instanceof HTMLElement && next instanceof HTMLElement && isSame(kept, next)) {
      patchElement(kept, next);
    } else kept.replaceWith(next);
  });
  for (const left of old.slice(wanted.length)) left.remove();
}

function isSame(kept: HTMLElement, next: HTMLElement): boolean {
  return kept.tagName === next.tagName && kept.id === next.id && next.dataset["fresh"] === undefined &&
    kept.dataset["value"] === next.dataset["value"];
}

function patchElement(kept: HTMLElement, next: HTMLElement): void {
  for (const name of kept.getAttributeNames()) if (!next.hasAttribute(name)) kept.removeAttribute(name);
  for (const name of next.getAttributeNames()) {
    const value = next.getAttribute(name) ?? "";
    if (kept.getAttribute(name) === value) continue;
    // The page's own policy forbids styles as text: only properties may be set.
    if (name === "style") kept.style.cssText = value;
    else kept.setAttribute(name, value);
  }
  const handlers = handlersOf.get(next);
  const types = new Set([...(handlersOf.get(kept)?.keys() ?? []), ...(handlers?.keys() ?? [])]);
  for (const type of types) listen(kept, type, handlers?.get(type));
  patchChildren(kept, next);
}

/** Sets the text, if it is another. */
export function setText<N extends Node>(node: N, text: string): N {
  if (node.textContent !== text) node.textContent = text;
  return node;
}

/** Sets `aria-<name>`. */
export function setAria(element: Element, name: string, value: string | number | boolean): void {
  element.setAttribute(`aria-${name}`, String(value));
}

/** The element with this id, which the page has. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new TypeError(`Cannot find #${id} in the page`);
  return element;
}

/** The same for a field. */
export function fieldById(id: string): HTMLInputElement {
  const element = byId(id);
  if (element instanceof HTMLInputElement) return element;
  throw new TypeError(`Cannot use #${id} as it is no field`);
}

/** The same for a dialog. */
export function dialogById(id: string): HTMLDialogElement {
  const element = byId(id);
  if (element instanceof HTMLDialogElement) return element;
  throw new TypeError(`Cannot use #${id} as it is no dialog`);
}

/** Buttons of which one is chosen: one stop of the tab key, arrows go on from there. */
export function radios<V extends string>(
  label: Props,
  values: readonly V[],
  chosen: V,
  text: (value: V) => string,
  choose: (value: V) => void,
): HTMLElement {
  return h(
    "span.seg",
    { role: "radiogroup", ...label },
    values.map((value) =>
      h("button", {
        role: "radio",
        "data-value": value,
        "aria-checked": String(value === chosen),
        tabindex: value === chosen ? 0 : -1,
        onclick: () => choose(value),
      }, text(value))
    ),
  );
}
