/** A message that violates its contract: it can never be processed (poison). `path` names the field. */
export class ContractError extends Error {
  override readonly name = "ContractError";
  readonly path: string;

  constructor(path: string, problem: string, options?: { cause?: unknown }) {
    super(`${path}: ${problem}`, options);
    this.path = path;
  }
}
