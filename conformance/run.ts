import { findCoordinator } from "../packages/broker/src/protocol/messages/find-coordinator.ts";
import { initProducerId } from "../packages/broker/src/protocol/messages/init-producer-id.ts";
import { joinGroup } from "../packages/broker/src/protocol/messages/join-group.ts";
import { Session } from "./session.ts";
import { type Side, startApache, startEmbedded } from "./side.ts";
import { type CaseResult, type ConformanceCase, runCase, unexercised } from "./suite.ts";

/** Starts both brokers; resolves when both coordinators of each are there. */
export async function startSides(): Promise<readonly [embedded: Side, apache: Side]> {
  const embedded = await startEmbedded();
  try {
    const apache = await startApache();
    await untilCoordinating(apache);
    return [embedded, apache];
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

/** Apache Kafka creates the topics behind its coordinators when somebody first asks for them. */
export async function untilCoordinating(side: Side): Promise<void> {
  const session = Session.open(side);
  const isFound = ({ errorCode }: { readonly errorCode: number }): boolean => errorCode === 0;
  const [groups, transactions] = [{ key: "warm" }, { key: "warm", keyType: 1 }];
  await session.sendUntil(findCoordinator, 3, groups, isFound);
  await session.sendUntil(findCoordinator, 3, transactions, isFound);
  await session.sendUntil(
    initProducerId,
    4,
    { transactionalId: "warm", transactionTimeoutMs: 1000 },
    isFound,
  );
  const join = { groupId: "warm", sessionTimeoutMs: 6000, memberId: "", protocolType: "p", protocols: [] };
  // Error 23: the group's coordinator is there and looks at what it is asked.
  await session.sendUntil(joinGroup, 5, join, ({ errorCode }) => errorCode === 23);
  session.close();
}

/** Runs the cases one after another against both brokers, which start before and stop after it. */
export async function runAll(
  cases: readonly ConformanceCase[],
  onResult: (result: CaseResult) => void,
): Promise<{ readonly results: readonly CaseResult[]; readonly missing: readonly string[] }> {
  const sides = await startSides();
  try {
    const results: CaseResult[] = [];
    for (const one of cases) {
      const result = await runCase(one, sides);
      onResult(result);
      results.push(result);
    }
    return { results, missing: unexercised() };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}
