import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { saslAuthenticate } from "../../packages/broker/src/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../../packages/broker/src/protocol/messages/sasl-handshake.ts";
import type { Session } from "../session.ts";
import { area } from "../suite.ts";
import { signedToken, unsecuredToken } from "../tokens.ts";
import { versionEnds } from "../version-ends.ts";

const MECHANISM = "OAUTHBEARER";
const ACKNOWLEDGEMENT = Buffer.from("\x01");

function message(token: string, header = "n,,"): Buffer {
  return Buffer.from(`${header}\x01auth=Bearer ${token}\x01\x01`);
}

/** Hands over a message and, where an error is the answer, acknowledges it. */
async function present(client: Session, authBytes: Buffer, step: string, version = 2): Promise<void> {
  await client.ask(saslHandshake, 1, { mechanism: MECHANISM });
  const answer = await client.ask(saslAuthenticate, version, { authBytes });
  client.note(step, answer);
  if (answer.errorCode !== 0) return;
  if (answer.authBytes.length > 0) {
    const end = await client.ask(saslAuthenticate, version, { authBytes: ACKNOWLEDGEMENT });
    client.note(`${step}, acknowledged`, end);
    // Words, but of RFC 7628: clients tell by them what is wrong with their token.
    client.note(`${step}, told`, { told: end.errorMessage });
  } else {
    await client.attempt(metadata, 12, { topics: [] }, `${step}, served`);
  }
}

const now = (): number => Math.floor(Date.now() / 1000);

export const oauthCases = [
  ...area("oauthbearer", {
    "a signed token at both ends": async (session) => {
      for (const version of versionEnds(saslAuthenticate)) {
        await present(session.guarded(), message(signedToken()), `good ${version}`, version);
      }
    },
    "signed tokens that are no good": async (session) => {
      const attempt = (step: string, token: string) => present(session.guarded(), message(token), step);
      await attempt("forged", signedToken({}, { isForged: true }));
      await attempt("an unknown key", signedToken({}, { kid: "second" }));
      await attempt("over", signedToken({ exp: now() - 100 }));
      await attempt("over within the skew", signedToken({ exp: now() - 10 }));
      await attempt("without an end", signedToken({ exp: undefined }));
      await attempt("without a beginning", signedToken({ iat: undefined }));
      await attempt("not yet", signedToken({ nbf: now() + 1000 }));
      await attempt("for others", signedToken({ aud: "others" }));
      await attempt("for us and others", signedToken({ aud: ["others", "kafka-clients"] }));
      await attempt("for nobody", signedToken({ aud: undefined }));
      await attempt("of another issuer", signedToken({ iss: "https://other.example" }));
      await attempt("of nobody", signedToken({ sub: undefined }));
      await attempt("of an empty name", signedToken({ sub: " " }));
      await attempt("without a scope", signedToken({ scope: undefined }));
      await attempt("unsecured", unsecuredToken());
      await attempt("no token at all", "abc");
      await attempt("two parts", "abc.def");
    },
    "an unsecured token at both ends": async (session) => {
      for (const version of versionEnds(saslAuthenticate)) {
        await present(session.unsecured(), message(unsecuredToken()), `good ${version}`, version);
      }
    },
    "unsecured tokens that are no good": async (session) => {
      const attempt = (step: string, token: string) => present(session.unsecured(), message(token), step);
      await attempt("over", unsecuredToken({ exp: now() - 100 }));
      await attempt("without an end", unsecuredToken({ exp: undefined }));
      await attempt("without a beginning", unsecuredToken({ iat: undefined }));
      await attempt("without a scope", unsecuredToken({ scope: undefined }));
      await attempt("with another scope", unsecuredToken({ scope: "other" }));
      await attempt("with more scopes", unsecuredToken({ scope: "other kafka" }));
      await attempt("with a list of scopes", unsecuredToken({ scope: ["other", "kafka"] }));
      await attempt("of nobody", unsecuredToken({ sub: undefined }));
      await attempt("signed", signedToken());
      await attempt("no token at all", "abc");
    },
    "messages that are none": async (session) => {
      const attempt = async (step: string, authBytes: Buffer): Promise<void> => {
        const client = session.guarded();
        await client.ask(saslHandshake, 1, { mechanism: MECHANISM });
        await client.attempt(saslAuthenticate, 2, { authBytes }, step);
      };
      const token = signedToken();
      await attempt("empty", Buffer.alloc(0));
      await attempt("an acknowledgement of nothing", ACKNOWLEDGEMENT);
      await attempt("without a header", Buffer.from(`\x01auth=Bearer ${token}\x01\x01`));
      await attempt("without its end", Buffer.from(`n,,\x01auth=Bearer ${token}\x01`));
      await attempt("without a token", Buffer.from("n,,\x01\x01"));
      await attempt("of another scheme", Buffer.from(`n,,\x01auth=Basic ${token}\x01\x01`));
      await attempt("in small letters", Buffer.from(`n,,\x01auth=bearer ${token}\x01\x01`));
      await attempt("for itself", message(token, "n,a=alice,"));
      await attempt("for somebody else", message(token, "n,a=bob,"));
      await attempt("with extensions", Buffer.from(`n,,\x01auth=Bearer ${token}\x01key=value\x01\x01`));
      await attempt(
        "with auth as an extension",
        Buffer.from(`n,,\x01auth=Bearer ${token}\x01auth=x\x01\x01`),
      );
      await attempt("with an odd name", Buffer.from(`n,,\x01auth=Bearer ${token}\x01k1=value\x01\x01`));
    },
    "an error that is not acknowledged": async (session) => {
      const client = session.guarded();
      await client.ask(saslHandshake, 1, { mechanism: MECHANISM });
      const refused = message(signedToken({ aud: "others" }));
      await client.send(saslAuthenticate, 2, { authBytes: refused }, "refused");
      await client.attempt(saslAuthenticate, 2, { authBytes: message(signedToken()) }, "another token");
    },
    "a login again": async (session) => {
      const client = session.guarded();
      await present(client, message(signedToken()), "first");
      await present(client, message(signedToken()), "again");
      await client.attempt(saslHandshake, 1, { mechanism: "PLAIN" }, "by another way");
      await client.attempt(saslAuthenticate, 2, { authBytes: Buffer.from("\0alice\0alice-secret") });
      await client.attempt(metadata, 12, { topics: [] }, "and goes on");
      const other = session.guarded();
      await present(other, message(signedToken()), "alice");
      await other.ask(saslHandshake, 1, { mechanism: MECHANISM });
      await other.attempt(saslAuthenticate, 2, { authBytes: message(signedToken({ sub: "bob" })) }, "as bob");
      const failing = session.guarded();
      await present(failing, message(signedToken()), "well");
      await failing.attempt(saslHandshake, 1, { mechanism: "GSSAPI" }, "by an unknown way");
    },
    "a login that is over": async (session) => {
      const client = session.guarded();
      await client.ask(saslHandshake, 1, { mechanism: MECHANISM });
      // Within the skew: good, and over at once.
      const authBytes = message(signedToken({ exp: now() - 5 }));
      await client.send(saslAuthenticate, 2, { authBytes });
      await client.attempt(metadata, 12, { topics: [] }, "asked too late");
    },
  }),
];
