import { note } from "../output.ts";
import type { UpContext } from "./up-context.ts";

/** Says where everything is and what to try next. */
export function printBanner(context: UpContext): void {
  const { plan } = context;
  const data = `--data ${plan.dataDir.root}`;
  const database = "url" in context.postgres ? "your PostgreSQL" : "embedded PostgreSQL";
  const lines = [
    "",
    `  Candlewick ${context.version} is running (started in ${context.progress.total()})`,
    "",
    `  Web page    ${context.http}`,
    `  Kafka       ${context.brokers.join(", ")}`,
    `  Database    ${database}`,
    `  Blocks      ${blocksOf(context)}`,
    `  Data        ${plan.dataDir.root}`,
    "",
    "  Try next:",
    `    npx candlewick pairs ${data}`,
    `    npx candlewick tail sol-trades ${data} --max 1`,
    `    npx candlewick verify ${data}`,
    "",
    "  Ctrl-C stops everything; the next start goes on with these data.",
    "",
  ];
  note(lines.join("\n"));
}

function blocksOf({ plan, rpcUrl }: UpContext): string {
  const { ingest } = plan.config;
  switch (plan.source) {
    case "devnet":
      return `simulated Solana node at ${rpcUrl}`;
    case "replay":
      return `recorded, from ${ingest.blocks.join(", ")}`;
    case "solana":
      return `Solana node at ${ingest.rpcUrl.replace(/\/\/[^@/]*@/, "//")}`;
  }
}
