import { type Acl, Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { createAcls as api } from "../protocol/messages/create-acls.ts";
import { aclProblem, assertKnown, isOfAnyKind, SECURITY_DISABLED_MESSAGE } from "./acl-request.ts";
import { type Handler, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

/** CreateAcls, versions 1 to 3: each entry by itself; one that is there already is no error. */
export const createAcls: Handler = serve(api, async (request, { access, authorizer, settings }) => {
  for (const { resourceType, resourcePatternType, operation, permissionType } of request.creations)
    assertKnown([resourceType, resourcePatternType, operation, permissionType]);
  const refuseAll = (errorCode: ErrorCode, errorMessage: string) => ({
    results: request.creations.map(() => ({ errorCode, errorMessage })),
  });
  if (!access.cluster(Operation.ALTER)) {
    return refuseAll(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "The entries may not be changed.");
  }
  if (authorizer === undefined) return refuseAll(ErrorCode.SECURITY_DISABLED, SECURITY_DISABLED_MESSAGE);
  const checked = request.creations.map((creation) => {
    const { resourcePatternType: patternType, permissionType: permission, ...rest } = creation;
    const acl: Acl = { ...rest, patternType, permission };
    return { acl, problem: aclProblem(acl) };
  });
  if (checked.some(({ acl }) => isOfAnyKind(acl)))
    return refuseAll(ErrorCode.UNKNOWN_SERVER_ERROR, "An entry is of one kind, not of any.");
  const results = (errorCode: ErrorCode) => ({
    results: checked.map(({ problem }) => problem ?? { errorCode }),
  });
  try {
    authorizer.add(checked.filter(({ problem }) => problem === undefined).map(({ acl }) => acl));
    await authorizer.flush();
    return results(ErrorCode.NONE);
  } catch (error) {
    return results(storageErrorCode(error, settings, { api: api.name }));
  }
});
