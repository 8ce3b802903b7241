import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why no certificates can be made here; null where they can. */
export function opensslProblem(): string | null {
  return spawnSync("openssl", ["version"]).error === undefined ? null : "openssl is not installed";
}

/** Certificates of one authority, as PEM files in a folder that goes away with `remove`. */
export class TestAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), "candlewick-certificates-"));
  readonly caFile = join(this.folder, "ca.pem");
  #count = 0;

  constructor(name: string) {
    this.#openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", `/CN=${name}`, [
      "-keyout",
      this.#path("ca-key.pem"),
      "-out",
      this.caFile,
    ]);
  }

  get ca(): string {
    return readFileSync(this.caFile, "utf8");
  }

  /** A certificate for a subject with these names, such as "IP:127.0.0.1" or "DNS:localhost". */
  issue(subject: string, names: string): { certFile: string; keyFile: string; bundleFile: string } {
    const id = String(this.#count++);
    const [keyFile, request, certFile] = ["key", "csr", "cert"].map((part) =>
      this.#path(`${part}-${id}.pem`),
    );
    if (keyFile === undefined || request === undefined || certFile === undefined) throw new Error("no paths");
    const extensions = this.#path(`extensions-${id}`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    this.#openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${subject}`, [
      "-keyout",
      keyFile,
      "-out",
      request,
    ]);
    this.#openssl("x509", "-req", "-in", request, "-CA", this.caFile, "-CAkey", this.#path("ca-key.pem"), [
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      extensions,
      "-out",
      certFile,
    ]);
    const bundleFile = this.#path(`bundle-${id}.pem`);
    writeFileSync(bundleFile, readFileSync(keyFile, "utf8") + readFileSync(certFile, "utf8"));
    return { certFile, keyFile, bundleFile };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  #openssl(...args: (string | string[])[]): void {
    execFileSync("openssl", args.flat(), { stdio: "pipe" });
  }
}
