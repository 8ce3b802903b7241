import type { AuthorizerOptions } from "../auth/authorizer.ts";
import { BrokerError } from "../broker-error.ts";

const AUTHORIZER = "authorizer.class.name";
const SUPER_USERS = "super.users";
const ALLOW = "allow.everyone.if.no.acl.found";
const STANDARD = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

export const ACL_NAMES: readonly string[] = [AUTHORIZER, SUPER_USERS, ALLOW];

/** Whether there is an authorizer, and for whom it makes an exception. The one that is served is Kafka's own. */
export function aclOptions(given: ReadonlyMap<string, string>): AuthorizerOptions | undefined {
  const authorizer = given.get(AUTHORIZER)?.trim() ?? "";
  if (authorizer === "") return undefined;
  if (authorizer !== STANDARD) {
    const message = `${AUTHORIZER} cannot be "${authorizer}"; write ${STANDARD}, or leave it out.`;
    throw new BrokerError("OPTION_INVALID", message);
  }
  const superUsers = (given.get(SUPER_USERS) ?? "")
    .split(";")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const odd = superUsers.find((name) => !name.includes(":"));
  if (odd !== undefined) {
    const message = `${SUPER_USERS} has "${odd}"; write principals such as User:admin;User:ada.`;
    throw new BrokerError("OPTION_INVALID", message);
  }
  return { superUsers, allowEveryoneIfNoAclFound: given.get(ALLOW)?.trim().toLowerCase() === "true" };
}
