import { METHODS, type MethodContext } from "./methods.ts";
import { Parameters } from "./parameters.ts";
import { RPC_ERRORS, RpcError } from "./rpc-error.ts";

type RequestId = string | number | null;

export interface RpcRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: unknown;
}

/** Answers the text of one request or of a batch; null where nothing is to be answered. */
export function answer(context: MethodContext, body: string): string | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return errorText(null, RPC_ERRORS.parse());
  }
  if (!Array.isArray(parsed)) return answerOne(context, parsed);
  if (parsed.length === 0) return errorText(null, RPC_ERRORS.invalidRequest());
  const answers = parsed.map((request) => answerOne(context, request)).filter((text) => text !== null);
  return answers.length === 0 ? null : `[${answers.join(",")}]`;
}

function answerOne(context: MethodContext, value: unknown): string | null {
  const request = requestOf(value);
  if (request === null) return errorText(null, RPC_ERRORS.invalidRequest());
  const answered = "id" in (value as object);
  try {
    const method = METHODS.get(request.method);
    if (method === undefined) throw RPC_ERRORS.methodNotFound();
    const result = method(context, new Parameters(request.params));
    return answered ? resultText(request.id, result) : null;
  } catch (error) {
    if (!(error instanceof RpcError)) context.onBug(error);
    const told = error instanceof RpcError ? error : RPC_ERRORS.internal();
    return answered ? errorText(request.id, told) : null;
  }
}

/** Null for anything that is no JSON-RPC 2.0 request. */
export function requestOf(value: unknown): RpcRequest | null {
  if (typeof value !== "object" || value === null) return null;
  const { jsonrpc, method, params, id } = value as Record<string, unknown>;
  if (jsonrpc !== "2.0" || typeof method !== "string") return null;
  if (id !== undefined && id !== null && typeof id !== "string" && typeof id !== "number") return null;
  return { id: id ?? null, method, params };
}

export function resultText(id: RequestId, result: string): string {
  return `{"jsonrpc":"2.0","result":${result},"id":${JSON.stringify(id)}}`;
}

export function errorText(id: RequestId, error: RpcError): string {
  return `{"jsonrpc":"2.0","error":${JSON.stringify(error)},"id":${JSON.stringify(id)}}`;
}
