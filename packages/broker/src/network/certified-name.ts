import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/**
 * The subject of the certificate that a client has shown and that a trusted one has signed, written as RFC 2253
 * has it: "CN=ada,O=example". Undefined where there is none.
 */
export function certifiedName(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  // A certificate begins with what is most general, the name with what is most special.
  const parts = Object.entries(subject)
    .reverse()
    .flatMap(([type, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) => `${type}=${escaped(one ?? "")}`),
    );
  return parts.length === 0 ? undefined : parts.join(",");
}

function escaped(value: string): string {
  return value.replace(/[,+"\\<>;]/g, "\\$&").replace(/^[ #]| $/g, "\\$&");
}
