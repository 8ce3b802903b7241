import { Command, InvalidArgumentError, Option } from "commander";
import { tailTopic } from "../read/topic-tail.ts";
import { addKafkaFlags, findSources, type SourceFlags, withKafka } from "../sources.ts";
import { example, parseCount } from "../usage.ts";

interface TailFlags extends SourceFlags {
  readonly from: "first" | "last" | bigint;
  readonly max?: number;
  readonly format: "json" | "value";
}

/** `tail`: the records of a topic as they come. */
export function tailCommand(): Command {
  const command = addKafkaFlags(
    new Command("tail")
      .description(
        "print the records of a topic as they come; on a data folder where nothing runs, those that are there",
      )
      .argument("<topic>", "such as sol-trades, sol-blocks, sol-klines")
      .option(
        "--from <first|last|offset>",
        "where to begin: the first record kept, the next to come, or an offset",
        parseFrom,
        "last",
      )
      .option("--max <n>", "stop after so many records", parseCount)
      .addOption(
        new Option(
          "--format <format>",
          "json: one object with partition, offset, key and value; value: the value alone",
        )
          .choices(["json", "value"])
          .default("json"),
      ),
  ).action(tail);
  return example(
    command,
    "candlewick tail sol-trades --from first --max 10",
    "candlewick tail sol-klines --format value",
  );
}

async function tail(topic: string, flags: TailFlags): Promise<void> {
  const { from, max, format } = flags;
  await withKafka(findSources(flags), (kafka) => tailTopic(kafka, { topic, from, max: max ?? null, format }));
}

function parseFrom(text: string): "first" | "last" | bigint {
  if (text === "first" || text === "last") return text;
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError("Write first, last or an offset.");
}
