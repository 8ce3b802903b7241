import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeUserScramCredentials as api } from "../protocol/messages/describe-user-scram-credentials.ts";
import { type Handler, serve } from "./handler.ts";
import { codeOf } from "./scram-mechanism-code.ts";

/** DescribeUserScramCredentials, version 0: those set through the API; users of the configuration are not listed. */
export const describeUserScramCredentials: Handler = serve(api, (request, { credentials, access }) => {
  if (!access.cluster(Operation.DESCRIBE)) {
    const errorMessage = "Credentials may not be seen.";
    const refusal = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, errorMessage };
    return { ...refusal, results: [{ ...refusal, user: "", credentialInfos: [] }] };
  }
  const stored = credentials.stored();
  const names = request.users?.map(({ name }) => name) ?? [];
  const wanted = names.length > 0 ? names : [...stored.keys()];
  const results = [...new Set(wanted)].map((user) => {
    const found = stored.get(user);
    if (wanted.indexOf(user) !== wanted.lastIndexOf(user)) {
      return {
        user,
        errorCode: ErrorCode.DUPLICATE_RESOURCE,
        errorMessage: "Named twice.",
        credentialInfos: [],
      };
    }
    if (found === undefined) {
      return {
        user,
        errorCode: ErrorCode.RESOURCE_NOT_FOUND,
        errorMessage: `No SCRAM credentials of user ${user}.`,
        credentialInfos: [],
      };
    }
    const credentialInfos = found.map(({ mechanism, iterations }) => ({
      mechanism: codeOf(mechanism),
      iterations,
    }));
    return { user, errorCode: ErrorCode.NONE, credentialInfos };
  });
  return { errorCode: ErrorCode.NONE, results };
});
