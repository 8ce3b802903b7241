import { element } from "./element.ts";

/** A row of buttons of which one is chosen. */
export class Segments<Name extends string> {
  readonly #root: HTMLElement;
  readonly #onChoose: (name: Name) => void;

  constructor(root: HTMLElement, onChoose: (name: Name) => void) {
    this.#root = root;
    this.#onChoose = onChoose;
  }

  /** Draws the choices; `label` is what a button shows. */
  show(choices: readonly { name: Name; label: string }[], chosen: Name): void {
    const focused = this.#root.contains(document.activeElement);
    this.#root.replaceChildren(
      ...choices.map(({ name, label }) => {
        const pressed = String(name === chosen);
        const button = element(
          "button",
          { type: "button", "aria-pressed": pressed, "data-name": name },
          label,
        );
        button.addEventListener("click", () => this.#onChoose(name));
        return button;
      }),
    );
    if (focused) this.#root.querySelector<HTMLElement>("[aria-pressed=true]")?.focus();
  }
}
