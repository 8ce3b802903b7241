import { clusterOperations, NO_OPERATIONS } from "../auth/access.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { describeCluster as api } from "../protocol/messages/describe-cluster.ts";
import { type Handler, serve } from "./handler.ts";

const BROKERS = 1;
const CONTROLLERS = 2;

/**
 * DescribeCluster, versions 0 to 2. Left out: the endpoints of controllers, which are not apart from the broker, and
 * fenced brokers, as there is only this one.
 */
export const describeCluster: Handler = serve(api, (request, { settings, advertised, clusterId, access }) => {
  if (request.endpointType !== BROKERS) {
    return {
      errorCode:
        request.endpointType === CONTROLLERS
          ? ErrorCode.MISMATCHED_ENDPOINT_TYPE
          : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
      errorMessage: "Only broker endpoints can be described here.",
      clusterId: "",
      brokers: [],
    };
  }
  return {
    errorCode: ErrorCode.NONE,
    clusterId,
    controllerId: settings.nodeId,
    brokers: [{ brokerId: settings.nodeId, ...advertised }],
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? clusterOperations(access)
      : NO_OPERATIONS,
  };
});
