import { Operation } from "../auth/acl.ts";
import { credentialFromSalted, MAX_ITERATIONS, MIN_ITERATIONS, type ScramMechanism } from "../auth/scram.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { alterUserScramCredentials as api } from "../protocol/messages/alter-user-scram-credentials.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { mechanismOf } from "./scram-mechanism-code.ts";
import { storageErrorCode, storageOutcome } from "./storage-failure.ts";

type Request = RequestOf<typeof api>;

/** AlterUserScramCredentials, version 0. The client sends the salted password; the password itself never travels. */
export const alterUserScramCredentials: Handler = serve(api, async (request, context) => {
  const asked = [...request.deletions, ...request.upsertions];
  if (!context.access.cluster(Operation.ALTER)) {
    const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
    return { results: [...new Set(asked.map(({ name }) => name))].map((user) => ({ user, errorCode })) };
  }
  const where = { api: api.name };
  const attempt = (change: () => ErrorCode): ErrorCode => {
    try {
      return change();
    } catch (error) {
      return storageErrorCode(error, context.settings, where);
    }
  };
  const problems = problemsOf(request, context);
  const outcomes = [
    ...request.deletions.map((deletion) => ({
      user: deletion.name,
      errorCode: problems.get(deletion.name) ?? attempt(() => remove(deletion, context)),
    })),
    ...request.upsertions.map((upsertion) => ({
      user: upsertion.name,
      errorCode: problems.get(upsertion.name) ?? attempt(() => set(upsertion, context)),
    })),
  ];
  const flushed = await storageOutcome(context.settings, where, async () => {
    await context.credentials.flush();
    return ErrorCode.NONE;
  });
  // One answer per user: the first thing that went wrong, or none.
  const byUser = Map.groupBy(outcomes, ({ user }) => user);
  const results = [...byUser].map(([user, all]) => ({
    user,
    errorCode: all.find(({ errorCode }) => errorCode !== ErrorCode.NONE)?.errorCode ?? flushed,
  }));
  return { results };
});

/** The first problem of each user who has one: nothing of such a user is changed. */
function problemsOf(
  { deletions, upsertions }: Request,
  { credentials }: RequestContext,
): ReadonlyMap<string, ErrorCode> {
  const problems = new Map<string, ErrorCode>();
  const judged = new Set<string>();
  const judge = (one: Credential, problem: (mechanism: ScramMechanism) => ErrorCode): void => {
    if (problems.has(one.name)) return;
    const known = mechanismOf(one.mechanism);
    // Even of different mechanisms only one credential of a user can be changed at a time.
    const found = judged.has(one.name)
      ? ErrorCode.DUPLICATE_RESOURCE
      : one.name === ""
        ? ErrorCode.UNACCEPTABLE_CREDENTIAL
        : known === undefined
          ? ErrorCode.UNSUPPORTED_SASL_MECHANISM
          : problem(known);
    judged.add(one.name);
    if (found !== ErrorCode.NONE) problems.set(one.name, found);
  };
  for (const deletion of deletions) {
    judge(deletion, (mechanism) =>
      credentials.has(deletion.name, mechanism) ? ErrorCode.NONE : ErrorCode.RESOURCE_NOT_FOUND,
    );
  }
  for (const upsertion of upsertions) {
    const { iterations } = upsertion;
    const isCountGood = iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS;
    judge(upsertion, () => (isCountGood ? ErrorCode.NONE : ErrorCode.UNACCEPTABLE_CREDENTIAL));
  }
  // Apache Kafka stumbles over a key without a byte, once everything else is found good.
  for (const { name, saltedPassword } of upsertions) {
    const isKey = saltedPassword.length > 0;
    if (!isKey && !problems.has(name)) problems.set(name, ErrorCode.UNKNOWN_SERVER_ERROR);
  }
  return problems;
}

interface Credential {
  readonly name: string;
  readonly mechanism: number;
}

function remove(
  { name, mechanism }: Request["deletions"][number],
  { credentials }: RequestContext,
): ErrorCode {
  const known = mechanismOf(mechanism);
  if (known === undefined) return ErrorCode.UNSUPPORTED_SASL_MECHANISM;
  return credentials.remove(name, known) ? ErrorCode.NONE : ErrorCode.RESOURCE_NOT_FOUND;
}

function set(upsertion: Request["upsertions"][number], { credentials }: RequestContext): ErrorCode {
  const { name, iterations, salt, saltedPassword } = upsertion;
  const mechanism = mechanismOf(upsertion.mechanism);
  if (mechanism === undefined) return ErrorCode.UNSUPPORTED_SASL_MECHANISM;
  // The bytes are views into the request, which is not kept.
  const credential = credentialFromSalted(mechanism, saltedPassword, Buffer.from(salt), iterations);
  credentials.set(name, mechanism, credential);
  return ErrorCode.NONE;
}
