import { Operation } from "../auth/acl.ts";
import { ErrorCode } from "../protocol/error-code.ts";
import { listPartitionReassignments as api } from "../protocol/messages/list-partition-reassignments.ts";
import { type Handler, serve } from "./handler.ts";

/** ListPartitionReassignments, version 0: partitions cannot move from the only broker, so that none ever does. */
export const listPartitionReassignments: Handler = serve(api, (_request, { access }) =>
  access.cluster(Operation.DESCRIBE)
    ? { errorCode: ErrorCode.NONE, topics: [] }
    : {
        errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
        errorMessage: "Reassignments may not be seen.",
        topics: [],
      },
);
