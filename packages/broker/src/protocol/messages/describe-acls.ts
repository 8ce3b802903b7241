import { api, array, int8, int16, int32, nullableString, string } from "../schema.ts";
import { aclEntry, aclFilter } from "./acl-fields.ts";

/** DescribeAcls, API key 29, versions 1 to 3. Fields as in Apache Kafka's DescribeAclsRequest.json and DescribeAclsResponse.json. */
export const describeAcls = api({
  key: 29,
  name: "DescribeAcls",
  versions: [1, 3],
  flexibleFrom: 2,
  request: aclFilter,
  response: {
    throttleTimeMs: int32("0+", 0),
    errorCode: int16(),
    errorMessage: nullableString(),
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      patternType: int8("1+", 3),
      acls: array(aclEntry),
    }),
  },
});
