/** What a node answered. */
export interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
  readonly id: unknown;
}

/** Posts a text to the node. */
export function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
}

/** Calls a method. */
export async function call(url: string, method: string, ...params: unknown[]): Promise<Answer> {
  const response = await post(url, JSON.stringify({ jsonrpc: "2.0", id: 7, method, params }));
  return (await response.json()) as Answer;
}

/** The full result of `getBlock`, as an ingesting client asks for it. */
export const FULL = {
  encoding: "json",
  transactionDetails: "full",
  maxSupportedTransactionVersion: 0,
  rewards: false,
  commitment: "confirmed",
};
