import { pbkdf2Sync } from "node:crypto";
import { alterUserScramCredentials } from "../../packages/broker/src/protocol/messages/alter-user-scram-credentials.ts";
import { apiVersions } from "../../packages/broker/src/protocol/messages/api-versions.ts";
import { describeUserScramCredentials } from "../../packages/broker/src/protocol/messages/describe-user-scram-credentials.ts";
import { metadata } from "../../packages/broker/src/protocol/messages/metadata.ts";
import { saslAuthenticate } from "../../packages/broker/src/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../../packages/broker/src/protocol/messages/sasl-handshake.ts";
import { USER } from "../side.ts";
import { area } from "../suite.ts";
import { versionEnds } from "../version-ends.ts";

function plainToken(user: string, password: string): Buffer {
  return Buffer.from(`\0${user}\0${password}`);
}

const RIGHT = plainToken(USER.name, USER.password);
const WRONG = plainToken(USER.name, "wrong");
const SHA_256 = 1;

function credential(name: string, fields: Readonly<Record<string, unknown>> = {}) {
  const salt = Buffer.from("salt of a user");
  const saltedPassword = pbkdf2Sync("secret", salt, 4096, 32, "sha256");
  return { name, mechanism: SHA_256, iterations: 4096, salt, saltedPassword, ...fields };
}

export const saslCases = [
  ...area("sasl", {
    "plain at both ends": async (session) => {
      for (const version of versionEnds(saslAuthenticate)) {
        const client = session.guarded();
        await client.attempt(saslHandshake, 1, { mechanism: "PLAIN" });
        await client.attempt(saslAuthenticate, version, { authBytes: RIGHT });
        const answer = await client.ask(metadata, 12, { topics: [] });
        session.note("served", answer.brokers.length);
      }
    },
    "a wrong password": async (session) => {
      const client = session.guarded();
      await client.attempt(saslHandshake, 1, { mechanism: "PLAIN" });
      await client.attempt(saslAuthenticate, 2, { authBytes: WRONG });
    },
    "an unknown mechanism": async (session) => {
      const client = session.guarded();
      await client.attempt(saslHandshake, 1, { mechanism: "GSSAPI" });
    },
    "requests before anything was proven": async (session) => {
      const versions = await session
        .guarded()
        .ask(apiVersions, 3, { clientSoftwareName: "c", clientSoftwareVersion: "1" });
      session.note("api versions", versions.errorCode);
      await session.guarded().attempt(metadata, 12, { topics: [] });
      await session.guarded().attempt(saslAuthenticate, 2, { authBytes: RIGHT }, "no handshake");
    },
    "where nobody asks": async (session) => {
      for (const version of versionEnds(saslHandshake)) {
        await session.another().attempt(saslHandshake, version, { mechanism: "PLAIN" });
      }
      await session.another().attempt(saslAuthenticate, 2, { authBytes: RIGHT });
    },
    "after it is proven": async (session) => {
      const client = session.guarded();
      await client.attempt(saslHandshake, 1, { mechanism: "PLAIN" });
      await client.attempt(saslAuthenticate, 2, { authBytes: RIGHT });
      await client.attempt(saslHandshake, 1, { mechanism: "PLAIN" }, "once more");
    },
  }),
  ...area("scram credentials", {
    "set, shown and removed": async (session, user) => {
      const isShown = ({ results }: { results: { errorCode: number }[] }): boolean =>
        results[0]?.errorCode === 0;
      const isGone = ({ results }: { results: { errorCode: number }[] }): boolean =>
        results[0]?.errorCode === 91;
      await session.send(
        alterUserScramCredentials,
        0,
        { deletions: [], upsertions: [credential(user)] },
        "set",
      );
      await session.sendUntil(describeUserScramCredentials, 0, { users: [{ name: user }] }, isShown, "shown");
      const deletions = [{ name: user, mechanism: SHA_256 }];
      await session.send(alterUserScramCredentials, 0, { deletions, upsertions: [] }, "removed");
      await session.sendUntil(describeUserScramCredentials, 0, { users: [{ name: user }] }, isGone, "gone");
      await session.send(alterUserScramCredentials, 0, { deletions, upsertions: [] }, "removed again");
    },
    "what cannot be": async (session, user) => {
      const set = (step: string, ...upsertions: ReturnType<typeof credential>[]) =>
        session.attempt(alterUserScramCredentials, 0, { deletions: [], upsertions }, step);
      await set("no name", credential(""));
      await set("an unknown mechanism", credential(user, { mechanism: 9 }));
      await set("too few iterations", credential(user, { iterations: 1 }));
      await set("too many iterations", credential(user, { iterations: 100_000 }));
      await set("no salt", credential(user, { salt: Buffer.alloc(0) }));
      await set("twice", credential(user), credential(user));
      await session.send(alterUserScramCredentials, 0, { deletions: [], upsertions: [] }, "nothing");
      const twice = { users: [{ name: user }, { name: user }] };
      await session.send(describeUserScramCredentials, 0, twice, "described twice");
    },
  }),
];
