import { api, array, int8, int16, int32, nullableString, string } from "../schema.ts";
import { aclEntry, aclFilter } from "./acl-fields.ts";

/** DeleteAcls, API key 31, versions 1 to 3. Fields as in Apache Kafka's DeleteAclsRequest.json and DeleteAclsResponse.json. */
export const deleteAcls = api({
  key: 31,
  name: "DeleteAcls",
  versions: [1, 3],
  flexibleFrom: 2,
  request: {
    filters: array(aclFilter),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    filterResults: array({
      errorCode: int16(),
      errorMessage: nullableString(),
      matchingAcls: array({
        errorCode: int16(),
        errorMessage: nullableString(),
        resourceType: int8(),
        resourceName: string(),
        patternType: int8("1+", 3),
        ...aclEntry,
      }),
    }),
  },
});
