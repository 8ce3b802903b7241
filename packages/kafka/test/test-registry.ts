import { createServer, type Server } from "node:http";

interface Stored {
  readonly schema: string;
  readonly schemaType?: string;
  readonly references?: readonly { name: string; subject: string; version: number }[];
}

/** A server that speaks the part of Confluent's interface that the codecs use. No real registry runs in the tests. */
export interface TestRegistry {
  readonly url: string;
  /** Requests so far, such as "GET /schemas/ids/1". */
  readonly requests: string[];
  readonly authorizations: Set<string | undefined>;
  /** Puts a schema there without a request; resolves with its number. */
  store(subject: string, schema: Stored): number;
  /** Answers the next requests with these codes. */
  failNext(...codes: number[]): void;
  stop(): Promise<void>;
}

export async function startTestRegistry(): Promise<TestRegistry> {
  const schemas: Stored[] = [];
  const subjects = new Map<string, number[]>();
  const requests: string[] = [];
  const authorizations = new Set<string | undefined>();
  const failures: number[] = [];
  const store = (subject: string, schema: Stored): number => {
    const known = schemas.findIndex((other) => other.schema === schema.schema);
    const id = known >= 0 ? known + 1 : schemas.push(schema);
    subjects.set(subject, [...(subjects.get(subject) ?? []), id]);
    return id;
  };
  const answer = (method: string, path: string, body: string): [number, unknown] => {
    const failure = failures.shift();
    if (failure !== undefined)
      return [failure, { error_code: failure, message: `told to answer ${failure}` }];
    const byId = /^\/schemas\/ids\/(-?\d+)$/.exec(path);
    if (byId !== null) {
      const found = schemas[Number(byId[1]) - 1];
      return found === undefined ? [404, { error_code: 40403, message: "Schema not found" }] : [200, found];
    }
    const versions = /^\/subjects\/([^/]+)\/versions(?:\/(latest|\d+))?$/.exec(path);
    if (versions === null) return [404, { message: "no such page" }];
    const subject = decodeURIComponent(versions[1] ?? "");
    if (method === "POST") return [200, { id: store(subject, JSON.parse(body)) }];
    const ids = subjects.get(subject) ?? [];
    const id = versions[2] === "latest" ? ids.at(-1) : ids[Number(versions[2]) - 1];
    const found = id === undefined ? undefined : schemas[id - 1];
    return found === undefined
      ? [404, { error_code: 40401, message: "Subject not found" }]
      : [200, { id, ...found }];
  };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "" } = request;
      requests.push(`${method} ${url}`);
      authorizations.add(request.headers.authorization);
      const [status, body] = answer(method, url, Buffer.concat(chunks).toString());
      response.writeHead(status, { "content-type": "application/vnd.schemaregistry.v1+json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the registry has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    authorizations,
    store,
    failNext: (...codes) => void failures.push(...codes),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
