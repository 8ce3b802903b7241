import { ContractError } from "@candlewick/contracts";
import type { ChainName } from "@candlewick/domain";
import type { ConsumedRecord } from "@candlewick/kafka";
import type { Clock, Logger } from "@candlewick/runtime";
import { readLiveRecord } from "./live-records.ts";
import type { ServeMetrics } from "./serve-metrics.ts";
import type { StatusBoard } from "./status-board.ts";
import type { WebSocketGateway } from "./websocket-gateway.ts";

interface LiveFeedParts {
  readonly chain: ChainName;
  readonly gateway: WebSocketGateway;
  readonly board: StatusBoard;
  readonly metrics: ServeMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Takes records of the live topics to the clients and the status. */
export class LiveFeed {
  readonly #parts: LiveFeedParts;

  constructor(parts: LiveFeedParts) {
    this.#parts = parts;
  }

  take(records: readonly ConsumedRecord[]): void {
    for (const record of records) this.#takeOne(record);
  }

  #takeOne(record: ConsumedRecord): void {
    const { chain, gateway, board, metrics, logger, clock } = this.#parts;
    metrics.recordsRead.inc({ topic: record.topic });
    try {
      const { event, block } = readLiveRecord(chain, record, clock.now());
      if (block !== null) board.block(block, clock.now());
      if (event !== null) gateway.handle(event);
    } catch (error) {
      if (!(error instanceof ContractError)) throw error;
      // The dataflow sends it to the dead letters; here it is only not shown.
      metrics.recordsRejected.inc({ topic: record.topic });
      const { topic, partition, offset } = record;
      logger.warn("a live record is not what its topic carries", {
        topic,
        partition,
        offset: offset.toString(),
        key: record.key?.toString("utf8") ?? null,
        reason: error.message,
      });
    }
  }
}
