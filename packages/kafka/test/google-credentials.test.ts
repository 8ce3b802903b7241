import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { googleToken } from "../src/index.ts";

const EMAIL = "producer@project.iam.gserviceaccount.com";
const KEY = "GOOGLE_APPLICATION_CREDENTIALS";
/** Without it the library asks Google for the project. */
const PROJECT = "GOOGLE_CLOUD_PROJECT";

/**
 * Application-default credentials of a machine outside of Google (workload identity federation), through Google's
 * own library, with local servers in the place of Google's.
 */
describe("Google's application-default credentials", () => {
  const folder = mkdtempSync(join(tmpdir(), "candlewick-google-"));
  const expires = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000);
  const asked: string[] = [];
  const before = { [KEY]: process.env[KEY], [PROJECT]: process.env[PROJECT] };
  let server: Server;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = request.url ?? "";
      asked.push(path);
      response.setHeader("content-type", "application/json");
      const token = path.startsWith("/sts")
        ? { access_token: "federated", token_type: "Bearer", expires_in: 3600, issued_token_type: "x" }
        : { accessToken: "ya29.impersonated", expireTime: expires.toISOString() };
      request.resume().on("end", () => response.end(JSON.stringify(token)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    const base = `http://127.0.0.1:${address.port}`;
    writeFileSync(join(folder, "subject"), "a token of the other side");
    writeFileSync(
      join(folder, "credentials.json"),
      JSON.stringify({
        type: "external_account",
        audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        token_url: `${base}/sts`,
        service_account_impersonation_url: `${base}/v1/projects/-/serviceAccounts/${EMAIL}:generateAccessToken`,
        credential_source: { file: join(folder, "subject") },
      }),
    );
    process.env[KEY] = join(folder, "credentials.json");
    process.env[PROJECT] = "project";
  });
  afterAll(() => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  it("become a token that names the account and ends with the access token", async () => {
    const parts = (await googleToken().token()).split(".");
    const [, claims = "", token = ""] = parts.map((part) => Buffer.from(part, "base64url").toString());
    expect(token).toBe("ya29.impersonated");
    expect(JSON.parse(claims)).toMatchObject({
      sub: EMAIL,
      iss: "Google",
      scope: "kafka",
      exp: expires.getTime() / 1000,
    });
    expect(asked).toEqual(["/sts", `/v1/projects/-/serviceAccounts/${EMAIL}:generateAccessToken`]);
  });
});
