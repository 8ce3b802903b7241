import { api, array, int8, int16, int32, nullableString, string } from "../schema.ts";
import { aclEntry } from "./acl-fields.ts";

/** CreateAcls, API key 30, versions 1 to 3. Fields as in Apache Kafka's CreateAclsRequest.json and CreateAclsResponse.json. */
export const createAcls = api({
  key: 30,
  name: "CreateAcls",
  versions: [1, 3],
  flexibleFrom: 2,
  request: {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8("1+", 3),
      ...aclEntry,
    }),
  },
  response: {
    throttleTimeMs: int32("0+", 0),
    results: array({
      errorCode: int16(),
      errorMessage: nullableString(),
    }),
  },
});
