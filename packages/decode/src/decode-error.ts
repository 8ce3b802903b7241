/** The bytes are no block (or no transaction) that this package reads. The message says what is wrong and where, in one sentence. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}
