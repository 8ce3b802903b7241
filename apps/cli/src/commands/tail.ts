import type { Isolation } from "@candlewick/kafka";
import { Command, InvalidArgumentError, Option } from "commander";
import { SHOWN_CODECS, shownCodec } from "../kafka/topic-codec.ts";
import { collectPairs } from "../key-value-flag.ts";
import { type RecordFilter, regularExpression } from "../read/record-filter.ts";
import { type TailStart, tailTopic } from "../read/topic-tail.ts";
import { addKafkaFlags, findSources, type SourceFlags, withKafka } from "../sources.ts";
import { parseTime } from "../time-flag.ts";
import { example, parseCount, parseWholeNumber } from "../usage.ts";

interface TailFlags extends SourceFlags {
  readonly from: TailStart;
  readonly max?: number;
  readonly untilEnd?: true;
  readonly partition?: number;
  readonly key?: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly filter?: RegExp;
  readonly isolation: Isolation;
  readonly codec?: (typeof SHOWN_CODECS)[number];
  readonly format: "json" | "value" | "text";
}

const ISOLATIONS: readonly Isolation[] = ["read_uncommitted", "read_committed"];

/** `tail`: the records of a topic as they come. */
export function tailCommand(): Command {
  const command = addKafkaFlags(
    new Command("tail")
      .argument("<topic>", "such as sol-trades, sol-blocks, sol-klines")
      .option(
        "--from <first|last|offset|time>",
        "where to begin: the first record kept, the next to come, an offset, so many before the end of each partition, such as -10, a time such as 2026-01-31T12:00Z, or so long ago, such as 15m",
        parseFrom,
        "last",
      )
      .option("--max <n>", "stop after so many records", parseCount)
      .option("--until-end", "stop at the records that are there now")
      .option("--partition <n>", "only this partition", parseWholeNumber)
      .option("--key <text>", "only records with this key")
      .option("--header <name=value>", "only records with this header; may be repeated", collectPairs)
      .option(
        "--filter <expression>",
        "only records whose key or value this regular expression matches",
        regularExpression,
      )
      .addOption(
        new Option(
          "--isolation <level>",
          "read_committed: nothing of transactions that were aborted, and of open ones once they are committed",
        )
          .choices(ISOLATIONS)
          .default("read_uncommitted"),
      )
      .addOption(
        new Option(
          "--codec <codec>",
          "how values are decoded: registry is Avro, Protobuf or JSON by the schema registry (default: of kafka.codecs, else JSON or text where it is)",
        ).choices(SHOWN_CODECS),
      )
      .addOption(
        new Option(
          "--format <format>",
          "json: one object with partition, offset, key and value; value: the value alone; text: for people",
        )
          .choices(["json", "value", "text"])
          .default("json"),
      ),
  ).action(tail);
  return example(
    command,
    "candlewick tail sol-trades --from first --max 10",
    "candlewick tail sol-trades --from 15m --filter PumpSwap --until-end",
    "candlewick tail sol-klines --from -1 --format value",
  );
}

async function tail(topic: string, flags: TailFlags): Promise<void> {
  const { from, max, format, isolation, partition, key, header, filter } = flags;
  const sources = findSources(flags);
  const codec = shownCodec(sources.config, topic, flags.codec);
  const wanted: RecordFilter = {
    partition: partition ?? null,
    key: key ?? null,
    headers: header ?? {},
    expression: filter ?? null,
  };
  await withKafka(sources, (kafka) =>
    tailTopic(kafka, {
      topic,
      from,
      max: max ?? null,
      untilEnd: flags.untilEnd === true,
      filter: wanted,
      isolation,
      codec,
      format,
    }),
  );
}

const AGO_UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function parseFrom(text: string): TailStart {
  if (text === "first" || text === "last") return text;
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  if (/^-\d{1,18}$/.test(text)) return { beforeEnd: -BigInt(text) };
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  if (ago !== null) {
    return { timestampMs: Date.now() - Number(ago[1]) * (AGO_UNIT_MS[ago[2] ?? ""] ?? 0) };
  }
  try {
    return { timestampMs: parseTime(text) };
  } catch {
    throw new InvalidArgumentError(
      "Write first, last, an offset, -10 for the last ten, a time such as 2026-01-31T12:00Z, or so long ago, such as 15m.",
    );
  }
}
