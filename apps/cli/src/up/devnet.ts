import { join } from "node:path";
import { type Devnet, DevnetError, startDevnet } from "@candlewick/devnet";
import { CandlewickError, ERRORS, type ErrorKind, type Part } from "@candlewick/runtime";
import type { UpContext } from "./up-context.ts";

/** The simulated Solana node that ingest follows where no real one is named. */
export function devnetPart(context: UpContext): Part {
  return {
    name: "devnet",
    start: () =>
      context.progress.step("simulated Solana node", async () => {
        const { plan, logger } = context;
        const { port, historySlots, ...chain } = plan.config.devnet;
        const node = await startDevnet({
          chain,
          port,
          historySlots,
          genesisFile: join(plan.dataDir.root, "devnet.json"),
          onBug: (error) =>
            logger.error("the simulated node failed", { service: "devnet", error: String(error) }),
        }).catch((error: unknown) => {
          throw devnetFailure(error);
        });
        context.rpcUrl = node.url;
        return service(node);
      }),
  };
}

function service(node: Devnet) {
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  return {
    name: "devnet",
    done,
    async stop() {
      await node.stop();
      finish();
    },
  };
}

const KINDS: Readonly<Record<DevnetError["code"], { kind: ErrorKind; advice: string }>> = {
  INVALID_OPTION: { kind: ERRORS.configuration, advice: "Correct the section devnet of the configuration" },
  GENESIS_UNREADABLE: {
    kind: ERRORS.dataDirUnusable,
    advice: "Remove the file, or name another folder with --data",
  },
  GENESIS_MISMATCH: {
    kind: ERRORS.configuration,
    advice: "Keep the section devnet as it was, or name another folder with --data",
  },
  PORT_IN_USE: { kind: ERRORS.portInUse, advice: "Set devnet.port to another" },
  LISTEN_FAILED: { kind: ERRORS.portInUse, advice: "Set devnet.port to another" },
  NO_BLOCK: { kind: ERRORS.bug, advice: "Please report it" },
};

function devnetFailure(error: unknown): unknown {
  if (!(error instanceof DevnetError)) return error;
  const { kind, advice } = KINDS[error.code];
  return new CandlewickError(kind, error.message.replace(/\.$/, ""), advice, { cause: error });
}
