import { Operation } from "../auth/acl.ts";
import { credentialFromSalted, MAX_ITERATIONS, MIN_ITERATIONS } from "../auth/scram.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { alterUserScramCredentials as api } from "../protocol/messages/alter-user-scram-credentials.ts";
import type { RequestOf } from "../protocol/schema.ts";
import { type Handler, type RequestContext, serve } from "./handler.ts";
import { mechanismOf } from "./scram-mechanism-code.ts";
import { storageErrorCode, storageOutcome } from "./storage-failure.ts";

type Request = RequestOf<typeof api>;

const DUPLICATE = ErrorCode.DUPLICATE_RESOURCE;

/** AlterUserScramCredentials, version 0. The client sends the salted password; the password itself never travels. */
export const alterUserScramCredentials: Handler = serve(api, async (request, context) => {
  const asked = [...request.deletions, ...request.upsertions];
  if (!context.access.cluster(Operation.ALTER)) {
    const errorCode = ErrorCode.CLUSTER_AUTHORIZATION_FAILED;
    return { results: [...new Set(asked.map(({ name }) => name))].map((user) => ({ user, errorCode })) };
  }
  const times = Map.groupBy(asked, ({ name, mechanism }) => `${mechanism}:${name}`);
  const isTwice = ({ name, mechanism }: (typeof asked)[number]): boolean =>
    (times.get(`${mechanism}:${name}`)?.length ?? 0) > 1;
  const where = { api: api.name };
  const attempt = (change: () => ErrorCode): ErrorCode => {
    try {
      return change();
    } catch (error) {
      return storageErrorCode(error, context.settings, where);
    }
  };
  const outcomes = [
    ...request.deletions.map((deletion) => ({
      user: deletion.name,
      errorCode: isTwice(deletion) ? DUPLICATE : attempt(() => remove(deletion, context)),
    })),
    ...request.upsertions.map((upsertion) => ({
      user: upsertion.name,
      errorCode: isTwice(upsertion) ? DUPLICATE : attempt(() => set(upsertion, context)),
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
  const isAcceptable = name !== "" && iterations >= MIN_ITERATIONS && iterations <= MAX_ITERATIONS;
  if (!isAcceptable || saltedPassword.length === 0) return ErrorCode.UNACCEPTABLE_CREDENTIAL;
  // The bytes are views into the request, which is not kept.
  const credential = credentialFromSalted(mechanism, saltedPassword, Buffer.from(salt), iterations);
  credentials.set(name, mechanism, credential);
  return ErrorCode.NONE;
}
