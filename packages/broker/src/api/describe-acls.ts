import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeAcls as api } from "../protocol/messages/describe-acls.ts";
import { filterOf, SECURITY_DISABLED_MESSAGE } from "./acl-request.ts";
import { type Handler, serve } from "./handler.ts";

/**
 * DescribeAcls, versions 1 to 3: the entries for topics, groups, the cluster and transactional ids. Entries for
 * delegation tokens and users are kept and shown, but nothing asks them: this broker has no such tokens.
 */
export const describeAcls: Handler = serve(api, (request, { access, authorizer }) => {
  const filter = filterOf(request);
  const refuse = (errorCode: ErrorCode, errorMessage: string) => ({ errorCode, errorMessage, resources: [] });
  if (!access.cluster(Operation.DESCRIBE)) {
    return refuse(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "The entries may not be seen.");
  }
  if (authorizer === undefined) return refuse(ErrorCode.SECURITY_DISABLED, SECURITY_DISABLED_MESSAGE);
  const found = authorizer.matching(filter);
  const byResource = Map.groupBy(found, ({ resourceType, resourceName, patternType }) =>
    JSON.stringify([resourceType, resourceName, patternType]),
  );
  const resources = [...byResource.values()].flatMap((acls) => {
    const [first] = acls;
    if (first === undefined) return [];
    const { resourceType, resourceName, patternType } = first;
    const entries = acls.map(({ principal, host, operation, permission }) => ({
      principal,
      host,
      operation,
      permissionType: permission,
    }));
    return [{ resourceType, resourceName, patternType, acls: entries }];
  });
  return { errorCode: ErrorCode.NONE, resources };
});
