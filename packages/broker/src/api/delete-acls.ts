import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { deleteAcls as api } from "../protocol/messages/delete-acls.ts";
import { filterOf, isKnownFilter, SECURITY_DISABLED_MESSAGE } from "./acl-request.ts";
import { type Handler, serve } from "./handler.ts";
import { storageErrorCode } from "./storage-failure.ts";

/** DeleteAcls, versions 1 to 3: whatever the filters match, told for each filter. */
export const deleteAcls: Handler = serve(api, async (request, { access, authorizer, settings }) => {
  const filters = request.filters.map(filterOf);
  const refuseAll = (errorCode: ErrorCode, errorMessage: string) => ({
    filterResults: request.filters.map(() => ({ errorCode, errorMessage, matchingAcls: [] })),
  });
  if (!access.cluster(Operation.ALTER)) {
    return refuseAll(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "The entries may not be changed.");
  }
  if (authorizer === undefined) return refuseAll(ErrorCode.SECURITY_DISABLED, SECURITY_DISABLED_MESSAGE);
  const found = filters.map((filter) => {
    return isKnownFilter(filter) ? authorizer.matching(filter) : undefined;
  });
  try {
    authorizer.remove(found.flatMap((acls) => acls ?? []));
    await authorizer.flush();
  } catch (error) {
    const errorCode = storageErrorCode(error, settings, { api: api.name });
    return refuseAll(errorCode, "The entries cannot be written down.");
  }
  return {
    filterResults: found.map((acls) => {
      if (acls === undefined) {
        const errorMessage = "A filter has an unknown number.";
        return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage, matchingAcls: [] };
      }
      const matchingAcls = acls.map(({ permission, ...acl }) => ({
        errorCode: ErrorCode.NONE,
        ...acl,
        permissionType: permission,
      }));
      return { errorCode: ErrorCode.NONE, matchingAcls };
    }),
  };
});
