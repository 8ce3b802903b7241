import type { ConformanceCase } from "../suite.ts";
import { aclCases } from "./acls.ts";
import { changedProtocolCases } from "./changed-protocols.ts";
import { configCases } from "./configs.ts";
import { consumerGroupCases } from "./consumer-groups.ts";
import { emptyListCases } from "./empty-lists.ts";
import { errorCases } from "./errors.ts";
import { fetchCases } from "./fetch.ts";
import { groupCases } from "./groups.ts";
import { internalTopicCases } from "./internal-topics.ts";
import { leaderCases } from "./leaders.ts";
import { metadataCases } from "./metadata.ts";
import { oauthCases } from "./oauth.ts";
import { oddRequestCases } from "./odd-requests.ts";
import { oddSettingCases } from "./odd-settings.ts";
import { offsetCases } from "./offsets.ts";
import { produceCases } from "./produce.ts";
import { quorumCases } from "./quorum.ts";
import { quotaCases } from "./quotas.ts";
import { repeatedNameCases } from "./repeated-names.ts";
import { saslCases } from "./sasl.ts";
import { severalFaultsCases } from "./several-faults.ts";
import { topicCases } from "./topics.ts";
import { transactionEpochCases } from "./transaction-epochs.ts";
import { transactionCases } from "./transactions.ts";

/** Everything that the two brokers are compared in. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...metadataCases,
  ...topicCases,
  ...internalTopicCases,
  ...leaderCases,
  ...quotaCases,
  ...quorumCases,
  ...configCases,
  ...produceCases,
  ...fetchCases,
  ...groupCases,
  ...consumerGroupCases,
  ...changedProtocolCases,
  ...oddRequestCases,
  ...severalFaultsCases,
  ...oddSettingCases,
  ...repeatedNameCases,
  ...emptyListCases,
  ...offsetCases,
  ...transactionCases,
  ...transactionEpochCases,
  ...saslCases,
  ...oauthCases,
  ...aclCases,
  ...errorCases,
];
