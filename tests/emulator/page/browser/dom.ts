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
      element.addEventListener(key.slice(2), (event) => value(event as never));
    } else if (typeof value === "object") {
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    } else {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
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
