/** What an element is made with: attributes by name (`class`, `title`, `aria-label`), text or children. */
export interface ElementParts {
  readonly [attribute: string]: string | undefined;
}

/** Makes an element. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: ElementParts = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

/** The element of the page with that id. Throws where it is missing: the page and the script are of one build. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}

/** Sets the text only where it differs: a write makes the browser lay out anew. */
export function setText(target: HTMLElement, value: string): void {
  if (target.textContent !== value) target.textContent = value;
}

/** A message in the place of a list or chart: what is the case, what to do, and perhaps a button. */
export function notice(
  title: string,
  advice: string,
  action?: { label: string; run: () => void },
): HTMLElement {
  const box = element("div", { class: "notice-box" }, element("p", { class: "notice-title" }, title));
  if (advice !== "") box.append(element("p", { class: "muted" }, advice));
  if (action !== undefined) {
    const button = element("button", { type: "button", class: "button" }, action.label);
    button.addEventListener("click", action.run);
    box.append(button);
  }
  return box;
}
