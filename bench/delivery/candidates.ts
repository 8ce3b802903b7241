import { nodeProgram, type Program } from "./programs.ts";

/** One thing that is measured. */
export interface Candidate {
  readonly name: string;
  /** Null where it cannot be run here. */
  readonly program: Program | null;
  /** CLIENT and MODE, or MODE alone, as the program wants them. */
  readonly args: readonly string[];
  readonly count: number;
  readonly concurrency: number;
}

/** Candidates that are compared with each other. */
export interface Comparison {
  readonly title: string;
  /** "produce": each on a fresh topic. "consume": all of one topic that was filled before. */
  readonly kind: "produce" | "consume";
  readonly candidates: readonly Candidate[];
}

/** Everything that is measured, with the programs that are there. */
export function comparisons(go: Program | null, java: Program | null): Comparison[] {
  return [
    { title: "Producer, awaiting each message", kind: "produce", candidates: awaiting(go, java) },
    { title: "Producer, awaiting none", kind: "produce", candidates: streaming(go, java) },
    { title: "Consumer, empty handler", kind: "consume", candidates: emptyHandlers(go) },
    { title: "Consumer, handler of 1 ms, 200 keys", kind: "consume", candidates: slowHandlers(go) },
    { title: "Consumer, handler that calls a service, 200 keys", kind: "consume", candidates: callers(go) },
  ];
}

function candidate(
  name: string,
  program: Program | null,
  args: readonly string[],
  count: number,
  concurrency: number,
): Candidate {
  return { name, program, args, count, concurrency };
}

function awaiting(go: Program | null, java: Program | null): Candidate[] {
  return [
    candidate("sarama SyncProducer, 1 goroutine", go, ["sarama", "sync"], 2_000, 1),
    candidate("sarama SyncProducer, 8 goroutines", go, ["sarama", "sync"], 10_000, 8),
    candidate("sarama SyncProducer, 64 goroutines", go, ["sarama", "sync"], 40_000, 64),
    candidate("Java send().get(), 8 threads", java, ["sync"], 4_000, 8),
    candidate("kafkajs send, 64 callers", nodeProgram, ["kafkajs", "send"], 6_000, 64),
    candidate("@platformatic/kafka send, 64 callers", nodeProgram, ["driver", "send"], 6_000, 64),
    candidate("Candlewick send, 1 caller", nodeProgram, ["candlewick", "send"], 2_000, 1),
    candidate("Candlewick send, 8 callers", nodeProgram, ["candlewick", "send"], 30_000, 8),
    candidate("Candlewick send, 64 callers", nodeProgram, ["candlewick", "send"], 150_000, 64),
  ];
}

const STREAMED = 300_000;

function streaming(go: Program | null, java: Program | null): Candidate[] {
  return [
    candidate("sarama AsyncProducer", go, ["sarama", "async"], STREAMED, 1),
    candidate("Java send(callback)", java, ["async"], STREAMED, 1),
    candidate("Java send(callback), batches of 1 MB", java, ["async-large"], STREAMED, 1),
    candidate("Candlewick enqueue", nodeProgram, ["candlewick", "enqueue"], STREAMED, 1),
  ];
}

/** The topic of the consumers holds so many records. */
export const FILLED = 200_000;

function emptyHandlers(go: Program | null): Candidate[] {
  return [
    candidate("kafka-go ReadMessage", go, ["kafka-go", "consume"], FILLED, 1),
    candidate("sarama consumer group", go, ["sarama", "consume"], FILLED, 1),
    candidate("kafkajs eachMessage", nodeProgram, ["kafkajs", "eachMessage"], FILLED, 1),
    candidate("kafkajs eachBatch", nodeProgram, ["kafkajs", "eachBatch"], FILLED, 1),
    candidate("@platformatic/kafka stream", nodeProgram, ["driver", "consume"], FILLED, 1),
    candidate("Candlewick handler, ordered by key", nodeProgram, ["candlewick", "consume"], FILLED, 30),
    candidate("Candlewick batches", nodeProgram, ["candlewick", "batches"], FILLED, 1),
  ];
}

/** Enough for a run to last ten seconds, of which compiling and the first fetch are a small part. */
const SLOWLY_HANDLED = FILLED;

function slowHandlers(go: Program | null): Candidate[] {
  return [
    candidate("kafka-go, 1 goroutine", go, ["kafka-go", "pool"], 1_000, 1),
    candidate("kafka-go, 30 goroutines, no order", go, ["kafka-go", "pool"], SLOWLY_HANDLED, 30),
    candidate("Candlewick, 1 at a time", nodeProgram, ["candlewick", "pool"], 1_000, 1),
    candidate(
      "Candlewick, 30 at a time, ordered by key",
      nodeProgram,
      ["candlewick", "pool"],
      SLOWLY_HANDLED,
      30,
    ),
    candidate(
      "Candlewick, 100 at a time, ordered by key",
      nodeProgram,
      ["candlewick", "pool"],
      SLOWLY_HANDLED,
      100,
    ),
    candidate("30 timers of Go, without Kafka", go, ["go", "timers"], SLOWLY_HANDLED, 30),
    candidate("30 timers of Node, without Kafka", nodeProgram, ["node", "timers"], SLOWLY_HANDLED, 30),
  ];
}

/** Over a connection for each handler; the service is in Go, and answers after 1 ms. */
function callers(go: Program | null): Candidate[] {
  const node = go === null ? null : nodeProgram;
  return [
    candidate("kafka-go, 30 goroutines that call", go, ["kafka-go", "calls"], SLOWLY_HANDLED, 30),
    candidate("Candlewick, 30 calls at a time", node, ["candlewick", "calls"], SLOWLY_HANDLED, 30),
    candidate("Candlewick, 100 calls at a time", node, ["candlewick", "calls"], SLOWLY_HANDLED, 100),
  ];
}
