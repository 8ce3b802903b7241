import { CandlewickError, ERRORS } from "@candlewick/runtime";

/** Where a node is called, without its secrets in the open. */
export interface RpcEndpoint {
  /** What is called; holds no user name or password. */
  readonly url: string;
  /** Value of the Authorization header, where the URL had a user name. */
  readonly authorization: string | null;
  /** For people and logs: keys in path and query are left out. */
  readonly shown: string;
  /** Where slots may be subscribed to, in the order to try. */
  readonly wsUrls: readonly string[];
}

/**
 * Reads the URL of a node's JSON-RPC. Without `wsUrl` subscriptions are tried at the same address and at
 * the port after it, where validators have them. Throws a CandlewickError for what is no http(s) or ws(s) URL.
 */
export function rpcEndpoint(rpcUrl: string, wsUrl: string | null = null): RpcEndpoint {
  const url = parse(rpcUrl, ["http:", "https:"], "ingest.rpcUrl", "http://127.0.0.1:8899");
  const shown = redactUrl(url);
  const { username, password } = url;
  const authorization =
    username === "" && password === ""
      ? null
      : `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`;
  url.username = "";
  url.password = "";
  const wsUrls =
    wsUrl === null
      ? derivedWsUrls(url)
      : [parse(wsUrl, ["ws:", "wss:"], "ingest.wsUrl", "ws://127.0.0.1:8900").href];
  return { url: url.href, authorization, shown, wsUrls };
}

function parse(text: string, protocols: readonly string[], key: string, example: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !protocols.includes(url.protocol)) {
    throw new CandlewickError(
      ERRORS.configuration,
      `${key} is not a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}.`,
      `Write it like ${example}.`,
    );
  }
  return url;
}

function derivedWsUrls(http: URL): string[] {
  const same = new URL(http);
  same.protocol = http.protocol === "https:" ? "wss:" : "ws:";
  if (http.port === "") return [same.href];
  const next = new URL(same);
  next.port = String(Number(http.port) + 1);
  return next.port === "" || Number(http.port) >= 65_535 ? [same.href] : [same.href, next.href];
}

/** A URL as it may be shown: no user, no password, no values of the query, no part of the path that looks like a key. */
export function redactUrl(url: URL): string {
  const path = url.pathname
    .split("/")
    .map((part) => (part.length >= 16 ? "***" : part))
    .join("/");
  const query = [...url.searchParams.keys()].map((name) => `${name}=***`).join("&");
  const user = url.username === "" && url.password === "" ? "" : "***@";
  return `${url.protocol}//${user}${url.host}${path === "/" ? "" : path}${query === "" ? "" : `?${query}`}`;
}
