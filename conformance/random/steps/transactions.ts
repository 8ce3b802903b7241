import { addOffsetsToTxn } from "../../../packages/broker/src/protocol/messages/add-offsets-to-txn.ts";
import { addPartitionsToTxn } from "../../../packages/broker/src/protocol/messages/add-partitions-to-txn.ts";
import { describeTransactions } from "../../../packages/broker/src/protocol/messages/describe-transactions.ts";
import { endTxn } from "../../../packages/broker/src/protocol/messages/end-txn.ts";
import { initProducerId } from "../../../packages/broker/src/protocol/messages/init-producer-id.ts";
import { listTransactions } from "../../../packages/broker/src/protocol/messages/list-transactions.ts";
import { txnOffsetCommit } from "../../../packages/broker/src/protocol/messages/txn-offset-commit.ts";
import type { Choice } from "../choice.ts";
import {
  anyGroup,
  instanceOf,
  memberName,
  near,
  partitionIndex,
  topicName,
  transactionalId,
} from "../pool.ts";
import { type Step, step } from "../step.ts";
import type { World } from "../world.ts";
import { writing } from "./log.ts";
import { committed } from "./offsets.ts";

const TIMEOUT_MS = 600_000;

/** Who a producer says it is: mostly itself. */
function claim(choice: Choice): { readonly id: string; readonly of: (world: World) => Claim } {
  const id = transactionalId(choice);
  const epochOff = choice.chance(0.9) ? 0 : choice.pick(1, -1);
  const idOff = choice.chance(0.95) ? 0 : 1;
  const of = (world: World): Claim => {
    const { producerId, producerEpoch } = world.producer(id);
    return {
      transactionalId: world.name(id),
      producerId: producerId + idOff,
      producerEpoch: producerEpoch + epochOff,
    };
  };
  return { id, of };
}

interface Claim {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
}

function init(choice: Choice): Step {
  const version = choice.version(initProducerId);
  const { id, of } = claim(choice);
  const isAgain = choice.chance(0.3);
  const transactionTimeoutMs = choice.mostly(TIMEOUT_MS, 0, -1, 900_001);
  return step(
    initProducerId,
    version,
    (world) => {
      const { producerId, producerEpoch } = of(world);
      const claimed = isAgain ? { producerId, producerEpoch } : {};
      return { transactionalId: world.name(id), transactionTimeoutMs, ...claimed };
    },
    {
      background: { kind: "transaction", transactionalId: id },
      learn: ({ errorCode, producerId, producerEpoch }, world) => {
        if (errorCode !== 0) return;
        const known = world.producer(id);
        known.sequences.clear();
        Object.assign(known, { producerId, producerEpoch });
      },
    },
  );
}

function addPartitions(choice: Choice): Step {
  const version = choice.version(addPartitionsToTxn);
  const { of } = claim(choice);
  const topics = choice.several(choice.mostly(1, 0), choice.mostly(1, 2), () => ({
    name: topicName(choice),
    partitions: choice.several(choice.mostly(1, 0), 2, () => partitionIndex(choice)),
  }));
  const verifyOnly = choice.chance(0.5);
  return step(addPartitionsToTxn, version, (world) => {
    const wanted = {
      ...of(world),
      topics: topics.map((topic) => ({ ...topic, name: world.name(topic.name) })),
    };
    return { ...wanted, transactions: [{ ...wanted, verifyOnly }] };
  });
}

function addOffsets(choice: Choice): Step {
  const version = choice.version(addOffsetsToTxn);
  const { of } = claim(choice);
  const group = anyGroup(choice);
  return step(addOffsetsToTxn, version, (world) => ({ ...of(world), groupId: world.name(group) }));
}

function commitOffsets(choice: Choice): Step {
  const version = choice.version(txnOffsetCommit);
  const { of } = claim(choice);
  const group = anyGroup(choice);
  const member = memberName(choice);
  const form = choice.pick("none", "none", "own", "unknown");
  const groupInstanceId = instanceOf(choice, member);
  const off = near(choice, 0);
  const topics = committed(choice);
  return step(
    txnOffsetCommit,
    version,
    (world) => {
      const known = world.member(group, member);
      return {
        ...of(world),
        groupId: world.name(group),
        memberId: form === "own" ? known.memberId : form === "none" ? "" : "nobody",
        generationId: (form === "none" ? -1 : known.generation) + off,
        groupInstanceId: form === "none" ? null : groupInstanceId,
        topics: topics.map((topic) => ({ ...topic, name: world.name(topic.name) })),
      };
    },
    { background: { kind: "group" } },
  );
}

function send(choice: Choice): Step {
  const id = transactionalId(choice);
  return writing(choice, id, id);
}

function end(choice: Choice): Step {
  const version = choice.version(endTxn);
  const { id, of } = claim(choice);
  const committed = choice.chance(0.6);
  return step(endTxn, version, (world) => ({ ...of(world), committed }), {
    background: { kind: "transaction", transactionalId: id },
    learn: ({ errorCode, producerId, producerEpoch }, world) => {
      if (errorCode !== 0 || producerId < 0) return;
      const known = world.producer(id);
      if (known.producerEpoch !== producerEpoch) known.sequences.clear();
      Object.assign(known, { producerId, producerEpoch });
    },
  });
}

function describe(choice: Choice): Step {
  const ids = choice.several(choice.mostly(1, 0), 2, () => transactionalId(choice));
  return step(describeTransactions, 0, (world) => ({ transactionalIds: ids.map((id) => world.name(id)) }), {
    isRead: true,
  });
}

function list(choice: Choice): Step {
  const version = choice.version(listTransactions);
  const stateFilters = choice.several(0, choice.mostly(0, 2), () =>
    choice.pick(
      "Ongoing",
      "Empty",
      "CompleteCommit",
      "CompleteAbort",
      "PrepareCommit",
      "Dead",
      "empty",
      "None",
      "",
    ),
  );
  const durationFilter = choice.mostly(-1, 0, 600_000, -2);
  const id = choice.mostly(null, "x1", "x9");
  const transactionalIdPattern = choice.mostly(null, "", ".*x1", "x", "(");
  return step(
    listTransactions,
    version,
    (world) => ({
      stateFilters,
      producerIdFilters: id === null ? [] : [world.producer(id).producerId],
      durationFilter,
      transactionalIdPattern,
    }),
    { isListing: true },
  );
}

export const transactionSteps = [
  init,
  init,
  addPartitions,
  addPartitions,
  addOffsets,
  commitOffsets,
  commitOffsets,
  send,
  send,
  send,
  end,
  end,
  describe,
  list,
] as const;
