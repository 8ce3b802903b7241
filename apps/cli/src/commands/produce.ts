import { Command, Option } from "commander";
import { type LineFlags, produceInputs } from "../kafka/line-producer.ts";
import { WRITTEN_CODECS } from "../kafka/topic-codec.ts";
import { collectPairs } from "../key-value-flag.ts";
import { addKafkaFlags } from "../sources.ts";
import { example, parseWholeNumber } from "../usage.ts";

/** `produce`: what kafka-console-producer does, and reads back what `tail` prints. */
export function produceCommand(): Command {
  const command = addKafkaFlags(
    new Command("produce")
      .argument("<topic>", "a topic that exists")
      .argument("[files...]", 'files, plain or gzip; "-" and none at all are standard input')
      .option("--key-separator <text>", "what comes before it in a line is the key")
      .option("--key <text>", "one key for all messages")
      .option(
        "--null <text>",
        "a value of this text is written as null, which deletes a key in a compacted topic",
      )
      .option("--header <name=value>", "a header of all messages; may be repeated", collectPairs)
      .option("--partition <n>", "write to this partition, whatever the key", parseWholeNumber)
      .option("--whole", "each file is one message, with its bytes as they are")
      .option("--records", "each line is a record as tail prints it: key, headers, timestamp_ms and value")
      .addOption(
        new Option("--codec <codec>", "how a line becomes a value; avro and protobuf take JSON")
          .choices(WRITTEN_CODECS)
          .default("text"),
      )
      .option("--schema <file>", "the schema of avro and protobuf values; it is registered for the topic")
      .option("--message <name>", "the message of a protobuf schema (default: its first)")
      .addOption(
        new Option("--compression <kind>", "how batches are compressed")
          .choices(["none", "gzip", "snappy", "lz4", "zstd"])
          .default("none"),
      )
      .addOption(
        new Option("--format <format>", "how the result is told").choices(["text", "json"]).default("text"),
      ),
  ).action((topic: string, files: string[], flags: LineFlags) => produceInputs(topic, files, flags));
  return example(
    command,
    'printf "k1:hello\\n" | candlewick produce greetings --key-separator :',
    "candlewick tail greetings --from first --until-end | candlewick produce copy --records",
  );
}
