import { BrokerError } from "../broker-error.ts";

/** One login module as Java's configuration of logins names it, with its options. */
export interface JaasModule {
  readonly className: string;
  readonly options: ReadonlyMap<string, string>;
}

const SHAPE = /^\s*([\w.$]+)\s+(?:required|requisite|sufficient|optional)\b(.*);\s*$/is;
const OPTION = /\s*([\w.$-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([^\s;"']+))/gsy;

/** Reads the value of a `sasl.jaas.config`. Throws a BrokerError where it is none; it names no password. */
export function parseJaas(text: string): JaasModule {
  const [, className = "", rest = ""] = SHAPE.exec(text) ?? [];
  const options = new Map<string, string>();
  let end = 0;
  for (const match of rest.matchAll(OPTION)) {
    const [whole, name = "", double, single, bare] = match;
    options.set(name, (double ?? single ?? bare ?? "").replace(/\\(.)/gs, "$1"));
    end = match.index + whole.length;
  }
  if (className === "" || rest.slice(end).trim() !== "") {
    throw new BrokerError(
      "OPTION_INVALID",
      'A sasl.jaas.config cannot be read; write a class, "required", options such as user_ada="secret", and ";".',
    );
  }
  return { className, options };
}
