import { BrokerError } from "../broker-error.ts";

/** A setting that the file needs and does not have. */
export function missing(name: string): BrokerError {
  const message = `The listeners need ${name}, which the properties file does not have; set it there.`;
  return new BrokerError("OPTION_INVALID", message);
}
